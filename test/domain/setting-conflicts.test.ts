/** Settings that take each other's effect away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingConflicts } from '../../src/domain/setting-conflicts.ts';

test('encryption that is opened again has no effect, wherever each of the two is set', () => {
  assert.match(
    settingConflicts({ encrypt: 'required', open: true })[0] ?? '',
    /^encrypt=required has no effect beside open=yes/,
  );
  assert.match(
    settingConflicts({ open: true }, { encrypt: 'when-possible' })[0] ?? '',
    /^encrypt=when-possible has no/,
  );
  assert.deepEqual(settingConflicts({ open: false }, { open: true }, { encrypt: 'required' }), []);
  assert.deepEqual(settingConflicts({ open: true }), []);
});

test('a word about waiting mail that comes after its end is none', () => {
  const silent =
    /^nobody hears that a message waits before it ends: keep-uncollected=7 days, tell-sender-after=30, rhythm=0/;
  assert.match(settingConflicts({ 'keep-uncollected': 7, 'tell-sender-after': 30, rhythm: 0 })[0] ?? '', silent);
  assert.match(settingConflicts({ 'tell-sender-after': 0, rhythm: 0 })[0] ?? '', /^nobody hears/);
  // Five working days are seven by the calendar.
  assert.match(
    settingConflicts({ 'keep-uncollected': 7, 'tell-sender-after': 5 })[0] ?? '',
    /^tell-sender-after=5 .* has no effect/,
  );
  assert.match(settingConflicts({ 'keep-uncollected': 7, rhythm: 5 })[0] ?? '', /^rhythm=5 .* has no effect/);
  assert.deepEqual(settingConflicts({ 'keep-uncollected': 7, 'tell-sender-after': 4, rhythm: 0 }), []);
  assert.deepEqual(settingConflicts({}), [], 'the defaults agree');
});
