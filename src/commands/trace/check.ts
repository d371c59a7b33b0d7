/** Checks evidence or a statement of deletion, without a gateway. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type CheckedExport, checkLines, checkedText as trailText } from '../../cli/audit-files.ts';
import { anchorsIn } from '../../cli/anchor-files.ts';
import { authoritiesOf, checkStampLines } from '../../cli/audit-timestamps.ts';
import { CommandError } from '../../cli/exit.ts';
import { facts, readableTime } from '../../cli/output.ts';
import { loadConfig } from '../../config/load.ts';
import { z } from '../../config/zod.ts';
import { readCertificates } from '../../crypto/certificates/certificate.ts';
import { evidenceCertificateFile } from '../../crypto/trail/evidence-keys.ts';
import { agree } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { MAX_DOCUMENT, type ReadDocument, readDocument } from '../../trail/read-document.ts';

export interface VerifyOptions {
  readonly config: string;
  readonly certificate: readonly string[];
  readonly timestampAuthority: readonly string[];
}

export const checkedView = z.object({
  subject: z.string(),
  hostname: z.string(),
  made: z.string(),
  signer: z.string().meta({ description: 'Fingerprint of its certificate.' }),
  known: z.boolean().meta({ description: "The certificate is one of those given, or the gateway's own." }),
  given: z.array(z.string()).readonly().meta({ description: 'Fingerprints of those that were given.' }),
  missing: z.array(z.string()).readonly().meta({
    description: 'What the proof needs and has not, each with how to give it; empty: it is proven.',
  }),
  parts: z.array(z.string()).readonly(),
  summary: z.string().meta({ description: 'What it says, for people.' }),
  trail: z.custom<CheckedExport>().optional().meta({ description: 'Absent if the document has no rows.' }),
  timeStamps: z
    .object({ stamps: z.number(), checked: z.boolean(), newest: z.string().optional() })
    .optional()
    .meta({ description: '`checked`: the authorities that were given made them.' }),
});
type Checked = z.infer<typeof checkedView>;

/** Throws CommandError, kind `configuration`, if the file is not as a gateway wrote it. */
export async function checkEvidence(path: string, options: VerifyOptions): Promise<Checked> {
  const file = readWhole(path);
  const read = await readDocument(file);
  if (!read.ok) throw wrong(path, read.error);
  const trusted = trustedIn(options);
  const { about, signer, parts, summary } = read.value;
  const trail = await trailOf(path, parts);
  if (trail?.broken !== undefined) throw wrong(path, `row ${trail.broken.seq} of the audit trail: ${trail.broken.why}`);
  const timeStamps = await stampsOf(path, parts, trail, options);
  const found = {
    subject: about.subject,
    hostname: about.hostname,
    made: new Date(about.made).toISOString(),
    signer: signer.fingerprint,
    known: trusted.has(signer.fingerprint),
    given: [...trusted],
    parts: [...parts.keys()],
    summary: summary.trimEnd(),
    ...defined({ trail, timeStamps }),
  };
  return { ...found, missing: missingIn(found) };
}

export function checkProblem(
  { known, given, signer, missing }: Checked,
  path: string,
): { readonly code: 'configuration' | 'unproven'; readonly text: string } | undefined {
  if (given.length > 0 && !known)
    return {
      code: 'configuration',
      text: `"${path}" was signed by another certificate than those given: SHA-256 ${signer}`,
    };
  if (missing.length === 0) return undefined;
  return {
    code: 'unproven',
    text: `Nothing in "${path}" was changed since it was signed, and it proves less than it says: ${missing.join('; ')}`,
  };
}

/**
 * What is still missing for a proof. A certificate that nobody vouched for, rows that lead to no
 * anchor and stamps that nobody checked prove nothing by themselves: anybody can make them.
 */
function missingIn({ known, parts, trail, timeStamps }: Omit<Checked, 'missing'>): readonly string[] {
  const missing: string[] = [];
  if (!known)
    missing.push(
      'nobody said which certificate its gateway has: add --certificate PEM, as "sluis evidence certificate" prints it there',
    );
  const later = 'have another one written a minute later (sluis trace MESSAGE --bundle FILE)';
  // A statement of deletion has no rows of the trail, but evidence about a message must have them.
  if (trail === undefined && parts.includes('message.json'))
    missing.push('it has no row of the audit trail, so that the word of the gateway stands alone');
  if (trail !== undefined && isLoose(trail)) missing.push(`rows of the audit trail in it lead to no anchor: ${later}`);
  if (timeStamps?.checked === false)
    missing.push('its time stamps were not checked: add --timestamp-authority PEM, the certificate of their authority');
  return missing;
}

const isLoose = ({ pieces, anchors }: CheckedExport): boolean =>
  pieces === undefined ? anchors === 0 : pieces.loose > 0;

const wrong = (path: string, why: string): CommandError =>
  new CommandError(
    'configuration',
    `"${path}" is not as a gateway wrote it: ${why}; keep it as it is, and ask for another copy`,
  );

function readWhole(path: string): Buffer {
  try {
    if (statSync(path).size > MAX_DOCUMENT)
      throw new CommandError(
        'usage',
        `Cannot check "${path}": it is larger than ${MAX_DOCUMENT} bytes; no evidence is`,
      );
    return readFileSync(path);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('usage', `Cannot read "${path}": ${(error as Error).message}`);
  }
}

/** Fingerprints of the certificates that count as right; empty if nobody named one. */
function trustedIn({ certificate, config }: VerifyOptions): ReadonlySet<string> {
  const own = existsSync(config) ? evidenceCertificateFile(loadConfig(config).keys.folder) : undefined;
  const files = certificate.length > 0 ? certificate : own !== undefined && existsSync(own) ? [own] : [];
  return new Set(
    files.flatMap((name) => {
      const read = readCertificates(readWhole(name).toString('latin1'));
      if (!read.ok || read.value.length === 0)
        throw new CommandError(
          'usage',
          `Cannot read a certificate in "${name}": expected PEM, as "sluis evidence certificate" prints it`,
        );
      return read.value.map(({ fingerprint }) => fingerprint);
    }),
  );
}

const lines = (octets: Buffer | undefined): string[] =>
  octets === undefined ? [] : octets.toString('utf8').trimEnd().split('\n');

/**
 * Checks the stamps of the anchors to which the rows lead. A stamp of another anchor says nothing
 * about them.
 */
async function stampsOf(
  path: string,
  parts: ReadDocument['parts'],
  trail: CheckedExport | undefined,
  { timestampAuthority, config }: VerifyOptions,
): Promise<Checked['timeStamps']> {
  const stamps = lines(parts.get('timestamps.jsonl'));
  if (stamps.length === 0) return undefined;
  const anchors = lines(parts.get('anchors.jsonl'));
  if (trail?.anchors !== anchors.length)
    throw wrong(path, 'it has time stamps and anchors that its rows do not lead to');
  const files =
    timestampAuthority.length > 0
      ? timestampAuthority
      : existsSync(config)
        ? loadConfig(config).audit['timestamp-authorities']
        : [];
  if (files.length === 0) return { stamps: stamps.length, checked: false };
  const name = `timestamps.jsonl in ${path}`;
  return { ...(await checkStampLines(stamps, { anchors, authorities: authoritiesOf(files), name })), checked: true };
}

const stampWords = ({ stamps, checked, newest = '' }: NonNullable<Checked['timeStamps']>): string =>
  checked
    ? `${stamps} ${agree(stamps, 'holds', 'hold')}, made by the authority that was given over heads that the rows lead to; the newest of ${newest}`
    : `${stamps}, not checked: give the authority's certificate with --timestamp-authority PEM`;

async function trailOf(path: string, parts: ReadDocument['parts']): Promise<CheckedExport | undefined> {
  const trail = parts.get('trail.jsonl');
  if (trail === undefined || trail.length === 0) return undefined;
  const anchors = anchorsIn(lines(parts.get('anchors.jsonl')), parts.get('anchor.pem'), path);
  return await checkLines(path, lines(trail), anchors);
}

export const checkedText = (c: Checked): string =>
  [
    facts([
      ['Document', c.subject],
      ['Gateway', c.hostname],
      ['Made', readableTime(c.made)],
      ['Signature', 'holds: nothing in the file was changed since it was signed'],
      ['Certificate', `SHA-256 ${c.signer}`],
      [
        'Whose',
        c.known
          ? 'the one that was given'
          : 'nobody said: compare its fingerprint with the one that the operator tells, or give --certificate PEM',
      ],
      ['Files', c.parts.join(' ')],
      ['Audit trail', c.trail === undefined ? 'no rows of it are in the file' : trailText(c.trail)],
      ...(c.timeStamps === undefined ? [] : [['Time stamps', stampWords(c.timeStamps)] as const]),
    ]),
    c.summary,
  ].join('\n\n');
