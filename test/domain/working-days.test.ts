/** Working days in the Netherlands, checked with calendars that were printed elsewhere. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type ClosedDays,
  dayFrom,
  dayOf,
  easterSunday,
  instantOf,
  isHoliday,
  isWorkingDay,
  isoDay,
  parseClosedDays,
  timeOfDay,
  wallClock,
  workingDaysBefore,
} from '../../src/domain/working-days.ts';
import { type Instant, hours, instant } from '../../src/domain/units.ts';

const holidaysOf = (year: number): string[] => {
  const days: string[] = [];
  for (let day = dayFrom(year, 1, 1); day < dayFrom(year + 1, 1, 1); day += 1)
    if (isHoliday(day)) days.push(isoDay(day).slice(5));
  return days;
};
const closed = (text: string): ClosedDays => {
  const read = parseClosedDays(text);
  assert(read.ok);
  return read.value;
};
/** Amsterdam wall clock. */
const at = (text: string): Instant => {
  const [date = '', time = '00:00'] = text.split(' ');
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return instantOf(dayFrom(year, month, day), (hour * 60 + minute) * 60_000);
};
const shown = (when: Instant): string =>
  `${isoDay(dayOf(when))} ${new Date(timeOfDay(when)).toISOString().slice(11, 16)}`;

test('Easter falls where the almanacs have it', () => {
  for (const [year, day] of [
    [1961, '1961-04-02'],
    [2000, '2000-04-23'],
    [2008, '2008-03-23'],
    [2011, '2011-04-24'],
    [2024, '2024-03-31'],
    [2025, '2025-04-20'],
    [2026, '2026-04-05'],
    [2027, '2027-03-28'],
    [2038, '2038-04-25'],
  ] as const)
    assert.equal(isoDay(easterSunday(year)), day);
});

test("the public holidays of three years, with King's Day on a Saturday and Liberation Day every fifth year", () => {
  assert.deepEqual(holidaysOf(2025), ['01-01', '04-21', '04-26', '05-05', '05-29', '06-09', '12-25', '12-26']);
  assert.deepEqual(holidaysOf(2026), ['01-01', '04-06', '04-27', '05-14', '05-25', '12-25', '12-26']);
  assert.deepEqual(holidaysOf(2027), ['01-01', '03-29', '04-27', '05-06', '05-17', '12-25', '12-26']);
});

test('the wall clock of Amsterdam decides what day it is, in summer and winter', () => {
  assert.equal(isoDay(dayOf(instant(Date.UTC(2026, 6, 1, 22, 30)))), '2026-07-02');
  assert.equal(isoDay(dayOf(instant(Date.UTC(2026, 11, 1, 22, 30)))), '2026-12-01');
  for (const hour of [0, 1, 4, 12, 23])
    for (const day of ['2026-03-28', '2026-03-29', '2026-03-30', '2026-10-25', '2026-10-26']) {
      const when = at(`${day} ${hour}:00`);
      assert.equal(shown(when), `${day} ${String(hour).padStart(2, '0')}:00`);
    }
});

test('two working days are two working days, over a weekend, over Easter and over a day off', () => {
  // What came then has waited for two working days now.
  for (const [now, came] of [
    ['2026-11-25 07:00', '2026-11-23 07:00'], // Wednesday: Monday at seven
    ['2026-11-24 07:00', '2026-11-20 07:00'], // Tuesday: Friday
    ['2026-11-23 07:00', '2026-11-19 07:00'], // Monday: Thursday
    ['2026-11-22 07:00', '2026-11-18 23:59'], // Sunday: Wednesday, since Thursday and Friday are over
    ['2026-04-07 07:00', '2026-04-02 07:00'], // Tuesday after Easter: Thursday before it
    ['2026-04-08 07:00', '2026-04-03 07:00'],
    ['2025-05-06 07:00', '2025-05-01 07:00'], // Liberation Day of 2025
    ['2026-05-06 07:00', '2026-05-04 07:00'], // but not of 2026
  ] as const)
    assert.equal(shown(workingDaysBefore(at(now), 2)), came, now);
});

test('a practice that is closed on Wednesdays and for the holidays waits longer', () => {
  const days = closed('wed 2026-12-24..2027-01-03');
  assert.equal(shown(workingDaysBefore(at('2026-11-26 07:00'), 2, days)), '2026-11-23 07:00');
  assert.equal(shown(workingDaysBefore(at('2027-01-04 07:00'), 2, days)), '2026-12-21 07:00');
  assert.equal(isWorkingDay(dayFrom(2026, 12, 28), days), false);
  assert.equal(isWorkingDay(dayFrom(2027, 1, 4), days), true);
});

test('a list that closes a practice for more than a year does not hide its mailbox for ever', () => {
  const days = closed('2025-06-01..2026-06-01 2026-06-02..2027-06-01');
  assert.equal(workingDaysBefore(at('2026-11-25 07:00'), 2, days), at('2026-11-23 07:00'));
});

test('days and ranges are read strictly, and the error names the word', () => {
  assert.deepEqual(closed('none'), { weekdays: new Set(), ranges: [] });
  assert.deepEqual(closed('  Wed   2026-05-15 '), {
    weekdays: new Set([2]),
    ranges: [[dayFrom(2026, 5, 15), dayFrom(2026, 5, 15)]],
  });
  for (const [text, why] of [
    ['sat', /"sat" is neither/],
    ['2026-02-30', /"2026-02-30" is neither/],
    ['24-12-2026', /"24-12-2026" is neither/],
    ['2026-12-24..2026-12-20', /ends before it begins/],
    ['2026-01-01..2027-12-31', /longer than 400 days/],
    ['mon tue wed thu fri', /all weekdays/],
    [Array.from({ length: 61 }, (_, i) => isoDay(dayFrom(2026, 1, 1) + i)).join(' '), /more than 60/],
  ] as const) {
    const read = parseClosedDays(text);
    assert(!read.ok);
    assert.match(read.error, why);
  }
});

test('the questions of a round over thousands of mailboxes take no noticeable time', () => {
  const began = performance.now();
  let sum = 0;
  const now = at('2026-11-25 07:00');
  for (let i = 0; i < 2000; i += 1) sum += workingDaysBefore(instant(now - hours(i)), 2);
  assert(sum > 0);
  assert(performance.now() - began < 2000);
});

test('what is asked one after another has each its own offset, on both sides of a change of clocks', () => {
  const changes = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)];
  const shown = changes.flatMap((at) =>
    [-1, 0, -900_000, 900_000, -1].map((by) => wallClock(instant(at + by)).slice(11)),
  );
  assert.deepEqual(shown, [
    ...['01:59 CET', '03:00 CEST', '01:45 CET', '03:15 CEST', '01:59 CET'],
    ...['02:59 CEST', '02:00 CET', '02:45 CEST', '02:15 CET', '02:59 CEST'],
  ]);
});
