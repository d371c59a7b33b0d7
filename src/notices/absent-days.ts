/**
 * The days on which nobody is expected to empty a mailbox, since all its addresses have a
 * registered absence.
 *
 * An absence that has ended counts for a while longer: whoever comes back finds the mail of three
 * weeks, and is not warned at once.
 */
import type { Address } from '../domain/address.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import { type Day, dayOf } from '../domain/working-days.ts';
import type { Absences } from '../store/port/registry.ts';

/** Longer than any rhythm in calendar days. */
const LOOK_BACK = days(120);
/** Addresses of one account that are looked at; with more of them somebody is always there. */
const MAX_ADDRESSES = 16;

export interface AbsentDays {
  readonly on: (day: Day) => boolean;
  /** Today all addresses are away, the first of them back at this moment. */
  readonly until?: Instant;
}

export const NEVER_ABSENT: AbsentDays = { on: () => false };

/** `addresses`: the active ones of one account. */
export async function absentDaysOf(
  absences: Pick<Absences, 'listAbsences'>,
  addresses: readonly Address[],
  now: Instant,
): Promise<AbsentDays> {
  if (addresses.length === 0 || addresses.length > MAX_ADDRESSES) return NEVER_ABSENT;
  const spans: (readonly { readonly from: Instant; readonly until: Instant }[])[] = [];
  for (const address of addresses) {
    const found = await absences.listAbsences({ address, limit: 100, endsAfter: instant(now - LOOK_BACK) });
    // One of the addresses was never absent, so its mail is expected to be fetched.
    if (found.length === 0) return NEVER_ABSENT;
    spans.push(found);
  }
  const covered = (day: Day): boolean =>
    spans.every((of) => of.some(({ from, until }) => dayOf(from) <= day && day <= dayOf(instant(until - 1))));
  const current = spans.map((of) => of.find(({ from, until }) => from <= now && now < until)?.until);
  const back = current.every((until) => until !== undefined) ? Math.min(...current) : undefined;
  return { on: covered, ...(back === undefined ? {} : { until: instant(back) }) };
}
