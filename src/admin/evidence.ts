/** Evidence about one message, as one signed file (decision 1207). */
import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { EvidenceKey } from '../crypto/trail/evidence-keys.ts';
import { type Restoration, lostWith, restorationOf } from '../crypto/trail/restoration.ts';
import { placeOf } from '../domain/audit-row.ts';
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import { type AnchoredHead, AnchorFiles } from '../trail/anchor-files.ts';
import { anchorLines, pieceLines, planPieces } from '../trail/proofs.ts';
import { type DocumentHead, type DocumentPart, signedDocument } from '../trail/signed-document.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { gather } from './evidence-facts.ts';
import { howToCheck } from './evidence-how-to.ts';
import { type BundleFacts, summaryText } from './evidence-summary.ts';

export interface Bundled {
  readonly message: string;
  readonly submissions: number;
  readonly rows: number;
  readonly pieces: number;
  readonly loose: number;
  readonly stamped: number;
  readonly octets: number;
  readonly fingerprint: string;
  readonly missing: readonly string[];
}

/**
 * Tells which anchors are of rows that were lost with a restore: no row leads to these. Restores
 * are looked up once an anchor does not fit, which is seldom: it reads the whole trail.
 */
function lostWithRestores({ store, evidence }: AdminContext): (head: AnchoredHead) => Promise<boolean> {
  let restorations: readonly Restoration[] | undefined;
  return async (head) => {
    if (restorations !== undefined) return lostWith(head, restorations) !== undefined;
    const [row] = await store.audit.chainOf({ lane: head.lane ?? 0, from: head.seq, limit: 1 });
    if (row !== undefined && placeOf(row) === head.seq && Buffer.from(row.hash).toString('hex') === head.hash)
      return false;
    const keys = [createPublicKey(await readFile(evidence.anchorKeyFile))];
    restorations = (await store.audit.restored()).map((restored) => restorationOf(restored, keys));
    return lostWith(head, restorations) !== undefined;
  };
}

/**
 * Sends the evidence. `name`: id of the message, or its Message-ID. The reason of the caller stands
 * in the evidence.
 */
export async function sendBundle(context: AdminContext, name: string, call: Call): Promise<Bundled> {
  const { actor } = call;
  const { reason = '' } = actor;
  // A new anchor covers the latest rows too, if a gateway runs that can sign one.
  await context.gateway?.anchor();
  const gathered = await gather(context, name);
  const { clock, evidence, partners, store } = context;
  const key = await evidence.key(clock.now());
  const made = new Date(Math.floor(clock.now() / 1000) * 1000).toISOString();
  const head = await store.audit.head();
  const facts: BundleFacts = {
    ...gathered,
    hostname: partners.hostname,
    asked: name,
    made,
    actor: actor.name,
    reason,
    pieces: await planPieces(gathered.rows, new AnchorFiles(evidence.anchorFolder, lostWithRestores(context))),
    fingerprint: key.certificate.fingerprint,
    head: { seq: head.seq, hash: Buffer.from(head.hash).toString('hex') },
  };
  store.audit.note({
    event: 'evidence.bundle',
    outcome: 'success',
    ...defined({ message: gathered.rows[0]?.message }),
    facts: { rows: gathered.rows.length, submissions: gathered.submissions.length },
    personal: { actor: actor.name, reason },
  });
  const octets = await sendDocument(call, await documentOf(context, facts), key);
  return {
    message: name,
    submissions: facts.submissions.length,
    rows: facts.rows.length,
    octets,
    pieces: facts.pieces.length,
    loose: facts.pieces.filter(({ anchor }) => anchor === undefined).length,
    stamped: facts.pieces.filter(({ stamp }) => stamp !== undefined).length,
    fingerprint: facts.fingerprint,
    missing: facts.missing,
  };
}

export interface Document {
  readonly head: DocumentHead;
  readonly text: string;
  readonly parts: readonly DocumentPart[];
}

/** Sends a signed document to the caller, piece by piece. Resolves to its length in octets. */
export async function sendDocument({ send }: Call, { head, ...content }: Document, key: EvidenceKey): Promise<number> {
  if (send === undefined) throw new AdminError('invalid', 'Cannot give out a file: the caller takes none');
  let octets = 0;
  for await (const slice of signedDocument(head, content, key)) {
    octets += slice.length;
    for (let at = 0; at < slice.length; at += PIECE)
      await send(Buffer.from(slice.subarray(at, at + PIECE)).toString('latin1'));
  }
  return octets;
}
const PIECE = 64 * 1024;

async function documentOf({ store, evidence }: AdminContext, facts: BundleFacts): Promise<Document> {
  const { hostname, made, rows, pieces, certificates } = facts;
  const told = new Set(rows.map(({ seq }) => seq));
  const anchorKey = await readFile(evidence.anchorKeyFile, 'utf8').catch(() => undefined);
  const anchors = anchorLines(pieces);
  const stamps = pieces.flatMap(({ stamp }) => stamp?.line ?? []);
  const subject = `Evidence of ${facts.submissions[0]?.id ?? 'a message'}`;
  const json = { type: 'application/json' };
  return {
    head: { hostname, subject, made: Date.parse(made) as Instant },
    text: summaryText(facts),
    parts: [
      { name: 'HOW-TO-CHECK.txt', type: 'text/plain', text: () => [howToCheck(facts.fingerprint)] },
      { name: 'message.json', ...json, text: () => factLines(facts) },
      { name: 'trail.jsonl', ...json, text: () => pieceLines(store.audit, pieces, { hostname, made, told }) },
      ...(anchors.length === 0
        ? []
        : [{ name: 'anchors.jsonl', ...json, text: () => anchors.map((anchor) => `${anchor}\n`) }]),
      ...(stamps.length === 0
        ? []
        : [{ name: 'timestamps.jsonl', ...json, text: () => stamps.map((stamp) => `${stamp}\n`) }]),
      ...(anchors.length === 0 || anchorKey === undefined
        ? []
        : [{ name: 'anchor.pem', type: 'application/x-pem-file', text: () => [anchorKey] }]),
      ...certificateParts(certificates),
    ],
  };
}

/** The JSON, one submission after the other, so that none of the pieces of work is long. */
function* factLines({ rows: _, pieces, submissions, ...facts }: BundleFacts): Generator<string, void, void> {
  yield `{\n"format": "sluis evidence 1",\n"facts": ${JSON.stringify({ ...facts, pieces: pieces.length }, undefined, 1)},\n"submissions": [`;
  for (const [n, submission] of submissions.entries()) {
    const { events, ...rest } = submission;
    yield `${n === 0 ? '' : ','}\n{ "submission": ${JSON.stringify(rest, undefined, 1)},\n"events": [`;
    for (const [m, event] of events.entries()) yield `${m === 0 ? '' : ','}\n${JSON.stringify(event)}`;
    yield '\n]}';
  }
  yield '\n]\n}\n';
}

function certificateParts(certificates: BundleFacts['certificates']): readonly DocumentPart[] {
  const pems = [...new Set(certificates.flatMap(({ pem }) => pem ?? []))];
  return pems.length === 0
    ? []
    : [
        {
          name: 'certificates.pem',
          type: 'application/x-pem-file',
          text: () => pems.map((pem) => `${pem.trimEnd()}\n`),
        },
      ];
}
