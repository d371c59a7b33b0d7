/**
 * What waits to be filed on PostgreSQL: its limits, its turns, and the form in which lists go to
 * the server. No server is needed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkLine } from '../../src/store/postgres/chunk-line.ts';
import { flags, longs, octets, texts } from '../../src/store/postgres/binary-arrays.ts';
import { partsOf } from '../../src/store/postgres/body-parts.ts';
import type { ChangingConnection } from '../../src/store/postgres/connection.ts';
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
  for (let n = 0; n < 256; n += 1) void line.add(piece);
  await assert.rejects(line.add(piece), StoreUnavailable);
});

test('small bodies are cut into parts that fit a page; shorter ones, and those of large messages, are not', () => {
  const [long, middle, short, streamed] = [64 * 1024 + 16, 8001, 2000]
    .map((size) => workOf(1, [2], { size }))
    .concat(workOf(1, [2], { body: null, chunks: 2 }));
  const parts = partsOf([long!, middle!, short!, streamed!]);
  assert.deepEqual(
    parts.map(({ id, n, sealed }) => [id, n, sealed.length]),
    [
      ...Array.from({ length: 9 }, (_, n) => [long!.id, n, n === 8 ? 64 * 1024 + 16 - 8 * 8000 : 8000]),
      [middle!.id, 0, 8000],
      [middle!.id, 1, 1],
    ],
  );
  assert.deepEqual(Buffer.concat(parts.filter(({ id }) => id === long!.id).map(({ sealed }) => sealed)), long!.body);
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

test('answers of one batch leave eight in a turn of the event loop, all of them before the next batch', async () => {
  const line = new FilingLine({
    ...{ clock: new FakeClock(), connections: 1, committed: () => undefined },
    // Commits take a turn.
    withFiling: () => new Promise((committed) => setImmediate(() => committed([] as never))),
  });
  let answered = 0;
  const answers = Array.from({ length: 128 + 8 }, async () => {
    await line.accept(workOf(1, [2]));
    answered += 1;
  });
  const turns: number[] = [];
  while (answered < 128 + 8) {
    const before = answered;
    await new Promise((resolve) => setImmediate(resolve));
    turns.push(answered - before);
    assert.ok(turns.length < 100, 'answers no longer come');
    assert.ok(answered >= 128 || line.waiting === 8 || answered === 0, 'the next batch waits for these answers');
  }
  assert.deepEqual(
    turns.filter((count) => count > 0),
    Array.from({ length: 17 }, () => 8),
  );
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
