// @release: a minute of it; two seconds are in npm test.
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzWalk } from '../mime/fuzzing.ts';

const SECONDS = 60;

test(`fuzz: the walk over MIME, for ${SECONDS} seconds`, (t) => {
  const before = process.memoryUsage().heapUsed;
  const { rounds, octets, leaves, interchanges } = fuzzWalk(1000 * SECONDS, 20_261_126);
  t.diagnostic(`${rounds} messages of ${octets} octets: ${leaves} leaves, ${interchanges} interchanges`);
  // Some 3,000 on a machine that does nothing else.
  assert.ok(rounds > 200 && interchanges > 50);
  assert.ok(process.memoryUsage().heapUsed - before < 200e6);
});
