/**
 * The store's own time: the wall clock, but never going back. Where the wall clock is set back, it
 * goes on at the pace of the monotonic clock from where it was, so that retention times and the
 * order of rows survive.
 */
import type { Clock } from '../../domain/effects.ts';
import { type Instant, instant } from '../../domain/units.ts';

export class StoreTime {
  readonly #clock: Clock;
  #base: number;
  #since: number;

  /** `floor`: the latest time that the store has written down. */
  constructor(clock: Clock, floor: Instant) {
    this.#clock = clock;
    this.#base = floor;
    this.#since = clock.monotonic();
  }

  now(): Instant {
    const monotonic = this.#clock.monotonic();
    this.#base = Math.max(this.#clock.now(), this.#base + Math.trunc(monotonic - this.#since));
    this.#since = monotonic;
    return instant(this.#base);
  }
}
