/** A clock that a test moves: timers run when `advance` passes them, in order, and never by themselves. */
import type { Clock, Timer } from '../../src/domain/effects.ts';
import { type Instant, type Milliseconds, instant, milliseconds } from '../../src/domain/units.ts';

export class FakeClock implements Clock {
  #now: number;
  #monotonic = 0;
  #timers: { at: number; run: () => void }[] = [];

  constructor(now = Date.UTC(2026, 10, 25, 12)) {
    this.#now = now;
  }

  now(): Instant {
    return instant(this.#now);
  }

  monotonic(): Milliseconds {
    return milliseconds(this.#monotonic);
  }

  after(delay: Milliseconds, run: () => void): Timer {
    const timer = { at: this.#monotonic + delay, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((t) => t !== timer)) };
  }

  /** How many timers wait: a session that ended should leave none. */
  get waiting(): number {
    return this.#timers.length;
  }

  advance(by: number): void {
    const until = this.#monotonic + by;
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#now += next.at - this.#monotonic;
      this.#monotonic = next.at;
      next.run();
    }
    this.#now += until - this.#monotonic;
    this.#monotonic = until;
  }

  /** Lets time pass without running what waited for it: for windows that a test wants behind it, and no deadline. */
  setMonotonic(now: number): void {
    this.#monotonic = now;
  }

  /** Sets the wall clock alone, as an operator or NTP may, also backwards. */
  setWall(now: number): void {
    this.#now = now;
  }
}
