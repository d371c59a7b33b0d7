/** Settings that take each other's effect away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFLICTING, settingConflicts } from '../../src/domain/setting-conflicts.ts';

test('encryption that is opened again has no effect, wherever each of the two is set', () => {
  assert.match(
    settingConflicts({ encrypt: 'required', open: true })[0]?.text ?? '',
    /^encrypt=required has no effect beside open=yes/,
  );
  assert.match(
    settingConflicts({ open: true }, { encrypt: 'when-possible' })[0]?.text ?? '',
    /^encrypt=when-possible has no/,
  );
  assert.deepEqual(settingConflicts({ open: false }, { open: true }, { encrypt: 'required' }), []);
  assert.deepEqual(settingConflicts({ open: true }), []);
});

test('a word about waiting mail that comes after its end is none', () => {
  const silent =
    /^nobody hears that a message waits before it ends: keep-uncollected=7 days, tell-sender-after=30, rhythm=0/;
  assert.match(settingConflicts({ 'keep-uncollected': 7, 'tell-sender-after': 30, rhythm: 0 })[0]?.text ?? '', silent);
  assert.match(settingConflicts({ 'tell-sender-after': 0, rhythm: 0 })[0]?.text ?? '', /^nobody hears/);
  // Five working days are seven by the calendar.
  assert.match(
    settingConflicts({ 'keep-uncollected': 7, 'tell-sender-after': 5 })[0]?.text ?? '',
    /^tell-sender-after=5 .* has no effect/,
  );
  assert.match(settingConflicts({ 'keep-uncollected': 7, rhythm: 5 })[0]?.text ?? '', /^rhythm=5 .* has no effect/);
  assert.deepEqual(settingConflicts({ 'keep-uncollected': 7, 'tell-sender-after': 4, rhythm: 0 }), []);
  assert.deepEqual(settingConflicts({}), [], 'the defaults agree');
});

test('a conflict comes only from a setting that is named as one that may bring it', () => {
  const all = { encrypt: 'required', open: true, 'keep-uncollected': 7, 'tell-sender-after': 30, rhythm: 0 };
  assert.deepEqual(Object.keys(all), CONFLICTING);
  const kinds = (settings: object): string[] => settingConflicts({ ...settings }).map(({ kind }) => kind);
  assert.deepEqual(kinds(all), ['opened', 'silent']);
  assert.deepEqual(kinds({ ...all, 'tell-sender-after': 3, rhythm: 9 }), ['opened', 'late']);
});
