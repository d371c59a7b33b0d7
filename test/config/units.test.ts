import assert from 'node:assert/strict';
import test from 'node:test';
import { formatDuration, parseDuration } from '../../src/config/units.ts';
import { milliseconds } from '../../src/domain/units.ts';

test('parseDuration() reads a number with its unit', () => {
  assert.equal(parseDuration('250ms'), 250);
  assert.equal(parseDuration('30s'), 30_000);
  assert.equal(parseDuration(' 5 m '), 300_000);
  assert.equal(parseDuration('2h'), 7_200_000);
  assert.equal(parseDuration('14d'), 1_209_600_000);
  assert.equal(parseDuration('0s'), 0);
});

test('parseDuration() refuses what could be misread', () => {
  for (const text of ['30', '', 's', '-5s', '1.5h', '5 minutes', '5M', '1h30m', '9999999999d', '0x10s'])
    assert.equal(parseDuration(text), undefined, text);
});

test('formatDuration() writes what parseDuration() reads back', () => {
  for (const n of [0, 1, 250, 1000, 1500, 60_000, 90_000, 3_600_000, 86_400_000, 100_000])
    assert.equal(parseDuration(formatDuration(milliseconds(n))), n);
  assert.equal(formatDuration(milliseconds(90_000)), '90s');
});
