/**
 * Counts like events of one window of time, so that an attack writes one audit row a minute and not
 * one a guess.
 */
import type { AccountId } from '../domain/ids.ts';
import type { Clock, Timer } from '../domain/effects.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';

interface Counted<S> {
  readonly subject: S;
  count: number;
  readonly first: Instant;
  last: Instant;
}

/** Which counts are meant. `network`: as the trail has it, an address or an IPv6 /64. */
export type Whose = (account: AccountId | undefined, network: string) => boolean;

/** Beside a key of its own: what is counted together with others of its kind. Kinds must be few. */
export interface Others<S> {
  readonly kind: string;
  readonly subject: S;
}

/** Name in a summary row, in place of a login name and a network. */
export const OTHERS = '(others)';

export class Tally<S> {
  readonly #clock: Clock;
  readonly #window: Milliseconds;
  readonly #limit: number;
  readonly #report: (subject: S, count: number, last: Instant, first: Instant) => void;
  readonly #othersOf: ((subject: S) => Others<S>) | undefined;
  #counts = new Map<string, Counted<S>>();
  #timer: Timer | undefined;

  /**
   * `report` is called once for each key when the window that began with the first event ends.
   * `first` and `last`: when those of them were. Of keys above `limit`, those of one kind are one
   * more; without `othersOf` the window ends early, which is for keys that no stranger makes up:
   * from an IPv6 /48 there are 65,536 networks, and reports would come as fast as requests.
   */
  constructor(
    clock: Clock,
    window: Milliseconds,
    limit: number,
    report: (subject: S, count: number, last: Instant, first: Instant) => void,
    othersOf?: (subject: S) => Others<S>,
  ) {
    this.#clock = clock;
    this.#window = window;
    this.#limit = limit;
    this.#report = report;
    this.#othersOf = othersOf;
  }

  /**
   * Returns true for the first of its key in this window, and never for others. The first `subject`
   * of a key stands for all.
   */
  add(key: string, subject: S): boolean {
    if (this.#counts.has(key) || this.#counts.size < this.#limit) return this.#add(key, subject);
    if (this.#othersOf === undefined) {
      this.flush();
      return this.#add(key, subject);
    }
    const others = this.#othersOf(subject);
    this.#add(`\0${others.kind}`, others.subject);
    return false;
  }

  #add(key: string, subject: S): boolean {
    const counted = this.#counts.get(key);
    if (counted !== undefined) {
      counted.count += 1;
      counted.last = this.#clock.now();
      return false;
    }
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

  /** Reports what was counted and starts again; also the end of its timer. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const { subject, count, last, first } of counts.values()) this.#report(subject, count, last, first);
  }
}
