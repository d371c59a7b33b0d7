/**
 * Of the changes that the table of claims names ten are made, drawn by a seed, and the test of each
 * notices.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tmpdir } from 'node:os';
import { between } from '../support/chance.ts';
import { drawn, tryBreaks } from '../claims/mutate.ts';

const ROUNDS = 10;
const SEED = between(1, 1_000_000);

test(`${ROUNDS} promises, drawn by seed ${SEED}: the test of each passes, and fails where the code is broken`, async (t) => {
  const all = drawn(ROUNDS, SEED);
  assert.equal(all.length, ROUNDS);
  for await (const { of, verdict, before, after } of tryBreaks(all, tmpdir())) {
    t.diagnostic(`${of.test}: ${verdict}`);
    assert.equal(verdict, 'noticed', `seed ${SEED}, ${of.test}, ${of.broken.file}\n${(after ?? before).said}`);
  }
});
