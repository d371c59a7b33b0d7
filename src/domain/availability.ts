/**
 * How available a site was, from what its probe saw: once a minute a message is submitted at the
 * front door, fetched and erased. A minute is available where all of that was done in it, and else
 * it is not: also where nobody could try.
 *
 * What was seen is kept as spans of whole minutes in which it was the same, so that a good month is
 * one row.
 */
import { type Instant, instant, minutes } from './units.ts';

/** Why a round came to nothing, as it is said to people. */
export const PROBE_CAUSES = {
  account: 'the probe account cannot be used',
  'submit-connect': 'no connection for submission',
  'submit-tls': 'TLS for submission failed',
  'submit-login': 'the login for submission was refused',
  'submit-refused': 'the message was refused',
  'submit-lost': 'submission was not answered',
  'fetch-connect': 'no connection for pickup',
  'fetch-tls': 'TLS for pickup failed',
  'fetch-login': 'the login for pickup was refused',
  'fetch-refused': 'pickup was refused',
  'fetch-lost': 'pickup was not answered',
  'not-found': 'the message was accepted and could not be fetched',
  'not-erased': 'the message could not be erased',
  /** Nobody probed. */
  unmeasured: 'nobody measured: no gateway ran, or it could not write',
  stopped: 'a planned stop of the gateway',
} as const;
export type ProbeCause = keyof typeof PROBE_CAUSES;

export interface ProbeFault {
  readonly cause: ProbeCause;
  /** What the other side said, or what was met: one line. */
  readonly detail: string;
}

/** Longest detail that is kept, in characters. */
export const MAX_DETAIL = 200;

/** State of a site, from the begin of one minute to that of another. */
export interface ProbeSpan {
  readonly site: string;
  readonly since: Instant;
  readonly until: Instant;
  /** Absent: all was well. The detail is that of its first minute. */
  readonly fault?: ProbeFault;
}

export const MINUTE = minutes(1);
/** The begin of its minute. */
export const minuteOf = (at: Instant): Instant => instant(Math.floor(at / MINUTE) * MINUTE);

/** Aim of the field for a year. */
export const AVAILABILITY_AIM = 0.998;

/** A span of time in which a site was not available. */
export interface AvailabilityGap extends ProbeFault {
  readonly since: Instant;
  readonly until: Instant;
  readonly minutes: number;
}

export interface Availability {
  readonly site: string;
  /** What was measured begins and ends here; whole minutes. */
  readonly since: Instant;
  readonly until: Instant;
  readonly minutes: number;
  readonly available: number;
  /** Bad minutes that were in planned stops. */
  readonly planned: number;
  /** Minutes that nobody probed. */
  readonly unmeasured: number;
  /** 0 to 1; every minute that was not available counts, a planned one too. */
  readonly ratio: number;
  readonly gaps: readonly AvailabilityGap[];
}

const lengthOf = ({ since, until }: Pick<ProbeSpan, 'since' | 'until'>): number => Math.round((until - since) / MINUTE);

/**
 * Sums up the spans of one site, in their order, of which none overlaps another. Undefined if there
 * is none.
 */
export function availabilityOf(spans: readonly ProbeSpan[], until: Instant): Availability | undefined {
  const [first] = spans;
  if (first === undefined) return undefined;
  const end = instant(Math.max(minuteOf(until), spans.at(-1)?.until ?? 0));
  const gaps: AvailabilityGap[] = [];
  const gap = (since: Instant, to: Instant, fault: ProbeFault): void => {
    if (to <= since) return;
    const last = gaps.at(-1);
    // Another cause is another span, since each has one cause.
    if (last?.until === since && last.cause === fault.cause) gaps.pop();
    const from = last?.until === since && last.cause === fault.cause ? last : { ...fault, since };
    gaps.push({ ...from, until: to, minutes: lengthOf({ since: from.since, until: to }) });
  };
  let at = first.since;
  for (const span of spans) {
    gap(at, span.since, UNMEASURED);
    if (span.fault !== undefined) gap(span.since, span.until, span.fault);
    at = span.until;
  }
  gap(at, end, UNMEASURED);
  const sum = (wanted: (one: AvailabilityGap) => boolean): number =>
    gaps.filter(wanted).reduce((total, one) => total + one.minutes, 0);
  const all = lengthOf({ since: first.since, until: end });
  const missing = sum(() => true);
  return {
    site: first.site,
    since: first.since,
    until: end,
    minutes: all,
    available: all - missing,
    planned: sum(({ cause }) => cause === 'stopped'),
    unmeasured: sum(({ cause }) => cause === 'unmeasured'),
    ratio: all === 0 ? 1 : (all - missing) / all,
    gaps,
  };
}

export const UNMEASURED: ProbeFault = { cause: 'unmeasured', detail: '' };

/** `99.873 %`: cut, not rounded, so that what fell short does not look as if it had not. */
export const percentText = (ratio: number): string => `${(Math.floor(ratio * 100_000) / 1000).toFixed(3)} %`;
