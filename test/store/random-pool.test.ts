import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { pooled } from '../../src/store/core/random-pool.ts';

test('each draw is new, keeps its value, and is never zero', () => {
  const random = pooled(randomBytes);
  const drawn = Array.from({ length: 2000 }, (_, i) => random(16 + (i % 17)));
  const seen = new Set(drawn.map((d) => Buffer.from(d).toString('hex')));
  assert.equal(seen.size, drawn.length);
  assert(drawn.every((d) => d.some((octet) => octet !== 0)));
});

test('a draw larger than the pool comes from the source', () => {
  assert.equal(pooled(randomBytes)(5000).length, 5000);
});
