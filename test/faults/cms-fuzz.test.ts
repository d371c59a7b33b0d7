// @release: a minute of it; two seconds are in npm test.
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCms } from '../crypto/cms/fuzzing.ts';

const SECONDS = 60;

test(`fuzz: CMS, for ${SECONDS} seconds`, async (t) => {
  const { rounds, read, good } = await fuzzCms(1000 * SECONDS, 20_261_125);
  t.diagnostic(`${rounds} rounds, ${read} could be read, ${good} were valid or opened`);
  assert.ok(rounds > 1000);
});
