/**
 * Counts equal events in a window of time, so that an attack writes one audit row per minute, not
 * one per guess.
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

/** Chooses counts. `network`: as in the trail, an IPv4 address or an IPv6 /64. */
export type Whose = (account: AccountId | undefined, network: string) => boolean;

/**
 * How an event without a key of its own is counted: together with others of its kind. There must be
 * few kinds.
 */
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
   * `first` and `last`: when its first and last event were. Above `limit` keys, new keys of one
   * kind are counted together. Without `othersOf` the window ends early instead. That is only for
   * keys that strangers cannot choose: an IPv6 /48 has 65,536 networks, and reports would come as
   * fast as requests.
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
   * Counts an event. True for the first of its key in this window, and never for an event that is
   * counted with others. The first `subject` of a key stands for all.
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

  /**
   * Reports some counts before their window ends; the next event of such a key is a first one
   * again.
   */
  flushOf(which: (subject: S) => boolean): void {
    for (const [key, { subject, count, last, first }] of this.#counts) {
      if (!which(subject)) continue;
      this.#counts.delete(key);
      this.#report(subject, count, last, first);
    }
  }

  /** Reports all counts and starts again. The timer calls it, too. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const { subject, count, last, first } of counts.values()) this.#report(subject, count, last, first);
  }
}
