/**
 * Deadlines against slow peers, without a timer for each: the listener that owns the sessions looks
 * at all of them once a second.
 *
 * A session moves its deadline at every command; a timer for each move would cost more than the
 * command. All times are monotonic.
 */
import type { Milliseconds } from '../domain/units.ts';

/** One point in time that is moved often and looked at now and then. */
export class Deadline {
  #at = Number.POSITIVE_INFINITY;

  /** Sets the deadline to `time` from `now`. */
  set(now: Milliseconds, time: Milliseconds): void {
    this.#at = now + time;
  }

  /** Clears the deadline: the peer waits for us. */
  clear(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  passed(now: Milliseconds): boolean {
    return now >= this.#at;
  }
}

/**
 * A least rate, judged window by window: a peer that sends an octet now and then is as slow as one
 * that sends none (slowloris).
 *
 * It must be looked at more often than a window is long. A look while we hold the peer back begins
 * the window again.
 */
export class RateWatch {
  readonly #least: number;
  readonly #window: Milliseconds;
  #from = 0;
  #octets = 0;
  #held = false;

  /** `least`: octets that must arrive in each `window`. */
  constructor(least: number, window: Milliseconds) {
    this.#least = least;
    this.#window = window;
  }

  begin(now: Milliseconds): void {
    this.#from = now;
    this.#octets = 0;
    this.#held = false;
  }

  add(octets: number): void {
    this.#octets += octets;
  }

  /** Notes that we stop reading (`true`) or read again (`false`). */
  hold(held: boolean): void {
    this.#held = held;
  }

  /** True if a window has ended with too little in it; then the next one begins. */
  tooSlow(now: Milliseconds): boolean {
    if (!this.#held && now - this.#from < this.#window) return false;
    const slow = !this.#held && this.#octets < this.#least;
    this.#from = now;
    this.#octets = 0;
    return slow;
  }
}
