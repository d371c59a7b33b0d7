// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCms } from '../crypto/cms/fuzzing.ts';

test('fuzz: CMS, for a minute', async (t) => {
  const { rounds, read, good } = await fuzzCms(60_000, 20_261_125);
  t.diagnostic(`${rounds} rounds, ${read} could be read, ${good} were valid or opened`);
  assert.ok(rounds > 1000);
});
