/** Fields that are numbers and times: durations, sizes, counts, days. */
import { formatOctets, parseOctets } from '../../domain/octets-text.ts';
import { type Milliseconds, type Octets, minutes, octets } from '../../domain/units.ts';
import { formatDuration, parseDuration } from '../units.ts';
import type { z } from '../zod.ts';
import { type FieldMeta, field, withInitial, writeValue } from './field.ts';

/** A duration. `initial`, `min` and `max` are in the form of the file. */
export function duration(about: string, initial: string, min: string, max: string): z.ZodType<Milliseconds> {
  return withinTimes(
    { about, initial, expects: `a length of time from ${min} to ${max}, such as "${initial}"` },
    min,
    max,
  );
}

/** A duration that may be absent, which then has a meaning of its own. */
export const givenDuration = (about: string, example: string, min: string, max: string): z.ZodType<Milliseconds> =>
  withinTimes({ about, expects: `a length of time from ${min} to ${max}, such as "${example}"` }, min, max);

function withinTimes(meta: FieldMeta, min: string, max: string): z.ZodType<Milliseconds> {
  const [low = 0, high = 0] = [parseDuration(min), parseDuration(max)];
  const written = (value: Milliseconds): string => writeValue(formatDuration(value));
  return field({ ...meta, written }, (raw) => {
    const value = typeof raw === 'string' ? parseDuration(raw) : undefined;
    return value !== undefined && value >= low && value <= high ? value : undefined;
  });
}

/** A list of durations, each at least as long as the one before. */
export function durations(
  about: string,
  initial: readonly string[],
  min: string,
  max: string,
): z.ZodType<readonly Milliseconds[]> {
  const [low = 0, high = 0] = [parseDuration(min), parseDuration(max)];
  const expects = `a list of 1 to 20 growing lengths of time from ${min} to ${max}, such as ${writeValue(initial)}`;
  const written = (value: readonly Milliseconds[]): string => writeValue(value.map(formatDuration));
  return field({ about, expects, initial, written }, (raw) => {
    if (!Array.isArray(raw) || raw.length === 0 || raw.length > 20) return undefined;
    const read = raw.map((text: unknown) => (typeof text === 'string' ? parseDuration(text) : undefined));
    const grows = read.every(
      (value, i) => value !== undefined && value >= Math.max(low, read[i - 1] ?? low) && value <= high,
    );
    return grows ? read.filter((value) => value !== undefined) : undefined;
  });
}

/**
 * Writes a size. It uses powers of 1000 if it is no whole number in powers of 1024: 50MB is no
 * whole number of KiB.
 */
function sizeWritten(value: Octets): string {
  const inThousands = (
    [
      ['GB', 1e9],
      ['MB', 1e6],
      ['KB', 1e3],
    ] as const
  ).find(([, unit]) => value >= unit && value % unit === 0);
  const text = formatOctets(value);
  return writeValue(
    inThousands !== undefined && /\dB$/.test(text) ? `${value / inThousands[1]}${inThousands[0]}` : text,
  );
}

/** A size in octets. */
export function size(about: string, initial: string, min: string, max: string): z.ZodType<Octets> {
  const [low = 0, high = 0] = [parseOctets(min), parseOctets(max)];
  const expects = `a size from ${min} to ${max}, such as "${initial}"`;
  return field({ about, expects, initial, written: sizeWritten }, (raw) => {
    const value = typeof raw === 'string' ? parseOctets(raw) : undefined;
    return value !== undefined && value >= low && value <= high ? octets(value) : undefined;
  });
}

export function count(about: string, initial: number | undefined, min: number, max: number): z.ZodType<number> {
  return field(withInitial({ about, expects: `a whole number from ${min} to ${max}` }, initial), (raw) =>
    typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max ? raw : undefined,
  );
}

/** A day as it is written. It must exist in the calendar. */
export const day = (about: string): z.ZodType<string> =>
  field({ about, expects: 'a day, such as "2027-06-30"' }, (raw) => {
    // TOML has dates of its own, without quotes.
    const text = raw instanceof Date ? raw.toISOString() : raw;
    if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
    const at = new Date(`${text}T00:00:00Z`);
    return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? text : undefined;
  });

const timeWritten = (value: Milliseconds): string => {
  const minute = value / 60_000;
  return writeValue([Math.floor(minute / 60), minute % 60].map((n) => String(n).padStart(2, '0')).join(':'));
};

/** A time of day by the clock in Amsterdam, as milliseconds since midnight. */
export const timeOfDay = (about: string): z.ZodType<Milliseconds> =>
  field({ about, expects: 'a time of day, such as "02:30"', written: timeWritten }, (raw) => {
    const read = typeof raw === 'string' ? /^([01]\d|2[0-3]):([0-5]\d)$/.exec(raw) : null;
    return read === null ? undefined : minutes(Number(read[1]) * 60 + Number(read[2]));
  });
