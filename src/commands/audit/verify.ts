/**
 * `sluis audit verify`: checks the trail of this gateway, or an export of a trail, against anchors
 * and the time stamps beside them.
 */
import { existsSync } from 'node:fs';
import { z } from '../../config/zod.ts';
import { type CheckedExport, checkExport, checkedText, restoredIn } from '../../cli/audit-files.ts';
import type { Config } from '../../config/schema.ts';
import { auditKeyFile } from '../../crypto/keys/audit-keys.ts';
import { agree, many } from '../../domain/counted.ts';
import { file } from '../core/files.ts';
import { type Values, maybe, many as several } from '../core/params.ts';
import { type Here, readsHere } from '../core/row.ts';
import { ANCHORS, namedAnchors, proofFails, proofOf, proofText, proofView } from './proof.ts';
import { restoreView, restoresText, withoutLost } from './restores.ts';

const IN = {
  file: maybe(file, 'an export; without it the trail of this gateway'),
  ...ANCHORS,
  timestampAuthority: several(
    file,
    "who made the time stamps beside the anchors, in PEM; default: this gateway's setting",
  ),
};
type Given = Values<typeof IN>;

const stampsView = z.object({
  stamps: z.number().meta({ description: 'Time stamps that hold.' }),
  newest: z.string().optional().meta({ description: 'When the newest of them was made.' }),
});
const exportView = z.object({
  hostname: z.string(),
  rows: z.number(),
  anchors: z.number().meta({ description: 'Anchors that are in it.' }),
  pieces: z
    .object({ count: z.number(), hidden: z.number(), loose: z.number() })
    .optional()
    .meta({ description: 'Of an export in pieces; `loose`: those that end without an anchor.' }),
  broken: z.object({ seq: z.number(), why: z.string() }).optional(),
  restored: z.array(restoreView).readonly().optional().meta({ description: 'Restores that it tells of.' }),
});
const ownStamped = proofView.extend(stampsView.shape);
const exportStamped = exportView.extend(stampsView.shape);
type Stamps = z.infer<typeof stampsView>;
type Verified = z.infer<typeof ownStamped> | z.infer<typeof exportStamped>;

export const verify = readsHere({
  about:
    'check the chain of the trail, or of an export, against anchors: that nothing was changed, cut off or rewritten',
  in: IN,
  out: z.union([ownStamped, exportStamped]),
  right: 'security',
  reason: 'optional',
  examples: ['', 'trail.jsonl --anchors anchors'],
  run: async (here, given): Promise<Verified> =>
    given.file === undefined ? await verifyOwn(here, given) : await verifyFile(here, given.file, given),
  say: (done) => {
    const text = 'report' in done ? proofText(done) : exportText(done);
    return 'report' in done || done.broken === undefined ? `${text}${stampsText(done)}` : text;
  },
  fails: (done, given) =>
    ('report' in done ? proofFails(done) : exportFails(done, given)) ??
    stampsFail(done, given, 'report' in done ? done.places : given.anchors),
});

function exportText(done: z.infer<typeof exportStamped>): string {
  const { broken, restored = [] } = done;
  const found = broken === undefined ? checkedText(done) : `Row ${broken.seq}: ${broken.why}.`;
  return [found, ...restoresText(restored, broken !== undefined)].join('\n');
}

async function verifyOwn(here: Here, given: Given): Promise<z.infer<typeof ownStamped>> {
  const config = here.config();
  const proof = await proofOf(here, given);
  const known = given.timestampAuthority.length > 0 || config.audit['timestamp-authorities'].length > 0;
  const paths = given.anchors.length > 0 || known ? proof.places : [];
  return { ...proof, ...(await stampsFor(paths.filter(existsSync), given, config)) };
}

/**
 * Checks an export. An auditor has neither a gateway nor its configuration, so both may be missing.
 */
async function verifyFile(here: Here, path: string, given: Given): Promise<z.infer<typeof exportStamped>> {
  const config = existsSync(here.options.config) ? here.config() : undefined;
  const own = config === undefined ? undefined : auditKeyFile(config.keys.folder);
  const { anchors: named, keys } = namedAnchors(given, own);
  const rows = named.length === 0 ? [] : await restoredIn(path);
  const { anchors, heads, restored } = withoutLost(named, rows, keys);
  const checked = { ...(await checkExport(path, anchors, heads)), ...(restored.length > 0 ? { restored } : {}) };
  return { ...checked, ...(await stampsFor(given.anchors, given, config)) };
}

async function stampsFor(
  paths: readonly string[],
  { timestampAuthority: named }: Given,
  config: Config | undefined,
): Promise<Stamps> {
  const { checkTimeStamps } = await import('../../cli/audit-timestamps.ts');
  return await checkTimeStamps(paths, named.length > 0 ? named : (config?.audit['timestamp-authorities'] ?? []));
}

const stampsText = ({ stamps, newest }: Stamps): string =>
  newest === undefined
    ? ''
    : `\n${many(stamps, 'time stamp')} ${agree(stamps, 'holds', 'hold')}, the newest of ${newest}.`;

function exportFails({ broken, anchors }: CheckedExport, given: Given) {
  const { file: path = '' } = given;
  if (broken !== undefined)
    return { code: 'configuration', text: `The export "${path}" is not as it was written` } as const;
  if (anchors > 0) return undefined;
  return {
    code: 'unproven',
    text: `The chain of "${path}" holds, and nothing proves that its end was not cut off or all of it rewritten: ${given.anchors.length === 0 ? 'add --anchors PATH' : 'none of the anchors that were given is of a row in it'}`,
  } as const;
}

/** The check fails if the operator named an authority of time stamps but no stamp was checked. */
function stampsFail({ stamps }: Stamps, { timestampAuthority }: Given, places: readonly string[]) {
  if (timestampAuthority.length === 0 || stamps > 0) return undefined;
  return {
    code: 'unproven',
    text: `No time stamp was checked: there is none ${places.length === 0 ? 'where no place of anchors is named' : `in ${places.join(', ')}`}; name the folder where they are beside the anchors with --anchors PATH`,
  } as const;
}
