import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultWaits, nextAttempt } from '../../src/push/retry.ts';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';

const receivedAt = instant(Date.UTC(2026, 10, 25, 12));
const schedule = { waits: defaultWaits, expire: days(5), delayNotice: hours(4) };

/** Ages of all attempts of a delivery that is put off each time. */
function ages(random: () => number): number[] {
  const all: number[] = [];
  let now = receivedAt;
  for (let attempts = 1; now < receivedAt + schedule.expire; attempts++) {
    now = nextAttempt(schedule, receivedAt, attempts, now, random);
    all.push(now - receivedAt);
  }
  return all;
}

test('waits grow to four hours, and one attempt falls on the delay notice and one on the end', () => {
  const all = ages(() => 0.5);
  assert.deepEqual(all.slice(0, 5), [minutes(1), minutes(6), minutes(21), minutes(51), minutes(111)]);
  assert.ok(all.includes(hours(4)));
  assert.equal(all.at(-1), days(5));
  const late = all.filter((age) => age > days(1));
  assert.ok(late.every((age, i) => i === 0 || age - (late[i - 1] ?? 0) <= hours(4)));
});

test('a wait is spread by a fifth to both sides and always lies ahead', () => {
  const at = (random: number): number => nextAttempt(schedule, receivedAt, 3, receivedAt, () => random) - receivedAt;
  assert.deepEqual([at(0), at(0.5), at(1)], [minutes(12), minutes(15), minutes(18)]);
});

test('a clock that was set back by an hour leaves an attempt ahead, within its wait', () => {
  const now = instant(receivedAt - hours(1));
  const at = nextAttempt(schedule, receivedAt, 1, now, () => 0.5);
  assert.equal(at - now, minutes(1));
});
