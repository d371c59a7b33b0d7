/** Calendar months in Amsterdam, counted from January 1970: what is billed. */
import type { Instant } from './units.ts';
import { type Day, dayFrom, dayOf, instantOf } from './working-days.ts';

/** Months since January 1970. */
export type Month = number;

export const monthFrom = (year: number, month: number): Month => (year - 1970) * 12 + month - 1;

export function monthOfDay(day: Day): Month {
  const date = new Date(day * 86_400_000);
  return monthFrom(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

export const monthOf = (at: Instant): Month => monthOfDay(dayOf(at));

export const firstDay = (month: Month): Day => dayFrom(1970 + Math.floor(month / 12), (month % 12) + 1, 1);

/** Its first moment by the wall clock in Amsterdam. */
export const monthStart = (month: Month): Instant => instantOf(firstDay(month));

/** `2026-11`. */
export const isoMonth = (month: Month): string =>
  `${String(1970 + Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}`;

/** Reads `2026-11`; undefined for anything else, and before 1970. */
export function parseMonth(text: string): Month | undefined {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  const read = monthFrom(Number(year), Number(month));
  return read >= 0 ? read : undefined;
}
