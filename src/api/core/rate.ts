/**
 * Limits how many requests a caller may make: each has a bucket that holds what a minute allows and
 * fills evenly. Every answer says what is left (draft-ietf-httpapi-ratelimit-headers-10), so that a
 * program can slow down before it is refused.
 */
import { BoundedMap } from '../../auth/bounded-map.ts';
import type { Clock } from '../../domain/effects.ts';
import type { Milliseconds } from '../../domain/units.ts';

export interface Spent {
  readonly allowed: boolean;
  /** Requests that are left at once. */
  readonly left: number;
  /**
   * Seconds until the bucket is full again; for a refused request, until the next one is accepted.
   */
  readonly wait: number;
}

interface Bucket {
  left: number;
  at: Milliseconds;
}

const MINUTE = 60_000;
/** Most callers that are remembered; one that is forgotten has a full bucket again. */
const CALLERS = 50_000;

export class RateLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #buckets: BoundedMap<string, Bucket>;

  constructor(clock: Clock, perMinute: number, callers = CALLERS) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#buckets = new BoundedMap(callers);
  }

  get policy(): string {
    return `"caller";q=${this.#perMinute};w=60`;
  }

  /** Counts one request of that caller. */
  spend(caller: string): Spent {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(caller) ?? { left: this.#perMinute, at: now };
    const each = MINUTE / this.#perMinute;
    bucket.left = Math.min(this.#perMinute, bucket.left + (now - bucket.at) / each);
    bucket.at = now;
    const allowed = bucket.left >= 1;
    if (allowed) bucket.left -= 1;
    this.#buckets.set(caller, bucket);
    const missing = allowed ? this.#perMinute - bucket.left : 1 - bucket.left;
    return { allowed, left: Math.floor(bucket.left), wait: Math.max(1, Math.ceil((missing * each) / 1000)) };
  }
}

export const rateHeader = ({ left, wait }: Spent): string => `"caller";r=${left};t=${wait}`;
