/**
 * The worked examples of docs/formats.md. The functions that write the real files make them, with
 * keys that are the same in every run.
 */
import { type KeyObject, createHash, createPrivateKey, createPublicKey, createSecretKey, sign } from 'node:crypto';
import { reportText } from '../../src/backup/reports.ts';
import { ExportSeal } from '../../src/cli/export-lines.ts';
import { assertionFacts } from '../../src/crypto/trail/approval-row.ts';
import { canonicalJson } from '../../src/crypto/trail/approval.ts';
import { anchorKeyId, anchorLine } from '../../src/crypto/trail/audit-anchor.ts';
import { BEFORE_ALL, beforeAllOf, chainHash, commitmentOf, rowDigest } from '../../src/crypto/trail/audit-chain.ts';
import { EXPORT_FORMAT, exportLine, linksLine } from '../../src/crypto/trail/audit-export.ts';
import { lanesHash } from '../../src/crypto/trail/audit-lanes.ts';
import { Challenges } from '../../src/crypto/keys/console-secrets.ts';
import { statementHash } from '../../src/crypto/trail/passkey-approval.ts';
import type { ChainHead, ChainRow } from '../../src/domain/audit-row.ts';
import { type Instant, instant } from '../../src/domain/units.ts';

/** An Ed25519 key made from 32 equal octets (RFC 8410 section 7). */
function keyOf(octet: number): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, octet)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

const HOST = 'mail.example.nl';
const BEGIN = Date.parse('2026-12-01T08:00:00.000Z');
const MADE = '2026-12-01T09:00:00.000Z';
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const keys = keyOf(1);

type Told = Partial<Pick<ChainRow, 'event' | 'message' | 'account' | 'facts' | 'personal' | 'lane' | 'place'>> & {
  readonly oldest?: boolean;
};

/** The row `seq` that follows `head`. `oldest`: chained as the oldest stores did it. */
export function rowBehind(head: ChainHead, seq: number, { oldest = false, personal = null, ...told }: Told): ChainRow {
  const salt = personal === null ? null : Buffer.alloc(16, seq);
  const fields = {
    ...{ seq, at: BEGIN + 1000 * seq, event: 'gateway.started', outcome: 'success', message: null, account: null },
    ...{ facts: '{}', commitment: salt === null ? null : commitmentOf(salt, personal ?? ''), ...told },
  };
  if (!oldest) return { ...fields, personal, salt, hash: chainHash(head.hash, fields) };
  const text = JSON.stringify([
    ...[fields.seq, fields.at, fields.event, fields.outcome, fields.message?.toString() ?? null, fields.account],
    ...[fields.facts, fields.commitment === null ? null : hex(fields.commitment)],
  ]);
  return { ...fields, personal, salt, hash: createHash('sha256').update(head.hash).update(text).digest() };
}

const headOf = (row: ChainRow): ChainHead => ({ seq: row.place ?? row.seq, hash: row.hash });
const headerOf = (after: ChainHead, more: object): string =>
  JSON.stringify({
    ...{ format: EXPORT_FORMAT, hostname: HOST, made: MADE },
    ...{ after: { seq: after.seq, hash: hex(after.hash) }, ...more },
  });

export function sealed(lines: readonly string[]): string {
  const seal = new ExportSeal();
  return seal.take(lines.map((line) => `${line}\n`).join('')) + seal.end();
}

/**
 * A chain of three rows: one in the oldest form, one with personal fields, and one whose personal
 * fields were erased.
 */
function threeRows(): readonly [ChainRow, ChainRow, ChainRow] {
  const first = rowBehind(BEFORE_ALL, 1, { oldest: true, facts: '{"version":"1.0.0"}' });
  const second = rowBehind(headOf(first), 2, {
    ...{ event: 'message.accepted', message: 1764576002000n, account: 7 },
    ...{ facts: '{"octets":312}', personal: '{"sender":"anna@praktijk.example"}' },
  });
  const third = rowBehind(headOf(second), 3, { event: 'login.granted', account: 7, personal: '{"login":"anna"}' });
  return [first, second, { ...third, personal: null, salt: null }];
}

/** An approval by an Ed25519 passkey, as a row of the trail. */
export function approvalRow(head: ChainHead, seq: number, more: Pick<Told, 'lane' | 'place'> = {}): ChainRow {
  const passkey = keyOf(2);
  const origin = `https://${HOST}:8443`;
  const statement = canonicalJson({
    ...{ format: 'sluis passkey approval 1', gateway: HOST, origin, request: 'K7QM2XRD', operation: 'audit.erase' },
    ...{ input: '{"account":"anna"}', askedBy: 'root', askedWith: 'command line', reason: 'retention' },
    ...{ asked: '2026-12-01T07:30:00.000Z', ends: '2026-12-02T07:30:00.000Z', operator: 'piet', verdict: 'approved' },
    ...{ why: 'seen', caller: 'I called him' },
  });
  const challenges = new Challenges(createSecretKey(Buffer.alloc(32, 3)), (n) => Buffer.alloc(n, 4));
  const challenge = challenges.make('decide example', instant(BEGIN), statementHash(statement));
  const clientData = Buffer.from(
    JSON.stringify({ type: 'webauthn.get', challenge: Buffer.from(challenge).toString('base64url'), origin }),
  );
  const sha256 = (octets: string | Uint8Array): Buffer => createHash('sha256').update(octets).digest();
  const authenticatorData = Buffer.concat([sha256(HOST), Buffer.from('0500000001', 'hex')]);
  const signature = sign(null, Buffer.concat([authenticatorData, sha256(clientData)]), passkey.privateKey);
  const x = passkey.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const publicKey = Buffer.concat([Buffer.from('a4010103272006215820', 'hex'), x]);
  const facts = {
    ...{ request: 'K7QM-2XRD', operation: 'audit.erase', proof: 'passkey', passkey: 'ABCD-EFGH' },
    caller: 'I called him',
    ...assertionFacts({
      ...{ credential: Buffer.alloc(16, 5), publicKey, authenticatorData, clientData, signature },
      ...{ passkey: 'ABCDEFGH', statement, verdict: 'approved' },
    }),
  };
  const personal = JSON.stringify({ actor: 'piet', reason: 'seen', operator: 'piet', statement });
  return rowBehind(head, seq, { event: 'approval.signed', facts: JSON.stringify(facts), personal, ...more });
}

function exportExample(): string {
  const rows = threeRows();
  return sealed([headerOf(BEFORE_ALL, { sealed: true }), ...rows.map((row) => exportLine(row, { personal: true }))]);
}

function digestExample(): string {
  const [first, second] = threeRows();
  return [
    `salt + personal    ${hex(second.salt ?? Buffer.alloc(0))} + ${second.personal ?? ''}`,
    `commitment         ${hex(second.commitment ?? Buffer.alloc(0))}`,
    `JSON list          ${JSON.stringify([second.seq, second.at, second.event, second.outcome, String(second.message), second.account, second.facts, hex(second.commitment ?? Buffer.alloc(0))])}`,
    `digest             ${hex(rowDigest(second))}`,
    `hash of row 1      ${hex(first.hash)}`,
    `hash of row 2      ${hex(second.hash)}`,
    '',
  ].join('\n');
}

const anchorAt = new Date(BEGIN + 10_000).toISOString();
const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }) as string;

function anchorExample(): string {
  const { seq, hash } = headOf(threeRows()[2]);
  const line = anchorLine({ seq, hash, hostname: HOST, at: anchorAt }, keys);
  const signed = ['sluis audit anchor 1', HOST, anchorAt, String(seq), hex(hash), anchorKeyId(keys.publicKey)];
  return `${pem}\n${line}\n\n${signed.join('\n')}\n`;
}

/** Two lanes of two rows each, and the anchor of both. */
export function lanesExample(): { readonly text: string; readonly anchor: string; readonly told: string } {
  const names = [3, 5].map((lane) => ({ node: 4, epoch: 2, lane }));
  const lanes = names.map((name, i) => {
    const before = beforeAllOf(name);
    const one = rowBehind(before, i + 1, { lane: name.lane, place: 1 });
    const two = rowBehind(headOf(one), i + 3, { lane: name.lane, place: 2 });
    return { lane: name.lane, before, rows: [one, two], hash: two.hash };
  });
  const pieces = lanes.flatMap(({ lane, before, rows }, i) => [
    headerOf(before, { sealed: true, piece: [i + 1, 2], all: true, lane }),
    ...rows.map((row) => exportLine(row, { personal: true })),
  ]);
  const heads = lanes.map(({ lane, hash }) => ({ lane, place: 2, hash, ended: lane === 5 }));
  const anchor = anchorLine({ seq: 4, hash: lanesHash(heads), lanes: heads, hostname: HOST, at: anchorAt }, keys);
  const listed = heads.map(
    ({ lane, place, hash, ended }) => `${lane} ${place} ${hex(hash)} ${ended ? 'ended' : 'open'}`,
  );
  return { text: sealed(pieces), anchor: `${anchor}\n`, told: `${['sluis audit lanes 1', ...listed].join('\n')}\n` };
}

/**
 * A trail of lanes 0, 3 and 5 as three files. Lane 0 has a row in the oldest form, one whose
 * personal fields were erased, and an approval by passkey. Lane 5 has ended.
 */
export function lanesOfThree(): Readonly<Record<'export.jsonl' | 'anchors.jsonl' | 'anchor.pem', string>> {
  const three = threeRows();
  const zero = [...three, approvalRow(headOf(three[2]), 4)];
  const lanes = [3, 5].map((lane) => {
    const before = beforeAllOf({ node: 4, epoch: 2, lane });
    const rows: ChainRow[] = [];
    for (let place = 1; place <= 6; place += 1) {
      const head = rows.at(-1);
      const seq = 2 + lane + 2 * (place - 1);
      const told = { lane, place, event: 'message.accepted', message: BigInt(1_764_576_000_000 + seq), account: seq };
      const personal = `{"sender":"a${seq}@praktijk.example"}`;
      rows.push(rowBehind(head === undefined ? before : headOf(head), seq, { ...told, personal }));
    }
    return { lane, before, rows };
  });
  const anchorOf = (
    seq: number,
    heads: readonly (readonly [lane: number, row: ChainRow, ended: boolean])[],
  ): string => {
    const listed = heads.map(([lane, row, ended]) => ({ lane, place: row.place ?? row.seq, hash: row.hash, ended }));
    const at = new Date(BEGIN + 60_000 * seq).toISOString();
    return `${anchorLine({ seq, hash: lanesHash(listed), lanes: listed, hostname: HOST, at }, keys)}\n`;
  };
  const last = zero[3]!;
  const [a, b] = lanes.map(({ rows }) => rows) as [ChainRow[], ChainRow[]];
  const pieces = [{ lane: 0, before: BEFORE_ALL, rows: zero }, ...lanes].flatMap(({ lane, before, rows }, i) => [
    headerOf(before, { sealed: true, piece: [i + 1, 3], all: true, ...(lane === 0 ? {} : { lane }) }),
    ...rows.map((row) => exportLine(row, { personal: row.personal !== null })),
  ]);
  return {
    'export.jsonl': sealed(pieces),
    'anchors.jsonl':
      anchorOf(7, [
        [0, last, false],
        [3, a[1]!, false],
        [5, b[0]!, false],
      ]) +
      anchorOf(17, [
        [0, last, false],
        [3, a[5]!, false],
        [5, b[5]!, true],
      ]),
    'anchor.pem': pem,
  };
}

/** An export that tells only row 3 of a longer chain. Row 4 is in the oldest form. */
function linksExample(): string {
  const rows: ChainRow[] = [];
  let head: ChainHead = BEFORE_ALL;
  for (let seq = 1; seq <= 5; seq += 1) {
    const row = rowBehind(head, seq, { personal: '{"login":"anna"}', oldest: seq === 4 });
    rows.push(row);
    head = headOf(row);
  }
  const [, second, third, fourth, fifth] = rows as [ChainRow, ChainRow, ChainRow, ChainRow, ChainRow];
  return [
    headerOf(headOf(rows[0]!), { piece: [1, 1] }),
    linksLine([second]),
    exportLine(third, { personal: true }),
    exportLine(fourth, { personal: false }),
    linksLine([fifth]),
    '',
  ].join('\n');
}

function boundaryExample(): string {
  const told = JSON.stringify([HOST, 'Evidence of 3Q7K2', Date.parse(MADE) as Instant]);
  const digest = createHash('sha256').update(told).digest('hex');
  return `JSON list  ${told}\nSHA-256    ${digest}\nboundary   sluis-${digest.slice(0, 32)}\n`;
}

function reportExample(): string {
  const text = reportText({ format: 'sluis site drill 1', at: '2026-12-01T09:00:00.250Z', passed: false });
  return [
    `name       site-2026-12-01T090000Z.json`,
    `octets     ${hex(Buffer.from(text))}`,
    `signature  ${hex(sign(null, Buffer.from(text), keys.privateKey))}`,
    '',
  ].join('\n');
}

/** The examples, by the name above each in the page. Each ends with a line end. */
export const formatExamples = (): Readonly<Record<string, string>> => {
  const lanes = lanesExample();
  return {
    export: exportExample(),
    digest: digestExample(),
    anchor: anchorExample(),
    lanes: `${lanes.text}\n${lanes.anchor}\n${lanes.told}`,
    links: linksExample(),
    approval: `${exportLine(approvalRow(BEFORE_ALL, 1), { personal: true })}\n`,
    boundary: boundaryExample(),
    report: reportExample(),
  };
};
