/**
 * A verifier that is not ours: test/peers/verify_trail.py, Python with openssl, which shares no code with the gateway. It takes what the gateway
 * exported and anchored; it finds each single changed bit and says in which file and line it is, and what somebody wrote anew with care.
 */
// @beside
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ExportSeal } from '../../src/cli/export-lines.ts';
import { anchorLine } from '../../src/crypto/trail/audit-anchor.ts';
import { BEFORE_ALL, beforeAllOf, chainHash, commitmentOf } from '../../src/crypto/trail/audit-chain.ts';
import { EXPORT_FORMAT, exportLine } from '../../src/crypto/trail/audit-export.ts';
import { lanesHash } from '../../src/crypto/trail/audit-lanes.ts';
import type { ChainRow } from '../../src/domain/audit-row.ts';
import { commandsOn } from '../support/command-line.ts';
import { effort } from '../support/effort.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { withoutProgram } from '../support/require.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { run } from './run.ts';

/** Of each of the two trails. */
const CHANGES = effort(50, 500);
const SEED = 20261202;
const SKIP = withoutProgram('python3', 'python3') || withoutProgram('openssl', 'openssl');
const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'test', 'peers', 'verify_trail.py');

const NAMES = ['export.jsonl', 'anchors.jsonl', 'anchor.pem'] as const;
type Files = Readonly<Record<(typeof NAMES)[number], Buffer>>;
type Told = Readonly<Record<string, unknown>>;

/** What the program says of each set of files. */
async function told(t: TestContext, sets: readonly Files[]): Promise<readonly Told[]> {
  const home = mkdtempSync(join(tmpdir(), 'sluis-verify-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  for (const [n, files] of sets.entries()) {
    mkdirSync(join(home, String(n)));
    for (const name of NAMES) writeFileSync(join(home, String(n), name), files[name]);
  }
  const out = await run('python3', [PROGRAM, ...sets.map((_, n) => String(n))], { home, patience: 300_000 });
  const lines = out.toString().trimEnd().split('\n');
  assert.equal(lines.length, sets.length);
  return lines.map((line) => JSON.parse(line) as Told);
}

interface Change {
  readonly files: Files;
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

function change(random: Seeded, good: Files): Change {
  // The export is most of the octets; a third each for the others would try little of it.
  const file = random.pick([NAMES[0], NAMES[0], NAMES[0], NAMES[1], NAMES[1], NAMES[2]]);
  const octets = Buffer.from(good[file]);
  const [at, bit] = [random.below(octets.length), random.below(8)];
  octets[at]! ^= 1 << bit;
  const line = file === 'anchor.pem' ? 1 : good[file].subarray(0, at).filter((octet) => octet === 0x0a).length + 1;
  return { files: { ...good, [file]: octets }, file, line, what: `seed ${SEED}: bit ${bit} of octet ${at} of ${file}` };
}

async function findsEachBit(t: TestContext, good: Files): Promise<void> {
  const random = seeded(SEED);
  const changes = Array.from({ length: CHANGES }, () => change(random, good));
  const found = await told(
    t,
    changes.map(({ files }) => files),
  );
  for (const [n, { file, line, what }] of changes.entries())
    assert.deepEqual(
      [found[n]!.file, found[n]!.line],
      [file, line],
      `${what}, line ${line}: ${JSON.stringify(found[n])}`,
    );
}

const sealed = (lines: readonly string[]): Buffer => {
  const seal = new ExportSeal();
  const body = seal.take(lines.map((line) => `${line}\n`).join(''));
  return Buffer.from(body + seal.end());
};

test(`a trail that a gateway exported: ${CHANGES} changed bits are found and placed`, { skip: SKIP }, async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const { done } = commandsOn(() => gateway.config.file);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  for (const id of ['1', '2']) {
    const content = `From: <${addressOf('anna')}>\r\nMessage-ID: <${id}@x.test>\r\n\r\nhello\r\n`;
    await client.submit(addressOf('anna'), [addressOf('bert')], Buffer.from(content));
    await done('audit', 'anchor');
  }
  await client.quit();
  const file = join(gateway.folder, 'trail.jsonl');
  await done('audit', 'export', file, '--reason', 'çontrole "2026"\u2028\\');
  const anchors = join(gateway.folder, 'keys', 'anchors');
  const good: Files = {
    'export.jsonl': readFileSync(file),
    'anchors.jsonl': Buffer.concat(readdirSync(anchors).map((name) => readFileSync(join(anchors, name)))),
    'anchor.pem': readFileSync(join(gateway.folder, 'keys', 'audit', 'anchor.pem')),
  };
  const lines = good['export.jsonl'].toString().split('\n').slice(0, -2);
  const [header = '', ...rows] = lines;
  const [right] = await told(t, [good]);
  assert.deepEqual([right!.rows, right!.pieces], [rows.length, 1], JSON.stringify(right));
  assert.ok((right!.anchored as number) >= 2, JSON.stringify(right));
  await findsEachBit(t, good);

  // Whoever has the database writes chain and seal anew, or cuts the end off and seals it: the anchors tell.
  let before = BEFORE_ALL.hash;
  const forged = rows.map((line) => {
    const row = JSON.parse(line) as Record<string, string | null> & { seq: number; account: number | null };
    const fields = {
      ...{ seq: row.seq, at: Date.parse(row.at!), event: row.event!, facts: row.facts!, account: row.account },
      ...{
        outcome: row.seq === 1 ? 'failure' : row.outcome!,
        message: typeof row.message === 'string' ? BigInt(row.message) : null,
      },
      ...{ commitment: typeof row.commitment === 'string' ? Buffer.from(row.commitment, 'hex') : null },
    };
    before = chainHash(before, fields);
    return JSON.stringify({ ...row, outcome: fields.outcome, hash: Buffer.from(before).toString('hex') });
  });
  const [anew, cut, missing] = await told(t, [
    { ...good, 'export.jsonl': sealed([header, ...forged]) },
    { ...good, 'export.jsonl': sealed(lines.slice(0, 3)) },
    { ...good, 'export.jsonl': sealed(lines.toSpliced(3, 1)) },
  ]);
  assert.match(String(anew!.why), /not the one that its anchor tells of/);
  assert.match(String(cut!.why), /an anchor tells of a later row/);
  assert.deepEqual([missing!.file, missing!.line], ['export.jsonl', 4]);
});

/** Three lanes, written as those of PostgreSQL are, with the functions that write them there. */
function lanesOf(): Files {
  const keys = generateKeyPairSync('ed25519');
  const names = [3, 5, 9].map((lane, i) => ({ node: 4, epoch: i + 1, lane }));
  const heads = names.map(beforeAllOf);
  const rows: ChainRow[][] = names.map(() => []);
  const anchors: string[] = [];
  for (let seq = 1; seq <= 24; seq += 1) {
    const n = seq % 3;
    const { lane } = names[n]!;
    const [salt, personal] = [Buffer.alloc(16, seq), `{"sender":"a${seq}@b"}`];
    const told = seq % 4 > 0 ? { salt, personal } : { salt: null, personal: null };
    const row = {
      ...{ seq, at: 1_790_000_000_000 + seq, event: 'message.accepted', outcome: 'success', message: BigInt(seq) },
      ...{ account: 1, facts: `{"n":${seq}}`, commitment: commitmentOf(salt, personal), ...told },
    };
    const hash = chainHash(heads[n]!.hash, row);
    heads[n] = { seq: heads[n]!.seq + 1, hash, lane };
    rows[n]!.push({ ...row, hash, lane, place: heads[n].seq });
    if (seq % 8 > 0) continue;
    const lanes = heads.map((head) => ({
      lane: head.lane!,
      place: head.seq,
      hash: head.hash,
      ended: seq === 24 && head.lane === 5,
    }));
    const at = new Date(row.at).toISOString();
    anchors.push(`${anchorLine({ seq, hash: lanesHash(lanes), hostname: 'mail.test', at, lanes }, keys)}\n`);
  }
  const pieces = names.flatMap((name, i) => [
    JSON.stringify({
      ...{ format: EXPORT_FORMAT, hostname: 'mail.test', made: '2026-12-02T00:00:00.000Z' },
      after: { seq: 0, hash: Buffer.from(beforeAllOf(name).hash).toString('hex') },
      ...{ sealed: true, piece: [i + 1, names.length], all: true, lane: name.lane },
    }),
    ...rows[i]!.map((row) => exportLine(row, { personal: true })),
  ]);
  return {
    'export.jsonl': sealed(pieces),
    'anchors.jsonl': Buffer.from(anchors.join('')),
    'anchor.pem': Buffer.from(keys.publicKey.export({ type: 'spki', format: 'pem' })),
  };
}

test(
  `a trail of several lanes: ${CHANGES} changed bits are found and placed, and a lane that vanished`,
  { skip: SKIP },
  async (t) => {
    const good = lanesOf();
    const lines = good['export.jsonl'].toString().split('\n').slice(0, -2);
    const fewer = lines.slice(0, 18).map((line) => line.replace(/"piece":\[(\d),3\]/, '"piece":[$1,2]'));
    const [right, without] = await told(t, [good, { ...good, 'export.jsonl': sealed(fewer) }]);
    assert.deepEqual(right, { rows: 24, pieces: 3, anchored: 9 });
    assert.match(String(without!.why), /an anchor tells of one that is missing/);
    // Of the last digit of a signature in base64 four bits mean nothing; a seed may not draw them.
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const spare = good['anchors.jsonl'].toString().replace(/.(?===")/, (digit) => digits[digits.indexOf(digit) ^ 1]!);
    const [loose] = await told(t, [{ ...good, 'anchors.jsonl': Buffer.from(spare) }]);
    assert.deepEqual([loose!.file, loose!.line], ['anchors.jsonl', 1], JSON.stringify(loose));
    await findsEachBit(t, good);
  },
);
