import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barOf } from '../../src/cli/progress.ts';

test('a bar names its phase, is as long as what is done, and counts where the whole is not known yet', () => {
  assert.equal(barOf('Checking', 0, 20_000, 'accounts'), 'Checking: [------------------------] 0 of 20000 accounts');
  assert.equal(
    barOf('Storing', 9999, 20_000, 'accounts'),
    'Storing: [###########-------------] 9999 of 20000 accounts',
  );
  assert.equal(barOf('Copying', 20_000, 20_000, 'MiB'), 'Copying: [########################] 20000 of 20000 MiB');
  assert.equal(barOf('Checking', 250, 0, 'accounts'), 'Checking: 250 accounts');
});
