/**
 * Limits how long protocol work may continue before timers and other sockets get their turn.
 *
 * One session can bound what it does in a turn of the event loop; a thousand of them together
 * cannot. Two hundred connections that each pipelined a hundred logins held the loop for 120 ms
 * (measured), though no single login took long. Promises that are settled continue without a turn
 * of the loop, and the loop reads every socket that has data before it looks at a timer. So all
 * sessions of a process ask here before each command, and those that come when the time is used up
 * wait in one queue. The question costs one look at the clock.
 *
 * The queue is fair: the pieces of 28 connections of one account count as one that waits.
 */

import { FairLine } from './fair-line.ts';

/**
 * Milliseconds of work in one turn. A loop that is held for 50 ms is an incident, and the aim is
 * 10; the last command of a turn takes some of that, too.
 */
const LIMIT = 5;
/**
 * Milliseconds of a turn for one account while others come as well. A small message needs about
 * five turns of the loop, and waits as long as these take. Beside 28 busy connections of another
 * account it waited 25 ms, when that account could use all 5 ms of a turn.
 */
const SHARE = 0.7;
/** A turn may be so many times longer than its limit for accounts that had nothing of it yet. */
const FIRST = 2;
/**
 * For so many milliseconds an account counts as present: in this time a small message comes back
 * with its next command.
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
  /** Milliseconds of this turn that each key has used. */
  readonly #used = new Map<unknown, number>();
  /** The key whose piece of work runs, and since when. */
  #doing: { readonly key: unknown; readonly since: number } | undefined;
  /** The key that asked last; `#company`: until when work of other keys is expected. */
  #latest: unknown;
  #company = -Infinity;
  readonly #waiting = new FairLine<() => void>();

  /** `limit`: milliseconds of work in one turn. */
  constructor(limit = LIMIT, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * True if this turn has done enough, or enough for `key` while others come: then continue by
   * `next`. `key`: whose work it is; undefined if that is not known yet. If it answers false, a
   * piece of work of `key` is taken to begin now.
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

  /** Adds the time since the last piece began to the key of that piece. */
  #settle(now: number): void {
    if (this.#doing === undefined) return;
    const { key, since } = this.#doing;
    this.#used.set(key, (this.#used.get(key) ?? 0) + now - since);
    this.#doing = undefined;
  }

  /**
   * Runs `go` in a later turn. A session waits with one piece at a time, so the queue is at most as
   * long as there are connections.
   */
  next(go: () => void, key?: unknown): void {
    this.#waiting.push(key, go);
    if (this.#waiting.length === 1) setImmediate(this.#step);
  }

  /**
   * The same for work in promises: resolves in a turn of its own. It is for pieces of large
   * messages, of which many may run.
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
   * Runs `act` for each of those that there are now, in as many turns as it takes, beginning at
   * once. One that has left meanwhile is skipped. `done` is called after the last.
   *
   * A thousand sessions whose deadline passed in the same second held the loop for 49 ms of
   * processor time (measured), since each is told, logged and closed.
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
    // To clear an empty map would make a new table in each turn.
    if (this.#used.size > 0) this.#used.clear();
  };

  /**
   * Starts one piece in each turn. Its work continues after this call, in promises, and asks by
   * itself whether there is time left.
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
 * Looks at all members of a set again and again, such as at the deadlines of sessions. One round
 * runs at a time; if the next is due meanwhile, it begins after it.
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
