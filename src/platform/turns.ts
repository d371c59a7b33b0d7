/**
 * How long protocol work may go on before timers and other sockets get their turn.
 *
 * One session can bound what it does in a turn of the event loop; a thousand of them together
 * cannot. Two hundred connections that each pipelined a hundred logins held the loop for 120 ms
 * (measured), though none of them took one: promises that are settled already go on without a turn
 * of the loop, and the loop reads every socket that has data before it looks at a timer. So all
 * sessions of a process ask here before each command, and who comes when the time is used up waits
 * in one line. An answer costs a look at the clock.
 *
 * The line is a fair one: pieces of one account's 28 connections count as one who waits.
 */

import { FairLine } from './fair-line.ts';

/**
 * A loop that is held for 50 ms is an incident; 10 is the aim, and the last command may take some
 * as well.
 */
const LIMIT = 5;
/**
 * Milliseconds of a turn for one account while others come as well. A small message needs some five
 * turns of the loop, and waits as long as these take: beside 28 busy connections of one account it
 * waited 25 ms where a turn was 5 ms for the first who came.
 */
const SHARE = 0.7;
/** So much longer than its limit may a turn take for accounts that had nothing of it yet. */
const FIRST = 2;
/**
 * For so long somebody else is remembered, in milliseconds: the time in which a small message comes
 * back with its next command.
 */
const COMPANY = 100;

/** A set, or the keys of a map. */
interface Members<T> {
  keys(): Iterable<T>;
  has(one: T): boolean;
}

export class Turns {
  readonly #limit: number;
  readonly #now: () => number;
  #since: number | undefined;
  /** Milliseconds of this turn, by whose they are. */
  readonly #used = new Map<unknown, number>();
  /** Whose piece of work is being done, and since when. */
  #doing: { readonly key: unknown; readonly since: number } | undefined;
  /** The key that asked last, and until when others than that one are expected. */
  #latest: unknown;
  #company = -Infinity;
  readonly #waiting = new FairLine<() => void>();

  /** `limit`: milliseconds of work in one turn. */
  constructor(limit = LIMIT, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * True when this turn has done enough, or enough for `key` while others come: go on in `next`.
   * `key`: whose work it is; undefined: nobody's yet. False counts as a piece that is done from now
   * on.
   */
  over(key?: unknown): boolean {
    const now = this.#now();
    this.#settle(now);
    if (this.#since === undefined) {
      this.#since = now;
      setImmediate(this.#turned);
    }
    if (this.#isOver(key, now - this.#since, now)) return true;
    this.#doing = { key, since: now };
    return false;
  }

  #isOver(key: unknown, spent: number, now: number): boolean {
    if (key === undefined) return spent >= this.#limit;
    if (this.#latest !== key) {
      if (this.#latest !== undefined) this.#company = now + COMPANY;
      this.#latest = key;
    }
    if (now >= this.#company) return spent >= this.#limit;
    const own = this.#used.get(key);
    if (own === undefined) return spent >= this.#limit * FIRST;
    return own >= SHARE || spent >= this.#limit;
  }

  /** What went on since the last piece began is that piece's. */
  #settle(now: number): void {
    if (this.#doing === undefined) return;
    const { key, since } = this.#doing;
    this.#used.set(key, (this.#used.get(key) ?? 0) + now - since);
    this.#doing = undefined;
  }

  /**
   * Goes on in a later turn. One waits at a time for each session, so the line is as long as there
   * are connections at most.
   */
  next(go: () => void, key?: unknown): void {
    this.#waiting.push(key, go);
    if (this.#waiting.length === 1) setImmediate(this.#step);
  }

  /**
   * The same for work in promises: resolves in a turn of its own. For pieces of large messages, of
   * which many may be under way.
   */
  rest(key?: unknown): Promise<void> {
    return new Promise((go) => this.next(go, key));
  }

  /** Runs `go` in this turn if it has time left, otherwise in a later one. */
  soon(go: () => void, key?: unknown): void {
    if (this.over(key)) this.next(go, key);
    else go();
  }

  /**
   * Does the same for each of those that there are now, in as many turns as it takes; the first
   * ones at once. Who has left by then is passed over. `done`: after the last.
   *
   * A thousand sessions whose deadline passed in the same second held the loop for 49 ms of
   * processor time, as each is told, logged and closed (measured).
   */
  each<T>(all: Members<T>, act: (one: T) => void, done?: () => void): void {
    const list = [...all.keys()];
    let at = 0;
    const go = (): void => {
      for (const one of list.slice(at)) {
        at += 1;
        if (!all.has(one)) continue;
        act(one);
        if (at < list.length && this.over()) return this.next(go);
      }
      done?.();
    };
    go();
  }

  readonly #turned = (): void => {
    this.#since = undefined;
    this.#doing = undefined;
    // An emptied map is a new table, in each turn.
    if (this.#used.size > 0) this.#used.clear();
  };

  /**
   * One in each turn: what it does goes on behind this call, in promises, and asks by itself
   * whether there is time left.
   */
  readonly #step = (): void => {
    const go = this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(this.#step);
    go?.();
  };
}

/** There is one event loop in a thread, so there is one of these. */
export const turns = new Turns();

/**
 * A look at all of many that is due again and again, such as at the deadlines of sessions: one at a
 * time, and what came due meanwhile is made up for behind it.
 */
export class Round<T> {
  readonly #all: Members<T>;
  readonly #look: (one: T) => void;
  readonly #turns: Turns;
  #state: 'ended' | 'under-way' | 'due-again' = 'ended';

  constructor(all: Members<T>, look: (one: T) => void, its = turns) {
    this.#all = all;
    this.#look = look;
    this.#turns = its;
  }

  begin(): void {
    if (this.#state !== 'ended') {
      this.#state = 'due-again';
      return;
    }
    this.#state = 'under-way';
    this.#turns.each(this.#all, this.#look, () => this.#ended());
  }

  #ended(): void {
    const isDue = this.#state === 'due-again';
    this.#state = 'ended';
    if (isDue) this.begin();
  }
}
