// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { makeDiscard } from '../../src/platform/discard.ts';

test('large memory is freed at once, without waiting for the garbage collector', async () => {
  const discard = makeDiscard();
  // The other end closes within a few turns of the loop.
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 4000; i += 1) {
    const octets = new Uint8Array(256 * 1024).fill(1);
    discard(octets);
    assert.equal(octets.length, 0);
  }
  // 1 GB went through.
  assert(process.memoryUsage().rss - before < 128 * 1024 * 1024);
});

test('memory that others may share is left alone', () => {
  const discard = makeDiscard();
  const whole = new Uint8Array(256 * 1024);
  discard(whole.subarray(0, 128 * 1024));
  const small = new Uint8Array(100);
  discard(small);
  assert.deepEqual([whole.length, small.length], [256 * 1024, 100]);
});
