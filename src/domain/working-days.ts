/**
 * Working days in the Netherlands: what "two working days without fetching" means to a practice.
 *
 * A day is a calendar day in Amsterdam, counted from 1970-01-01. Not worked on: Saturday, Sunday,
 * New Year's Day, Easter Monday, King's Day (27 April, the 26th where that is a Sunday), Liberation
 * Day in years that five divides (the only years in which most employers give it), Ascension Day,
 * Whit Monday, both Christmas Days, and the days on which the organisation itself is closed. Good
 * Friday is worked on.
 */
import { type Result, fail, ok } from './result.ts';
import type { Instant } from './units.ts';

/** Days since 1970-01-01. */
export type Day = number;

export const TIME_ZONE = 'Europe/Amsterdam';
const DAY_MS = 86_400_000;

let made: Intl.DateTimeFormat | undefined;
/**
 * Made when it is first asked: the first one of a process takes 11 ms, and every command loads this
 * file.
 */
const zoned = (): Intl.DateTimeFormat =>
  (made ??= new Intl.DateTimeFormat('en-GB', {
    timeZone: TIME_ZONE,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  }));

/** Clocks are changed on a quarter of an hour, since 1970 in any case. */
const SLOT = 900_000;
/**
 * The last one that was asked for: how far the wall clock is ahead in it. Asking Intl was 7 % of
 * what a message cost.
 */
let last = { slot: -1, ahead: 0 };

/** Wall clock in Amsterdam as if it were UTC, in milliseconds. */
function localMs(at: Instant): number {
  const slot = Math.floor(at / SLOT);
  if (slot < 0) return at + aheadOf(at);
  if (slot !== last.slot) last = { slot, ahead: aheadOf(at) };
  return at + last.ahead;
}

function aheadOf(at: Instant): number {
  const part: Record<string, number> = {};
  for (const { type, value } of zoned().formatToParts(at)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

const HOUR = 3_600_000;

/**
 * Wall clock in Amsterdam to the minute, with its zone, since an hour comes twice in autumn:
 * `2026-11-27 15:03 CET`.
 */
export function wallClock(at: Instant): string {
  const local = localMs(at);
  return `${new Date(local).toISOString().slice(0, 16).replace('T', ' ')} ${local - at === HOUR ? 'CET' : 'CEST'}`;
}

export const dayOf = (at: Instant): Day => Math.floor(localMs(at) / DAY_MS);

/** Milliseconds since local midnight, by the wall clock. */
export const timeOfDay = (at: Instant): number => localMs(at) - dayOf(at) * DAY_MS;

/**
 * The moment at which the wall clock in Amsterdam shows that time; within an hour of it where the
 * clock is changed.
 */
export function instantOf(day: Day, time = 0): Instant {
  const local = day * DAY_MS + time;
  let at = local;
  for (let i = 0; i < 2; i += 1) at -= localMs(at as Instant) - local;
  return at as Instant;
}

export const dayFrom = (year: number, month: number, day: number): Day => Date.UTC(year, month - 1, day) / DAY_MS;
/** The last day that has a part before the moment. */
export const lastDayBefore = (at: Instant): Day => dayOf((at - 1) as Instant);
export function isoDay(day: Day): string;
export function isoDay(day: Day | undefined): string | undefined;
export function isoDay(day: Day | undefined): string | undefined {
  return day === undefined ? undefined : new Date(day * DAY_MS).toISOString().slice(0, 10);
}
/** 0 for Monday. */
export const weekday = (day: Day): number => (((day + 3) % 7) + 7) % 7;

/** Gauss' rule in the form of Butcher (1876), for the Gregorian calendar. */
export function easterSunday(year: number): Day {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayFrom(year, Math.floor(n / 31), (n % 31) + 1);
}

function kingsDay(year: number): Day {
  const day = dayFrom(year, 4, 27);
  return weekday(day) === 6 ? day - 1 : day;
}

const holidays = new Map<number, ReadonlySet<Day>>();

function holidaysOf(year: number): ReadonlySet<Day> {
  const known = holidays.get(year);
  if (known !== undefined) return known;
  const easter = easterSunday(year);
  const days = new Set([
    dayFrom(year, 1, 1),
    easter + 1,
    kingsDay(year),
    ...(year % 5 === 0 ? [dayFrom(year, 5, 5)] : []),
    easter + 39,
    easter + 50,
    dayFrom(year, 12, 25),
    dayFrom(year, 12, 26),
  ]);
  if (holidays.size >= 64) holidays.clear();
  holidays.set(year, days);
  return days;
}

export const isHoliday = (day: Day): boolean => holidaysOf(new Date(day * DAY_MS).getUTCFullYear()).has(day);

/** Days that an organisation is closed besides weekends and holidays. */
export interface ClosedDays {
  /** Monday is 0. Never all five working days. */
  readonly weekdays: ReadonlySet<number>;
  /** Ranges of days; both ends are included. */
  readonly ranges: readonly (readonly [from: Day, to: Day])[];
  /** Days on which somebody is away, besides. */
  readonly away?: (day: Day) => boolean;
}

export const NEVER_CLOSED: ClosedDays = { weekdays: new Set(), ranges: [] };

export const isWorkingDay = (day: Day, closed: ClosedDays = NEVER_CLOSED): boolean =>
  weekday(day) < 5 &&
  !isHoliday(day) &&
  !closed.weekdays.has(weekday(day)) &&
  !closed.ranges.some(([from, to]) => day >= from && day <= to) &&
  closed.away?.(day) !== true;

/** A practice that seems closed for longer than this is not: its list is wrong, or it has ended. */
const MOST_DAYS = 400;

/**
 * Whatever came at or before this moment has waited for `n` working days. A message that came on a
 * day off waits from the start of the next working day. With a calendar that has no working day for
 * 400 days, every day counts.
 */
export function workingDaysBefore(now: Instant, n: number, closed: ClosedDays = NEVER_CLOSED): Instant {
  const today = dayOf(now);
  const works = isWorkingDay(today, closed);
  let day = today;
  let left = works ? n : n + 1;
  for (let steps = 0; left > 0 && steps < MOST_DAYS; steps += 1) {
    day -= 1;
    if (isWorkingDay(day, closed)) left -= 1;
  }
  if (left > 0) return instantOf(today - n, timeOfDay(now));
  // On a day off the last working day is over: what came at any time of the day found has waited.
  return works ? instantOf(day, timeOfDay(now)) : ((instantOf(day + 1) - 1) as Instant);
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
const MAX_RANGES = 60;

/** Reads `2026-12-24`. */
export function readDay(text: string): Day | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const read = dayFrom(Number(year), Number(month), Number(day));
  return isoDay(read) === text ? read : undefined;
}

/**
 * Reads `wed 2026-12-24..2027-01-03 2027-05-15`: weekdays, days and ranges with blanks between
 * them. `none` is no day.
 */
export function parseClosedDays(text: string): Result<ClosedDays, string> {
  const weekdays = new Set<number>();
  const ranges: (readonly [Day, Day])[] = [];
  for (const word of text.trim().toLowerCase().split(/\s+/)) {
    if (word === 'none' || word === '') continue;
    const named = (WEEKDAYS as readonly string[]).indexOf(word);
    if (named >= 0) {
      weekdays.add(named);
      continue;
    }
    const [first = '', last = first, more] = word.split('..');
    const from = readDay(first);
    const to = readDay(last);
    if (from === undefined || to === undefined || more !== undefined)
      return fail(
        `"${word}" is neither a weekday (mon to fri) nor a day (2026-12-24) nor a range (2026-12-24..2027-01-03)`,
      );
    if (to < from) return fail(`"${word}" ends before it begins`);
    if (to - from >= MOST_DAYS) return fail(`"${word}" is longer than ${MOST_DAYS} days`);
    ranges.push([from, to]);
  }
  if (weekdays.size === WEEKDAYS.length)
    return fail('all weekdays are closed; a practice that is never open cannot fetch');
  if (ranges.length > MAX_RANGES) return fail(`more than ${MAX_RANGES} days and ranges are given`);
  return ok({ weekdays, ranges });
}
