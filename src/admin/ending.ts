/**
 * What ending an account, an address, a partner or an organisation has in common: a time of grace,
 * in which `resume` undoes the end.
 */
import { type Instant, days, instant } from '../domain/units.ts';
import type { AdminContext } from './context.ts';

/** The longest time of grace, in days. */
export const MAX_GRACE = 366;
/**
 * The time of grace in days, if nobody gives one. Within a month somebody misses a mailbox, even
 * around holidays.
 */
export const DEFAULT_GRACE = 30;

/** Until when the end can be undone; undefined if it cannot, as with a grace of 0 days. */
export const endOf = ({ clock }: Pick<AdminContext, 'clock'>, grace: number): Instant | undefined =>
  grace === 0 ? undefined : instant(clock.now() + days(grace));
