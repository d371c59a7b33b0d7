/**
 * When a certificate should have been renewed by a program: by shares of its life, which differ by
 * a factor of sixty.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRenewalLate, isRenewedByProgram } from '../../src/domain/renewal.ts';
import { days, hours, instant } from '../../src/domain/units.ts';

const now = instant(Date.UTC(2026, 11, 1));
const life = (whole: number, left: number) => ({
  notBefore: instant(now - days(whole - left)),
  notAfter: instant(now + days(left)),
});

test('late is what has less than three tenths of its life left, however long that is', () => {
  for (const [whole, begins, late] of [
    [90, 30, 26.9],
    [47, 15.6, 14],
    [6, 2, 1.7],
    [398, 132, 119],
  ] as const) {
    // Where programs begin there is no alarm yet, nor after one night that failed.
    assert.equal(isRenewalLate(life(whole, begins), now), false, `${whole} ${begins}`);
    assert.equal(isRenewalLate(life(whole, late), now), true, `${whole} ${late}`);
  }
  assert.equal(isRenewalLate(life(90, 27.01), now), false);
  assert.equal(isRenewalLate(life(90, -1), now), true);
});

test('a program renews what lives short, unless somebody says otherwise', () => {
  const short = life(100, 50);
  const long = { ...short, notAfter: instant(short.notAfter + hours(1)) };
  assert.deepEqual(
    (['auto', 'program', 'hand'] as const).map((renewal) => [
      isRenewedByProgram(renewal, short),
      isRenewedByProgram(renewal, long),
    ]),
    [
      [true, false],
      [true, true],
      [false, false],
    ],
  );
});
