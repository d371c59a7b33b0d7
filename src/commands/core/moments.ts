/** Kinds of values that say when: days, moments in the past, and moments in the future. */
import { z } from '../../config/zod.ts';
import { parseDuration } from '../../config/units.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { type Day, dayOf, instantOf, isoDay, readDay } from '../../domain/working-days.ts';
import { type Expected, type Kind, kind, ofText } from './kind.ts';

/** A number of days: `60d` on a command line, a number over the socket. */
export const days = (max: number): Kind<number, number> =>
  kind(
    'days',
    {
      en: `a number of days up to ${max}, such as ${Math.min(60, max)}d`,
      nl: `een aantal dagen, hoogstens ${max}, zoals ${Math.min(60, max)}d`,
    },
    z.number(),
    (n) => (Number.isInteger(n) && n >= 1 && n <= max ? n : undefined),
    (value) => {
      const n = (parseDuration(value) ?? 0) / 86_400_000;
      return Number.isInteger(n) && n >= 1 ? n : undefined;
    },
  );

const TIMED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

function readMoment(value: string, ofDay: (day: number) => Instant): Instant | undefined {
  const day = readDay(value);
  if (day !== undefined) return ofDay(day);
  const at = TIMED.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : instant(at);
}

/**
 * The command line counts `yesterday`, `2h` and `14d` from now, so that a day or a moment goes over
 * the socket. Words for days become a day, not a moment. So the same words on the same day are the
 * same input, which two operators may have signed.
 */
function fromWords(value: string, now: Instant, towards: 1 | -1): string {
  const named = { yesterday: -1, today: 0, tomorrow: 1 }[value];
  if (named !== undefined) return isoDay(dayOf(now) + named);
  const length = parseDuration(value);
  if (length === undefined) return value;
  if (value.trimEnd().endsWith('d')) return isoDay(dayOf(now) + (towards * length) / 86_400_000);
  return new Date(now + towards * length).toISOString();
}

const momentOf = (
  word: string,
  expected: Expected,
  ofDay: (day: number) => Instant,
  towards: 1 | -1,
): Kind<Instant> => ({
  ...ofText(word, expected, (value) => readMoment(value, ofDay)),
  fromText: (value, { now }) => fromWords(value, now(), towards),
});
/** A form takes a day as the Dutch write it (web/parts/typed-day.ts). */
const PAST: Expected = {
  en: 'a day such as 2027-12-31, yesterday, 2h or 14d ago, or a time such as 2027-12-31T12:00:00+01:00',
  nl: 'een dag zoals 31-12-2027, 2h of 14d (twee uur of twee weken terug), of een tijd zoals 2027-12-31T12:00:00+01:00',
};
const FUTURE: Expected = {
  en: 'a day such as 2027-12-31, tomorrow, 14d from now, or a time such as 2027-12-31T12:00:00+01:00',
  nl: 'een dag zoals 31-12-2027, 14d (over twee weken), of een tijd zoals 2027-12-31T12:00:00+01:00',
};
const lastOf = (day: number): Instant => instant(instantOf(day + 1) - 1000);

/**
 * The beginning of a period in the past. A day means its first moment, in Amsterdam, wherever the
 * operator is.
 */
export const since = momentOf('moment', PAST, instantOf, -1);
/** The end of a period in the past. A day includes its last millisecond. */
export const until = momentOf('moment', PAST, (day) => instant(instantOf(day + 1) - 1), -1);
/** The beginning of something in the future. A day means its first moment. */
export const begins = momentOf('date', FUTURE, instantOf, 1);
/** The end of something in the future. A day means its last second. */
export const ends = momentOf('date', FUTURE, lastOf, 1);

/** A whole day in the future, in Amsterdam. */
export const day: Kind<Day> = {
  ...ofText(
    'day',
    {
      en: 'a day such as 2027-12-31, tomorrow, or 14d from now',
      nl: 'een dag zoals 31-12-2027, of 14d: over twee weken',
    },
    readDay,
  ),
  fromText: (value, { now }) => fromWords(value, now(), 1),
};
