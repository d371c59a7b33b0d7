/**
 * A clock that a test moves: timers run when `advance` passes them, in order, and never by
 * themselves.
 */
import type { Clock, Timer } from '../../src/domain/effects.ts';
import { type Instant, type Milliseconds, instant, milliseconds } from '../../src/domain/units.ts';

/** Milliseconds. */
const LEAP = 86_400_000;
const LEAPT_OVER = 60_000;
/**
 * How often a timer that sets itself again runs in one leap at most: once a minute of a month was
 * 43,000 times, and three seconds of a test for each timer.
 */
const STEPS = 1500;

/** Fraction of a millisecond, and how many of them stay below one. */
const FRACTION = 2 ** -20;
const MOST_ASKED = 2 ** 20 - 1;

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  #monotonic = 0;
  #asked = 0;
  /**
   * Times of the monotonic clock have a fraction of a millisecond, as the real ones, which is
   * another at each call: who reckons with whole ones is found.
   */
  fractions = false;
  readonly #timers = new Set<Waiting>();
  /** The least delay of what is set while time leaps. */
  #least = 0;
  /** Resolves when what timers have set off is done, where that is done beside this process. */
  quiet?: () => Promise<void>;

  constructor(now = Date.UTC(2026, 10, 25, 12)) {
    this.#now = now;
  }

  now(): Instant {
    return instant(this.#now);
  }

  monotonic(): Milliseconds {
    if (this.fractions) this.#asked = Math.min(this.#asked + 1, MOST_ASKED);
    return milliseconds(this.#monotonic + this.#asked * FRACTION);
  }

  after(delay: Milliseconds, run: () => void): Timer {
    const timer = { at: this.#monotonic + Math.max(delay, this.#least), run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** How many timers wait: a session that ended should leave none. */
  get waiting(): number {
    return this.#timers.size;
  }

  /**
   * Over more than a day, what a timer that ran sets for less than a minute later comes after a
   * minute, or after more where the leap is longer.
   */
  advance(by: number): void {
    const until = this.#monotonic + by;
    this.#least = by > LEAP ? Math.max(LEAPT_OVER, by / STEPS) : 0;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.at > until) break;
      this.#timers.delete(next);
      this.#now += next.at - this.#monotonic;
      this.#monotonic = next.at;
      next.run();
    }
    this.#least = 0;
    this.#now += until - this.#monotonic;
    this.#monotonic = until;
  }

  /** The next timer; of those for the same moment, the one that was set first. */
  #next(): Waiting | undefined {
    let next: Waiting | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }

  /**
   * Lets time pass without running what waited for it: for windows that a test wants behind it, and
   * no deadline.
   */
  setMonotonic(now: number): void {
    this.#monotonic = now;
  }

  /** Sets the wall clock alone, as an operator or NTP may, also backwards. */
  setWall(now: number): void {
    this.#now = now;
  }
}
