/** What is remembered of the store's rows is never older than the last change that was answered. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Remembered } from '../../src/store/core/remembered.ts';

test('a value is read once, until it is forgotten; that there is none is remembered too', async () => {
  const memory = new Remembered<string, number | null>(10);
  let reads = 0;
  const get = (key: string, value: number | null) =>
    memory.get(key, async () => {
      reads += 1;
      return await Promise.resolve(value);
    });
  assert.deepEqual([await get('a', 1), await get('a', 2), await get('b', null), await get('b', 3)], [1, 1, null, null]);
  assert.equal(reads, 2);
  memory.forget('a');
  assert.deepEqual([await get('a', 4), await get('b', 5)], [4, null]);
  memory.forgetAll();
  assert.deepEqual([await get('a', 6), memory.known('b')], [6, undefined]);
});

test('a read that is under way when something is forgotten is answered and not kept', async () => {
  for (const forget of [
    (memory: Remembered<string, number>) => memory.forget('a'),
    (memory: Remembered<string, number>) => memory.forgetAll(),
  ]) {
    const memory = new Remembered<string, number>(10);
    let arrive = (_found: number): void => undefined;
    const first = memory.get('a', () => new Promise((resolve) => (arrive = resolve)));
    forget(memory);
    arrive(1);
    assert.equal(await first, 1);
    assert.equal(memory.known('a'), undefined);
    assert.equal(await memory.get('a', () => Promise.resolve(2)), 2);
  }
});

test('no more is remembered than was allowed', async () => {
  const memory = new Remembered<number, number>(3);
  for (const n of [1, 2, 3, 4]) await memory.get(n, () => Promise.resolve(n));
  assert.deepEqual(
    [1, 2, 3, 4].filter((n) => memory.known(n) !== undefined),
    [2, 3, 4],
  );
});
