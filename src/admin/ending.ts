/**
 * What `end` has in common for an account, an address, a partner and an organisation: a time of
 * grace, in which `resume` takes it back.
 */
import { type Instant, days, instant } from '../domain/units.ts';
import type { AdminContext } from './context.ts';

/** Longest time of grace, in days. */
export const MAX_GRACE = 366;
/** Days, where nothing is said: somebody misses a mailbox within a month, with holidays between. */
export const DEFAULT_GRACE = 30;

/** Until when an end can be taken back; undefined: not at all, as with 0 days. */
export const endOf = ({ clock }: Pick<AdminContext, 'clock'>, grace: number): Instant | undefined =>
  grace === 0 ? undefined : instant(clock.now() + days(grace));
