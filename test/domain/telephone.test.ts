/** Telephone numbers, whatever way they were written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telephoneDigits } from '../../src/domain/telephone.ts';

test('telephoneDigits() makes the same of every way to write one number', () => {
  for (const text of [
    '020 1234567',
    '020-123 45 67',
    '+31 20 1234567',
    '+31 (0)20 1234567',
    '0031201234567',
    ' (020) 123.45.67 ',
  ])
    assert.equal(telephoneDigits(text), '201234567', text);
});

test('telephoneDigits() takes neither words nor what is too short or too long to mean one number', () => {
  for (const text of [
    '',
    '12345',
    '01234',
    '020 12 34 ext. 5',
    'anna@group.test',
    'REF4711',
    '1'.repeat(16),
    '++',
    '1'.repeat(5000),
  ])
    assert.equal(telephoneDigits(text), undefined, text);
});
