/** Counts and distributions: sums that stay right, and memory that stays bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counts, Distribution, OTHER } from '../../src/domain/counts.ts';

test('a count has one number for each set of label values', () => {
  const counts = new Counts(['protocol', 'outcome']);
  counts.add(['smtp', 'granted']);
  counts.add(['smtp', 'granted'], 2);
  counts.add(['pop3', 'granted']);
  assert.deepEqual(counts.read(), [
    { labels: { protocol: 'smtp', outcome: 'granted' }, value: 3 },
    { labels: { protocol: 'pop3', outcome: 'granted' }, value: 1 },
  ]);
  assert.equal(counts.total, 4);
});

test('beyond its limit a count keeps the sum and forgets whose it is', () => {
  const counts = new Counts(['partner', 'outcome'], 10);
  for (let n = 0; n < 10_000; n += 1) counts.add([`partner-${n}`, 'relayed']);
  counts.add(['partner-3', 'relayed']);
  const read = counts.read();
  assert.equal(read.length, 10);
  assert.deepEqual(read.at(-1), { labels: { partner: OTHER, outcome: OTHER }, value: 10_000 - 9 });
  assert.equal(read.find(({ labels }) => labels.partner === 'partner-3')?.value, 2);
  assert.equal(counts.total, 10_001);
});

test('counting costs about a microsecond at most', () => {
  const counts = new Counts(['protocol', 'way', 'outcome', 'reason']);
  const spread = new Distribution([0.001, 0.01, 0.1, 1, 10]);
  const labels = ['smtp', 'password', 'granted', ''];
  const times = Array.from({ length: 20 }, () => {
    const began = performance.now();
    for (let n = 0; n < 10_000; n += 1) {
      counts.add(labels);
      spread.add(0.05);
    }
    return ((performance.now() - began) * 1000) / 10_000;
  });
  const best = Math.min(...times);
  console.log(`a count and a distribution: ${best.toFixed(3)} microseconds`);
  assert.ok(best < 2, `${best} microseconds`);
});

test('a distribution puts each value at its bound, and values above the last one into the count alone', () => {
  const spread = new Distribution([1, 2, 4]);
  for (const value of [0, 1, 1.5, 4, 4.1, 100]) spread.add(value);
  assert.deepEqual(spread.cumulative, [2, 3, 4]);
  assert.equal(spread.count, 6);
  assert.ok(Math.abs(spread.sum - 110.6) < 1e-9);
});
