/**
 * Several connections write the trail, each a chain of its own: all of them are checked, one anchor
 * stands for all, an export holds a piece for each, and every change of a row, a chain or an anchor
 * is found.
 */
// @beside
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkLines } from '../../src/cli/audit-files.ts';
import { type Anchored, readAnchors } from '../../src/cli/anchor-files.ts';
import { EXPORT_FORMAT, exportLine } from '../../src/crypto/trail/audit-export.ts';
import { readAnchor } from '../../src/crypto/trail/audit-anchor.ts';
import { beforeAllOf } from '../../src/crypto/trail/audit-chain.ts';
import type { ChainRow, LaneHead } from '../../src/domain/audit-row.ts';
import { instant, minutes } from '../../src/domain/units.ts';
import { Audit } from '../../src/store/core/audit.ts';
import { StoreTime } from '../../src/store/core/store-time.ts';
import type { Subjects } from '../../src/store/objects.ts';
import { Lane } from '../../src/store/postgres/lane.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import type { AuditTrail } from '../../src/store/port/audit.ts';
import { READS } from '../../src/store/reads/table.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { AnchorFiles } from '../../src/trail/anchor-files.ts';
import { startAnchors } from '../../src/trail/anchors.ts';
import { pieceLines, planPieces } from '../../src/trail/proofs.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { ClientConnection, type PostgresClient, makeTables, startPostgres } from '../support/postgres.ts';

let client: PostgresClient;
let connection: ClientConnection;
const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
before(async () => {
  client = await startPostgres({ after: (close) => closers.push(close) });
  await makeTables(client);
  connection = new ClientConnection(client);
});

const START = new FakeClock().now();

/** Rows one after the other, each a transaction of its own, in turns. */
async function write(lanes: readonly Lane[], count: number, from = 0): Promise<void> {
  const runner = new PostgresRunner(connection);
  for (let n = 0; n < count; n += 1) {
    const lane = lanes[n % lanes.length]!;
    const row = {
      ...{
        at: START + from + n,
        event: 'message.accepted',
        outcome: 'success' as const,
        message: BigInt(from + n + 1),
      },
      ...{ account: 1, facts: `{"n":${from + n}}`, personal: '{"sender":"a@b"}', salt: Buffer.alloc(16, n + 1) },
    };
    await client.query('BEGIN');
    await runner.run(lane.append(row));
    await runner.run(lane.flush());
    await client.query('COMMIT');
    lane.committed();
  }
}

/** The trail's port over the reads alone. */
function trailOf(): AuditTrail {
  const runner = new PostgresRunner(connection);
  const now = { at: instant(START) };
  const reads = READS.trail as unknown as Record<string, (...args: readonly unknown[]) => Change<unknown>>;
  const trail = Object.fromEntries(
    Object.getOwnPropertyNames(Object.getPrototypeOf(READS.trail))
      .filter((name) => name !== 'constructor')
      .map((name) => [name, (...args: readonly unknown[]) => runner.run(reads[name]!.call(READS.trail, now, ...args))]),
  ) as unknown as Subjects['trail'];
  const clock = new FakeClock();
  const audit = new Audit({
    engine: { failure: undefined, trail: { append: () => Promise.resolve(), erasePersonal: () => Promise.resolve(0) } },
    trail,
    clock,
    time: new StoreTime(clock, instant(0)),
    random: (n) => Buffer.alloc(n),
    log: new MemoryLog(),
  });
  return Object.assign(audit, trail);
}

async function headsOf(trail: AuditTrail): Promise<readonly LaneHead[]> {
  return trail.lanes({ limit: 100 });
}

/** As `sluis audit export` writes it. */
async function exported(trail: AuditTrail): Promise<string[]> {
  const heads = await headsOf(trail);
  const lines: string[] = [];
  for (const [n, head] of heads.entries()) {
    const { hash } = beforeAllOf(head.name);
    lines.push(
      JSON.stringify({
        ...{ format: EXPORT_FORMAT, hostname: 'mx.test', made: '2026-11-28T12:00:00.000Z' },
        ...{ after: { seq: 0, hash: Buffer.from(hash).toString('hex') } },
        ...{ piece: [n + 1, heads.length], all: true, lane: head.lane },
      }),
    );
    const rows = await trail.chainOf({ lane: head.lane, from: 1, limit: 1000 });
    lines.push(...rows.map((row) => exportLine(row, { personal: true })));
  }
  return lines;
}

async function anchored(
  trail: AuditTrail,
  folder: string,
  rounds: readonly (() => Promise<void>)[],
): Promise<Anchored[]> {
  const pair = generateKeyPairSync('ed25519');
  const clock = new FakeClock();
  const anchors = startAnchors({
    ...{ audit: trail, clock, log: new MemoryLog(), hostname: 'mx.test', every: minutes(1), folder },
    keys: () => Promise.resolve(pair),
  });
  await anchors.now();
  for (const round of rounds) {
    await round();
    await anchors.now();
  }
  await anchors.stop();
  assert.equal(anchors.counts.failed, 0);
  const [file] = readdirSync(folder);
  const lines = readFileSync(join(folder, file!), 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, rounds.length + 1);
  // The lanes are signed: not one can be left out.
  const cut = JSON.parse(lines.at(-1)!) as { lanes: unknown[] };
  assert.deepEqual(readAnchor(JSON.stringify({ ...cut, lanes: cut.lanes.slice(1) }), [pair.publicKey]), {
    ok: false,
    error: 'its hash is not that of its lanes',
  });
  return readAnchors([folder], [pair.publicKey]);
}

test('chains of several connections are one trail: checked, anchored, exported and proved', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-lanes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const lanes = [1, 2, 3].map((epoch) => new Lane({ node: 4, epoch }, () => START));
  const trail = trailOf();
  await write(lanes, 9);
  const anchors = await anchored(trail, folder, [
    () => write(lanes.slice(1), 4, 9),
    async () => {
      await client.query(`UPDATE lane SET ended_at = ${START} WHERE id = ${lanes[2]!.id!}`);
      await write(lanes.slice(0, 1), 2, 13);
    },
  ]);
  const heads = await headsOf(trail);
  assert.deepEqual(
    heads.map(({ name, place, ended }) => [name?.node, name?.epoch, place, ended]),
    [
      [4, 1, 5, false],
      [4, 2, 5, false],
      [4, 3, 5, true],
    ],
  );
  const report = await trail.verify();
  assert.deepEqual([report.kind, report.kind === 'intact' && report.rows], ['intact', 15]);

  const lines = await exported(trail);
  const checked = await checkLines('trail', lines, anchors);
  assert.equal(checked.broken, undefined);
  assert.deepEqual([checked.rows, checked.anchors, checked.pieces?.loose], [15, 6, 0]);

  // A row of each lane, led on to its anchor, without the others.
  const told = [2, 5, 10].map((n) => ({ n }));
  const all = (await trail.chain({ fromSeq: 1, limit: 100 })) as readonly (ChainRow & { readonly at: number })[];
  const rows = told.map(({ n }) => ({ ...all[n]!, at: instant(all[n]!.at) }));
  const pieces = await planPieces(rows, new AnchorFiles(folder));
  const proof: string[] = [];
  const options = { hostname: 'mx.test', made: '', told: new Set(rows.map(({ seq }) => seq)) };
  for await (const text of pieceLines(trail, pieces, options)) proof.push(text.trimEnd());
  const proved = await checkLines('proof', proof, anchors);
  assert.deepEqual([proved.broken, proved.rows, proved.pieces?.loose], [undefined, 3, 0]);

  // What must be found.
  const broken = async (changed: readonly string[]): Promise<string> =>
    (await checkLines('trail', changed, anchors)).broken?.why ?? '';
  const at = (lane: number, place: number): number =>
    lines.findIndex((line) => line.includes(`"lane":${lane},"place":${place}}`));
  const [, second = 0] = heads.map(({ lane }) => lane);
  assert.match(
    await broken(lines.with(at(second, 2), lines[at(second, 2)]!.replaceAll('n\\":', 'm\\":'))),
    /hash does not match/,
  );
  assert.match(await broken(lines.toSpliced(at(second, 5), 1)), /ends here, and an anchor tells of row 5/);
  assert.match(await broken(lines.toSpliced(at(second, 2), 1)), /row 2 of lane \d+ is missing/);
  const whole = lines.slice(0, at(second, 1) - 1).map((line) => line.replace('"piece":[1,3]', '"piece":[1,1]'));
  assert.match(await broken(whole), /an anchor tells of lane \d+, which is missing/);
  const other = lines[at(second, 2)]!.replace(`"lane":${second},`, `"lane":${second + 1},`);
  assert.match(await broken(lines.with(at(second, 2), other)), /a chain that is not its own/);
});

test('a row that is changed, or a chain that is cut, is found in the store', async () => {
  const lanes = [7, 8].map((epoch) => new Lane({ node: 5, epoch }, () => START));
  await write(lanes, 6, 100);
  const trail = trailOf();
  assert.equal((await trail.verify()).kind, 'intact');
  const id = lanes[1]!.id!;
  const changes = [
    [`UPDATE audit SET facts = '{}' WHERE lane = ${id} AND place = 2`, /hash does not match/],
    [`DELETE FROM audit WHERE lane = ${id} AND place = 1`, /row 1 of lane \d+ is missing/],
    [`UPDATE lane SET epoch = 9 WHERE id = ${id}`, /hash does not match/],
  ] as const;
  for (const [change, why] of changes) {
    await client.query('BEGIN');
    await client.query(change);
    const report = await trail.verify();
    await client.query('ROLLBACK');
    assert(report.kind === 'broken', change);
    assert.match(report.why, why);
  }
  assert.equal((await trail.verify()).kind, 'intact');
});
