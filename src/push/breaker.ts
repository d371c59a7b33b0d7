/**
 * One partner's circuit breaker: decides whether its server is worth an attempt now.
 *
 * `closed`: all is well, deliveries go out side by side. A partner that cannot be reached, or is
 * not who it should be, opens it at once: nothing is claimed for that partner until the pause is
 * over. Then one delivery is tried (half-open): it closes the breaker, or opens it for a longer
 * pause. So a dead hospital costs one connection every few minutes and delays nobody else, and its
 * deliveries keep their place: when it is back, all of them go out at once and in order.
 *
 * If the connection was lost in the middle of a message, the message may be at fault (a filter that
 * crashes on it): only three in a row, without a success between them, open the breaker.
 */
import { type Milliseconds, milliseconds, minutes, seconds } from '../domain/units.ts';
import { type Fraction, spread } from './retry.ts';

/**
 * What an attempt showed about the partner. `doubtful`: it broke off in the middle of a message.
 */
export type PartnerSign = 'works' | 'doubtful' | 'down';

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Closed: doubtful signs in a row. Otherwise: how often in a row the breaker was opened. */
  readonly failures: number;
  /** Open: the moment until which nothing is tried, on the monotonic clock. */
  readonly until: Milliseconds;
}

export const closedBreaker: Breaker = { state: 'closed', failures: 0, until: milliseconds(0) };

const DOUBTS = 3;
// RFC 5321 section 4.5.4.1 has 30 minutes for strangers. A partner is a known server of the group,
// and a probe is one connection.
const pauses = [seconds(5), seconds(15), minutes(1), minutes(2), minutes(5)] as const;

const opened = (failures: number, now: Milliseconds, random: Fraction): Breaker => ({
  state: 'open',
  failures,
  until: milliseconds(now + spread(pauses[Math.min(failures, pauses.length) - 1] ?? minutes(5), random)),
});

/**
 * The breaker after an attempt. If the breaker is open, the sign of an attempt that began before
 * can only close it.
 */
export function afterSign(breaker: Breaker, sign: PartnerSign, now: Milliseconds, random: Fraction): Breaker {
  if (sign === 'works') return breaker.state === 'closed' && breaker.failures === 0 ? breaker : closedBreaker;
  switch (breaker.state) {
    case 'closed': {
      const failures = breaker.failures + 1;
      if (sign === 'doubtful' && failures < DOUBTS) return { ...breaker, failures };
      return opened(1, now, random);
    }
    case 'half-open':
      return opened(breaker.failures + 1, now, random);
    case 'open':
      return breaker;
  }
}

/** The breaker at `now`: an open one whose pause is over is half-open. */
export const atTime = (breaker: Breaker, now: Milliseconds): Breaker =>
  breaker.state === 'open' && now >= breaker.until ? { ...breaker, state: 'half-open' } : breaker;
