/** The calling thread's face of the writer, at its end. */
// @threads: the end of a thread is what it tries.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { Writer } from '../../src/store/sqlite/writer.ts';
import type { WriterCall } from '../../src/store/sqlite/writer-protocol.ts';
import { StoreFailed } from '../../src/store/store.ts';
import { testOptions } from '../support/store.ts';

const NOTHING: WriterCall = { object: 'trail', method: 'append', args: [[]] };

test(
  'close() answers what was asked before it and rejects what comes while it closes',
  { timeout: 20_000 },
  async (t) => {
    const options = testOptions(t);
    await createSqliteStore(options);
    const { dataFolder, keyFolder, masterKey } = options;
    const { writer } = await Writer.start(
      { dataFolder, keyFolder, masterKey, reserve: 0, copyBeforeUpgrade: false, at: 1, testing: {} },
      { onUpgrade: () => undefined, onCommit: () => undefined, onFailed: () => undefined },
    );
    // More than are given out in one turn.
    const before = Array.from({ length: 100 }, () => writer.call(NOTHING));
    const state = { closing: true };
    const closed = writer.close().then(() => (state.closing = false));
    const late: Promise<unknown>[] = [];
    while (state.closing) {
      const asked = writer.call(NOTHING);
      asked.catch(() => undefined);
      late.push(asked);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    assert.deepEqual([...new Set(await Promise.all(before))], [undefined]);
    const ends = await Promise.allSettled(late);
    const rejected = ends.filter(({ status }) => status === 'rejected');
    assert(rejected.length > 0);
    for (const end of ends) if (end.status === 'rejected') assert(end.reason instanceof StoreFailed);
    assert.equal(writer.waiting, 0);
  },
);

test('close() gives out the answers of the last commit when the thread is gone before them', async (t) => {
  const options = testOptions(t);
  await createSqliteStore(options);
  const { dataFolder, keyFolder, masterKey } = options;
  // Its database is closed when the log of changes is gone; the thread ends right behind that.
  const isClosed = (): boolean => !existsSync(join(dataFolder, 'sluis.db-wal'));
  const holdUntilGone = (): void => {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let i = 0; i < 500 && !isClosed(); i += 1) Atomics.wait(pause, 0, 0, 10);
    Atomics.wait(pause, 0, 0, 50);
  };
  const { writer } = await Writer.start(
    { dataFolder, keyFolder, masterKey, reserve: 0, copyBeforeUpgrade: false, at: 1, testing: {} },
    { onUpgrade: () => undefined, onCommit: holdUntilGone, onFailed: () => undefined },
  );
  const asked = Array.from({ length: 64 }, () => writer.call(NOTHING));
  await Promise.all([writer.close(), ...asked]);
  assert.deepEqual([...new Set(await Promise.all(asked))], [undefined]);
});
