/**
 * A clock that only the test moves. Timers run in order when `advance` passes them, and never by
 * themselves.
 */
import type { Clock, Timer } from '../../src/domain/effects.ts';
import { type Instant, type Milliseconds, instant, milliseconds } from '../../src/domain/units.ts';

/**
 * Both in milliseconds. In a step longer than LEAP, a timer that runs again within LEAPT_OVER is
 * delayed.
 */
const LEAP = 86_400_000;
const LEAPT_OVER = 60_000;
/**
 * Most runs of a timer that sets itself again, within one step. One that ran every minute of a
 * month ran 43,000 times, which took three seconds of a test.
 */
const STEPS = 1500;

/** A fraction of a millisecond, and how many of these stay below one millisecond. */
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
   * Gives the monotonic times a fraction of a millisecond that differs at each call, as on a real
   * clock. This finds code that counts on whole milliseconds.
   */
  fractions = false;
  readonly #timers = new Set<Waiting>();
  /** The least delay of timers that are set during the present step. */
  #least = 0;
  /** Resolves when the work that timers started is done, if it is done outside this process. */
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

  /** Number of timers that wait. A session that has ended should leave none. */
  get waiting(): number {
    return this.#timers.size;
  }

  /**
   * Moves the clock. In a step of more than a day, a timer that runs and sets itself again within a
   * minute waits for a minute, or for longer if the step is longer.
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
   * Lets time pass without running timers: for a test that needs a time window to be over, but no
   * deadline to run.
   */
  setMonotonic(now: number): void {
    this.#monotonic = now;
  }

  /** Sets the wall clock alone, as an operator or NTP may do. It may go backwards. */
  setWall(now: number): void {
    this.#now = now;
  }
}
