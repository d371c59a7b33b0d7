import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barOf } from '../../src/cli/progress.ts';

test('a bar as long as what is done, and a count where the whole is not known yet', () => {
  assert.equal(barOf(0, 20_000, 'accounts'), '[------------------------] 0 of 20000 accounts');
  assert.equal(barOf(9999, 20_000, 'accounts'), '[###########-------------] 9999 of 20000 accounts');
  assert.equal(barOf(20_000, 20_000, ''), '[########################] 20000 of 20000');
  assert.equal(barOf(250, 0, 'accounts'), '250 accounts');
});
