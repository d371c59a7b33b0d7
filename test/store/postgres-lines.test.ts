/** What waits to be filed on PostgreSQL: its limits, its turns, and the form in which lists go to the server. No server is needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkLine } from '../../src/store/postgres/chunk-line.ts';
import { flags, longs, octets, texts } from '../../src/store/postgres/binary-arrays.ts';
import type { AcceptWork } from '../../src/store/changes/accept-work.ts';
import type { ChangingConnection, Connection } from '../../src/store/postgres/connection.ts';
import { milliseconds } from '../../src/domain/units.ts';
import { type FilingConnection, FilingLine } from '../../src/store/postgres/filing.ts';
import { Lane } from '../../src/store/postgres/lane.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { workOf } from '../support/postgres-filing.ts';

const clock = new FakeClock();
const never = (): Promise<never> => new Promise<never>(() => undefined);
const busy = new FilingLine({ clock, connections: 0, committed: () => undefined, withFiling: never });

test('what waits to be filed has a limit, in messages and in octets', async () => {
  const line = new FilingLine({ clock, connections: 0, committed: () => undefined, withFiling: never });
  const small = workOf(1, [2], { size: 1 });
  for (let n = 0; n < 5000; n += 1) void line.accept(small);
  assert.equal(line.waiting, 5000);
  await assert.rejects(line.accept(small), StoreUnavailable);
  const large = workOf(1, [2], { body: Buffer.alloc(30 * 1024 * 1024) });
  for (let n = 0; n < 2; n += 1) void busy.accept(large);
  await assert.rejects(busy.accept(large), StoreUnavailable);
  void busy.accept(small);
  assert.equal(busy.waiting, 3);
});

test('pieces of bodies that wait have a limit', async () => {
  const line = new ChunkLine({ withChunks: never });
  const piece = { id: 1n, n: 0, sealed: Buffer.alloc(1), tag: Buffer.alloc(16), day: '', at: 0, account: 1 };
  for (let n = 0; n < 5000; n += 1) void line.add(piece);
  await assert.rejects(line.add(piece), StoreUnavailable);
  const other = new ChunkLine({ withChunks: never });
  const large = workOf(1, [2], { body: Buffer.alloc(30 * 1024 * 1024) });
  for (let n = 0; n < 2; n += 1) void other.ahead(large);
  await assert.rejects(other.ahead(large), StoreUnavailable);
});

test('small bodies go ahead of their acceptance in parts that fit a page; shorter ones, and chunks of large ones, do not', async () => {
  const asked: (readonly unknown[])[] = [];
  const connection: Connection = {
    query: ({ values = [] }) => {
      asked.push(values);
      return Promise.resolve({ rows: [], columns: [], count: 0 });
    },
  };
  const line = new ChunkLine({ withChunks: (store) => store(new PostgresRunner(connection)) });
  const copy = workOf(1, [3], { size: 8001 });
  const notice = workOf(0, [4], { size: 2001 });
  const work = workOf(1, [2], { size: 64 * 1024 + 16, copies: [copy], notices: [notice] });
  const its = await line.ahead(work);
  const partsOf = ({ body, bodyParts }: AcceptWork) => [body?.length ?? null, bodyParts];
  assert.deepEqual([its, ...its.copies, ...its.notices].map(partsOf), [
    [null, 9],
    [null, 2],
    [null, 1],
  ]);
  assert.equal(asked.length, 1);
  const ids = [...Array<bigint>(9).fill(work.id), copy.id, copy.id, notice.id];
  const sealed = ids.map((id, i) => {
    const [body, n] = id === work.id ? [work.body, i] : id === copy.id ? [copy.body, i - 9] : [notice.body, 0];
    return body!.subarray(n * 8000, (n + 1) * 8000);
  });
  assert.deepEqual(asked[0]!.slice(2), [
    longs(ids),
    longs([...Array(9).keys(), 0, 1, 0]),
    octets(sealed),
    octets(ids.map(() => new Uint8Array(0))),
  ]);
  const short = workOf(1, [2], { size: 2000 });
  const streamed = workOf(1, [2], { body: null, chunks: 2 });
  assert.deepEqual([await line.ahead(short), await line.ahead(streamed)], [short, streamed]);
  assert.equal(asked.length, 1);
});

test('the next batch begins when the one before has its locks, or has waited for them for long', async () => {
  const clock = new FakeClock();
  const waiting: (() => void)[] = [];
  const line = new FilingLine({
    ...{ clock, connections: 3, committed: () => undefined },
    withFiling: () => new Promise((_resolve, reject) => waiting.push(() => reject(new StoreUnavailable('away')))),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const answers: Promise<unknown>[] = [];
  const accept = async (): Promise<void> => {
    answers.push(assert.rejects(line.accept(workOf(1, [2])), StoreUnavailable));
    await turn();
  };
  await accept();
  await accept();
  await accept();
  // Two wait together for the first one's locks.
  assert.deepEqual([waiting.length, line.waiting], [1, 2]);
  clock.advance(milliseconds(49));
  await turn();
  assert.deepEqual([waiting.length, line.waiting], [1, 2]);
  clock.advance(milliseconds(1));
  await turn();
  assert.deepEqual([waiting.length, line.waiting], [2, 0]);
  await accept();
  assert.deepEqual([waiting.length, line.waiting], [2, 1]);
  // What ends needs its locks no longer.
  waiting[1]!();
  await turn();
  assert.deepEqual([waiting.length, line.waiting], [3, 0]);
  for (const end of waiting) end();
  await Promise.all(answers);
});

/** A connection whose commits end in that way. */
function filingOver(commit: () => Promise<void>): FilingConnection {
  const connection: ChangingConnection = {
    query: () => Promise.resolve({ rows: [], columns: [], count: 0 }),
    begin: () => Promise.resolve(),
    commit,
    rollback: () => Promise.resolve(),
  };
  return { connection, runner: new PostgresRunner(connection), lane: new Lane({ node: 0, epoch: 1 }, () => 0) };
}

test('a commit whose outcome is not known is never tried again, nor one by one', async () => {
  let commits = 0;
  const filing = filingOver(() => {
    commits += 1;
    return Promise.reject(new OutcomeUnknown('lost'));
  });
  const line = new FilingLine({
    clock,
    connections: 1,
    committed: () => undefined,
    withFiling: (work) => work(filing),
  });
  await assert.rejects(
    line.perform(function* () {
      yield* [];
    }),
    OutcomeUnknown,
  );
  assert.equal(commits, 1);
});

test('what PostgreSQL has rolled back for certain runs again, five times at most', async () => {
  let commits = 0;
  const filing = filingOver(() => {
    commits += 1;
    return Promise.reject(Object.assign(new Error('another one was quicker'), { code: '40001' }));
  });
  const line = new FilingLine({
    clock,
    connections: 1,
    committed: () => undefined,
    withFiling: (work) => work(filing),
  });
  await assert.rejects(
    line.perform(function* () {
      yield* [];
    }),
    /quicker/,
  );
  assert.equal(commits, 5);
});

test('lists have the binary form of PostgreSQL', () => {
  const hex = (buffer: Buffer): string => buffer.toString('hex');
  assert.equal(hex(longs([])), '000000000000000100000014');
  const head = (oid: string, length: number): string => `0000000100000001${oid}0000000${length}00000001`;
  assert.equal(
    hex(longs([1, -1n, null])),
    `${head('00000014', 3)}00000008000000000000000100000008${'f'.repeat(16)}ffffffff`,
  );
  assert.equal(hex(texts(['é', null, ''])), `${head('00000019', 3)}00000002c3a9ffffffff00000000`);
  assert.equal(hex(octets([Buffer.of(7)])), `${head('00000011', 1)}0000000107`);
  assert.equal(hex(flags([true, false])), `${head('00000010', 2)}00000001010000000100`);
});
