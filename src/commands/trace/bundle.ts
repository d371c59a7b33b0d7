/** All evidence about a message in one signed file. */
import { z } from '../../config/zod.ts';
import { sendBundle } from '../../admin/evidence.ts';
import { newFile, withFiles } from '../../cli/new-file.ts';
import { many } from '../../domain/counted.ts';
import { message } from '../core/kinds.ts';
import { arg } from '../core/params.ts';
import { type Here, changes } from '../core/row.ts';

const bundled = z.object({
  message: z.string(),
  submissions: z.number(),
  rows: z.number().meta({ description: 'Of the audit trail.' }),
  pieces: z.number(),
  loose: z.number().meta({ description: 'Pieces that no anchor ends.' }),
  stamped: z.number().meta({ description: 'Pieces whose anchor an authority stamped.' }),
  octets: z.number(),
  fingerprint: z.string().meta({ description: 'Of the certificate that signs.' }),
  missing: z.array(z.string()).readonly(),
});
export const bundleView = bundled.extend({ file: z.string() });
type Bundle = z.infer<typeof bundleView>;

export const bundle = changes({
  about: 'give out all evidence about a message as one signed file',
  in: { message: arg(message, 'its id, or its Message-ID') },
  out: bundled,
  right: 'security',
  // Required, since the evidence states the reason.
  reason: 'needed',
  second: 'bundle',
  trail: ['evidence.bundle'],
  undo: 'the file is deleted',
  examples: ['5d0q3v9kz2m4x'],
  run: (context, { message: name }, call) => sendBundle(context, name, call),
  say: () => '',
});

/** Writes the file. If that fails, no file is left. */
export async function writeBundle(here: Here, name: string, path: string): Promise<Bundle> {
  const file = newFile(path, 0o600);
  return await withFiles([file], async () => {
    const receive = (piece: string): void => file.append(Buffer.from(piece, 'latin1'));
    const done = await here.call(bundle, { message: name }, { receive });
    file.end();
    return { file: path, ...done };
  });
}

export const bundleText = (told: Bundle): string =>
  [
    `Wrote evidence of ${many(told.submissions, 'submission')} to "${told.file}": ${many(told.rows, 'row')} of the audit trail in ${many(told.pieces, 'piece')} of its chain${told.loose === 0 ? ', each led to a signed anchor' : `, ${told.loose} without an anchor yet`}${told.stamped === 0 ? '' : `; ${told.stamped} with the stamp of a time-stamping authority`}.`,
    ...told.missing,
    `Check it with "sluis trace --verify ${told.file}", or with openssl as HOW-TO-CHECK.txt in it tells. Signed by certificate SHA-256 ${told.fingerprint}.`,
  ].join('\n');
