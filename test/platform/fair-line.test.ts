/** Lines in which accounts take turns, and places of which none has all. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { FairLine } from '../../src/platform/fair-line.ts';
import { FairSlots, type Slot } from '../../src/platform/fair-slots.ts';
import { Turns } from '../../src/platform/turns.ts';

test('one key with many is one among two, and each keeps its order', () => {
  const line = new FairLine<string>();
  for (let i = 0; i < 28; i += 1) line.push('greedy', `g${i}`);
  line.push('modest', 'm0');
  line.push('modest', 'm1');
  assert.deepEqual([line.length, line.keys, line.peek()], [30, 2, 'g0']);
  assert.deepEqual(
    Array.from({ length: 5 }, () => line.shift()),
    ['g0', 'm0', 'g1', 'm1', 'g2'],
  );
  line.push('late', 'l0');
  assert.deepEqual([line.shift(), line.shift(), line.shift()], ['g3', 'l0', 'g4']);
  assert.equal(line.length, 23);
});

test('some keys may be passed over, undefined is a key, and who waits can leave', () => {
  const line = new FairLine<number>();
  line.push(undefined, 1);
  line.push('a', 2);
  line.push('a', 3);
  assert.equal(
    line.peek((key) => key === 'a'),
    2,
  );
  assert.equal(
    line.shift((key) => key === 'b'),
    undefined,
  );
  assert.deepEqual([line.remove('a', 2), line.remove('a', 2), line.remove('b', 3)], [true, false, false]);
  assert.deepEqual([line.shift(), line.shift(), line.shift()], [1, 3, undefined]);
  assert.deepEqual([line.length, line.keys], [0, 0]);
});

test('a portion has so many of each', () => {
  const line = new FairLine<string>();
  for (let i = 0; i < 20; i += 1) line.push('a', `a${i}`);
  for (let i = 0; i < 3; i += 1) line.push('b', `b${i}`);
  assert.deepEqual(line.take(10, 4), ['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3']);
  assert.equal(line.take(10, 100).length, 10);
  assert.equal(line.take(10, 100).length, 6);
  assert.deepEqual(line.take(10, 100), []);
});

const slot = (taken: unknown): Slot => {
  assert.ok(typeof taken === 'object' && taken !== null && 'free' in taken);
  return taken as Slot;
};

test('an account has its share of the places, somebody else begins at once, and all are given on', async () => {
  const slots = new FairSlots({ running: 4, each: 2, waiting: 30 });
  const first = slot(slots.take('greedy'));
  slot(slots.take('greedy'));
  const began: string[] = [];
  for (let i = 0; i < 26; i += 1) void Promise.resolve(slots.take('greedy')).then(() => began.push(`g${i}`));
  assert.equal(slots.waiting, 26);
  const modest = slot(slots.take('modest'));
  const other = slot(slots.take('other'));
  // Full: now they wait, each for a place of its own.
  void Promise.resolve(slots.take('modest')).then(() => began.push('m'));
  first.free();
  first.free();
  await Promise.resolve().then(() => Promise.resolve());
  assert.deepEqual(began, ['g0'], 'a place that is freed twice is one');
  modest.free();
  await Promise.resolve().then(() => Promise.resolve());
  assert.deepEqual(began, ['g0', 'm']);
  other.free();
  await Promise.resolve().then(() => Promise.resolve());
  assert.deepEqual(began, ['g0', 'm'], 'the greedy one has its share');
});

test('too many who wait are told at once, and who has gone waits no more', async () => {
  const slots = new FairSlots({ running: 1, each: 1, waiting: 1 });
  const held = slot(slots.take('a'));
  const gone = new AbortController();
  const waiting = slots.take('b', gone.signal);
  assert.equal(await slots.take('c'), 'busy');
  gone.abort();
  assert.equal(await waiting, 'gone');
  assert.equal(slots.waiting, 0);
  assert.equal(await slots.take('b', gone.signal), 'gone');
  const next = slots.take('c');
  held.free();
  slot(await next);
});

test('pieces of one account that wait for a later turn count as one who waits', async () => {
  const turns = new Turns();
  const went: string[] = [];
  turns.next(() => went.push('modest'), 'modest');
  for (let i = 0; i < 28; i += 1) turns.next(() => went.push('greedy'), 'greedy');
  turns.next(() => went.push('late'), 'late');
  await turns.rest('later');
  assert.deepEqual(went, ['modest', 'greedy', 'late']);
});
