/**
 * When a delivery is tried again, and when it is given up.
 *
 * The waits grow: 1 min, 5 min, 15 min, 30 min, 1 h, 2 h, then every 4 h, each up to a fifth longer
 * or shorter so that a hundred messages that failed together do not come back together. RFC 5321
 * section 4.5.4.1 asks for 30 minutes or more between attempts, and for giving up after 4 to 5
 * days. It allows other waits if a program knows why a delivery failed. The first, shorter waits
 * are for one message that a working partner put off (greylisting, a full disk), never for a
 * partner that is down: the breaker decides about that.
 */
import { type Instant, type Milliseconds, hours, instant, minutes } from '../domain/units.ts';

export interface RetrySchedule {
  /** Waits after the first, second, ... failed attempt; the last one repeats. At least one. */
  readonly waits: readonly Milliseconds[];
  /** Age at which a delivery fails for good. The last attempt is made at that time. */
  readonly expire: Milliseconds;
  /** Age at which the sender is told of a delay. */
  readonly delayNotice: Milliseconds;
}

export const defaultWaits: readonly Milliseconds[] = [
  minutes(1),
  minutes(5),
  minutes(15),
  minutes(30),
  hours(1),
  hours(2),
  hours(4),
];

/** A fraction from 0 to 1, for the jitter. */
export type Fraction = () => number;

const JITTER = 0.2;

/** `wait`, up to a fifth shorter or longer. */
export const spread = (wait: number, random: Fraction): number =>
  Math.round(wait * (1 - JITTER + 2 * JITTER * random()));

export const isExpired = (schedule: RetrySchedule, receivedAt: Instant, now: Instant): boolean =>
  now >= receivedAt + schedule.expire;

/** True if the sender is to be told with this attempt that it takes longer. */
export const delayIsDue = (
  schedule: RetrySchedule,
  delivery: { readonly message: { readonly receivedAt: Instant }; readonly delayedAt?: Instant },
  now: Instant,
): boolean => delivery.delayedAt === undefined && now >= delivery.message.receivedAt + schedule.delayNotice;

/**
 * The time of the attempt after the `attempts`-th one, which ended at `now`. An attempt falls on
 * the time of the delay notice and on the time of giving up, so that neither comes hours late.
 */
export function nextAttempt(
  schedule: RetrySchedule,
  receivedAt: Instant,
  attempts: number,
  now: Instant,
  random: Fraction,
): Instant {
  const wait = schedule.waits[Math.min(Math.max(attempts, 1), schedule.waits.length) - 1] ?? hours(4);
  const marks = [receivedAt + schedule.delayNotice, receivedAt + schedule.expire].filter((mark) => mark > now);
  return instant(Math.min(now + spread(wait, random), ...marks));
}
