/**
 * Message ids: 42 bits of milliseconds since 1970 (until 2109), then 21 bits that count within the millisecond. They rise whatever the
 * clock does, because they start above the highest id that the store has ever filed.
 */
import { type Instant, instant } from '../../domain/units.ts';

const COUNTER_BITS = 21n;

export const idTime = (id: bigint): Instant => instant(Number(id >> COUNTER_BITS));
/** The lowest id of a millisecond. */
export const firstIdAt = (at: Instant): bigint => BigInt(at) << COUNTER_BITS;

export class MessageIds {
  #last: bigint;

  constructor(highest: bigint) {
    this.#last = highest;
  }

  next(now: Instant): bigint {
    const first = firstIdAt(now);
    this.#last = first > this.#last ? first : this.#last + 1n;
    return this.#last;
  }
}
