/** What is not known is absent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defined } from '../../src/domain/defined.ts';
import { iso } from '../../src/domain/units.ts';

test('defined() leaves out what is undefined, and nothing else that is empty', () => {
  const given = { none: undefined, nothing: null, empty: '', zero: 0, no: false, list: [], last: 'x' };
  const kept = defined(given);
  assert.deepEqual(Object.entries(kept), [
    ['nothing', null],
    ['empty', ''],
    ['zero', 0],
    ['no', false],
    ['list', []],
    ['last', 'x'],
  ]);
  assert.equal('none' in given, true, 'what was given stays as it was');
});

test('defined() makes an optional property of one that may be undefined', () => {
  const unknown = (n: number): string | undefined => (n > 0 ? String(n) : undefined);
  const of = (n: number): { readonly id: number; readonly name?: string } => ({
    id: n,
    ...defined({ name: unknown(n) }),
  });
  assert.deepEqual(of(0), { id: 0 });
  assert.deepEqual(of(1), { id: 1, name: '1' });
});

test('iso() leaves unknown what is unknown, and takes the first moment of 1970 for one', () => {
  assert.equal(iso(0), '1970-01-01T00:00:00.000Z');
  assert.equal(iso(undefined), undefined);
});
