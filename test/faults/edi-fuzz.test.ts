// @release: a minute of it; two seconds are in npm test.
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzEdi } from '../edi/fuzzing.ts';

const SECONDS = 60;

test(`fuzz: the readers of EDI, for ${SECONDS} seconds`, (t) => {
  const before = process.memoryUsage().heapUsed;
  const { rounds, octets, interchanges } = fuzzEdi(1000 * SECONDS, 20_261_126);
  t.diagnostic(`${rounds} texts of ${octets} octets: ${interchanges} interchanges`);
  assert.ok(rounds > 1000 && interchanges > 100);
  assert.ok(process.memoryUsage().heapUsed - before < 200e6);
});
