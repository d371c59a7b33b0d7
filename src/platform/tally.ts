/** Counts like events of one window of time, so that an attack writes one audit row a minute and not one a guess. */
import type { Clock, Timer } from '../domain/effects.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';

interface Counted<S> {
  readonly subject: S;
  count: number;
  readonly first: Instant;
  last: Instant;
}

export class Tally<S> {
  readonly #clock: Clock;
  readonly #window: Milliseconds;
  readonly #limit: number;
  readonly #report: (subject: S, count: number, last: Instant, first: Instant) => void;
  #counts = new Map<string, Counted<S>>();
  #timer: Timer | undefined;

  /** `report` is called once for each key when the window that began with the first event ends, or when `limit` keys are held. `first` and `last`: when those of them were. */
  constructor(
    clock: Clock,
    window: Milliseconds,
    limit: number,
    report: (subject: S, count: number, last: Instant, first: Instant) => void,
  ) {
    this.#clock = clock;
    this.#window = window;
    this.#limit = limit;
    this.#report = report;
  }

  /** Returns true for the first of its key in this window. The first `subject` of a key stands for all. */
  add(key: string, subject: S): boolean {
    const counted = this.#counts.get(key);
    if (counted !== undefined) {
      counted.count += 1;
      counted.last = this.#clock.now();
      return false;
    }
    if (this.#counts.size >= this.#limit) this.flush();
    const now = this.#clock.now();
    this.#counts.set(key, { subject, count: 1, first: now, last: now });
    this.#timer ??= this.#clock.after(this.#window, () => this.flush());
    return true;
  }

  /** Reports some before their window ends; the next event of such a key is the first again. */
  flushOf(which: (subject: S) => boolean): void {
    for (const [key, { subject, count, last, first }] of this.#counts) {
      if (!which(subject)) continue;
      this.#counts.delete(key);
      this.#report(subject, count, last, first);
    }
  }

  /** Reports what was counted and starts anew; also the end of its timer. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const { subject, count, last, first } of counts.values()) this.#report(subject, count, last, first);
  }
}
