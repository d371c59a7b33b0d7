/** Memory that is used again must never be somebody else's yet. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Slabs } from '../../src/pop3/slabs.ts';

const KB10 = 10_000;

test('what was given back is used again, at whatever length', () => {
  const slabs = new Slabs();
  const first = slabs.take(KB10);
  slabs.give(first);
  const second = slabs.take(2 * KB10);
  assert.equal(second.buffer, first.buffer);
  assert.equal(second.length, 2 * KB10);
});

test("what is taken is nobody else's, also when something was given back twice", () => {
  const slabs = new Slabs();
  const first = slabs.take(KB10);
  slabs.give(first);
  slabs.give(first);
  const second = slabs.take(KB10);
  // By whoever had it before.
  slabs.give(first);
  const third = slabs.take(KB10);
  assert.notEqual(third.buffer, second.buffer);
});

test('memory that was not taken here is left alone, short and long answers have their own, and few slabs are kept', () => {
  const slabs = new Slabs();
  const taken = slabs.take(KB10);
  slabs.give(Buffer.from(taken.buffer));
  assert.notEqual(slabs.take(KB10).buffer, taken.buffer);
  for (const length of [100, 200_000]) {
    const own = slabs.take(length);
    assert.equal(own.length, length);
    slabs.give(own);
    assert.notEqual(slabs.take(KB10).buffer, own.buffer);
  }
  const many = Array.from({ length: 100 }, () => slabs.take(KB10));
  for (const each of many) slabs.give(each);
  const before = new Set(many.map(({ buffer }) => buffer));
  const again = Array.from({ length: 100 }, () => slabs.take(KB10)).filter(({ buffer }) => before.has(buffer));
  assert.equal(again.length, 32);
});
