import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCms } from './fuzzing.ts';

test('fuzz: CMS, for two seconds', async () => {
  const { rounds, read, good } = await fuzzCms(2000, 107);
  assert.ok(rounds > 100, `${rounds} rounds`);
  assert.ok(read > rounds / 50, `${read} of ${rounds} could be read: the fuzz reaches the inside`);
  assert.ok(good < rounds, `${good} of ${rounds} were valid or opened`);
});
