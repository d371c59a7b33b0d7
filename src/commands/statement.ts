/**
 * `sluis statement`: a statement about information security here. It is made from what runs and
 * what was measured, and is signed in the same way as evidence.
 */
import { AdminError } from '../admin/error.ts';
import { z } from '../config/zod.ts';
import { many as counted } from '../domain/counted.ts';
import { organisation } from './core/kinds.ts';
import { choice } from './core/kind.ts';
import { file, folder } from './core/files.ts';
import { many, need, opt } from './core/params.ts';
import { lookPart, readsHere } from './core/row.ts';
import { subject } from './core/subject.ts';

const made = z.object({
  claims: z.number().meta({ description: 'Sentences.' }),
  notInPlace: z.array(z.string()).readonly().meta({ description: 'Sentences about what is not in place.' }),
  octets: z.number(),
  fingerprint: z.string().meta({ description: 'SHA-256 of the certificate that signs.' }),
});

/** Most octets of what the operator gives: names of files, not the files. */
const MAX_GIVEN = 256 * 1024;

const wishes = {
  organisation: opt(organisation, 'for this organisation, with the processor annex (article 28 GDPR)'),
  language: opt(choice('code', ['nl', 'en']), 'its language', 'nl'),
};

const make = lookPart({
  about: 'make the statement about information security, signed',
  in: wishes,
  out: made,
  right: 'security',
  upload: { about: 'what the operator gives, as JSON', needed: true },
  run: async (context, { organisation: name, language }, call) => {
    let text = '';
    for await (const piece of call.upload ?? []) {
      text += piece;
      if (text.length > MAX_GIVEN)
        throw new AdminError('invalid', 'Cannot make a statement: too many certificates and sub-processors were given');
    }
    const { makeStatement } = await import('./statement/make.ts');
    return await makeStatement(context, { organisation: name, language, given: text }, call);
  },
});

export const statements = subject('statement', 'the statement about information security', {}, { parts: { make } });

export const statement = readsHere({
  about: 'write the statement about information security, made from what runs and what was measured, and signed',
  in: {
    ...wishes,
    certificate: many(
      file,
      'a certificate that an auditor gave the operator, such as a PDF; may be given several times',
    ),
    processors: opt(file, 'sub-processors, a CSV file with the columns name, service and country'),
    out: need(folder, 'a new folder'),
  },
  check: ({ organisation: name, processors }) =>
    processors !== undefined && name === undefined
      ? 'Cannot use --processors without --organisation: sub-processors are in the annex for one organisation'
      : undefined,
  out: made.extend({ folder: z.string() }),
  right: 'security',
  reason: 'optional',
  examples: ['--out statement', '--organisation praktijk-jansen --language en --out statement-jansen'],
  run: async (here, input) => await (await import('./statement/write.ts')).writeStatement(here, make, input),
  say: ({ folder: path, claims, notInPlace, fingerprint }) =>
    [
      `Wrote the statement to "${path}": statement.html to read, statement.txt the same, statement.eml signed, and the files with the figures.`,
      notInPlace.length === 0
        ? `All ${counted(claims, 'sentence')} are about what is in place.`
        : `Of ${counted(claims, 'sentence')} ${notInPlace.length} say what is not in place:`,
      ...notInPlace.map((text) => `- ${text}`),
      `Signed by certificate SHA-256 ${fingerprint}. Give statement.eml to whoever asks, and by another way what "sluis evidence certificate" prints: HOW-TO-CHECK.txt tells how openssl checks it.`,
    ].join('\n'),
});
