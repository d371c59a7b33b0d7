import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WARNING_DAYS, daysLeft, dueWarning } from '../../src/crypto/certificates/certificate-expiry.ts';
import { days, instant } from '../../src/domain/units.ts';
import { NOW } from './support.ts';

const notAfter = instant(NOW + days(100));
const before = (n: number, warned: readonly (60 | 30 | 7)[] = [], replaced = false) =>
  dueWarning({ notAfter, warned, replaced }, instant(notAfter - days(n)));

test('a warning is due 60, 30 and 7 days before the end, each once', () => {
  assert.equal(before(60.1), undefined);
  assert.equal(before(60), 60);
  assert.equal(before(45, [60]), undefined);
  assert.equal(before(30, [60]), 30);
  assert.equal(before(8, [60, 30]), undefined);
  assert.equal(before(7, [60, 30]), 7);
  assert.equal(before(0.1, [60, 30, 7]), undefined);
});

test('day by day, with any pause between, no certificate gets more than three warnings or one twice', () => {
  for (const step of [1, 5, 20, 40]) {
    const warned: (60 | 30 | 7)[] = [];
    for (let left = 99; left > 0; left -= step) {
      const due = before(left, warned);
      if (due !== undefined) warned.push(due);
    }
    assert.equal(new Set(warned).size, warned.length);
    assert.deepEqual(
      warned,
      WARNING_DAYS.filter((day) => warned.includes(day)),
      'in their order',
    );
    if (step === 1) assert.equal(warned.length, 3);
  }
});

test('after a pause only the most urgent warning is sent, and none when it is too late or a newer certificate is there', () => {
  assert.equal(before(20), 30);
  assert.equal(before(3), 7);
  assert.equal(before(20, [30]), undefined, 'not 60 after 30');
  assert.equal(before(0), undefined);
  assert.equal(before(-1), undefined);
  assert.equal(before(3, [], true), undefined);
});

test('days left are whole days', () => {
  assert.equal(daysLeft(notAfter, instant(notAfter - days(30))), 30);
  assert.equal(daysLeft(notAfter, instant(notAfter - days(30) + 1)), 29);
  assert.equal(daysLeft(notAfter, instant(notAfter - 1)), 0);
  assert.equal(daysLeft(notAfter, instant(notAfter + 1)), 0);
});
