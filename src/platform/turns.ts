/**
 * How long protocol work may go on before timers and other sockets get their turn.
 *
 * One session can bound what it does in a turn of the event loop; a thousand of them together cannot. Two hundred connections that each
 * pipelined a hundred logins held the loop for 120 ms (measured), though none of them took one: promises that are settled already go on
 * without a turn of the loop, and the loop reads every socket that has data before it looks at a timer. So all sessions of a process ask here
 * before each command, and who comes when the time is used up waits in one line. An answer costs a look at the clock.
 *
 * The line is a fair one: pieces of one account's 28 connections count as one who waits.
 */

import { FairLine } from './fair-line.ts';

/** A loop that is held for 50 ms is an incident; 10 is the aim, and the last command may take some as well. */
const LIMIT = 5;
/** Commands and pieces of content of one account in a turn, while others wait for theirs. */
const PIECES = 8;

export class Turns {
  readonly #limit: number;
  readonly #now: () => number;
  #since: number | undefined;
  /** Pieces of this turn, by whose they are. */
  readonly #done = new Map<unknown, number>();
  readonly #waiting = new FairLine<() => void>();

  /** `limit`: milliseconds of work in one turn. */
  constructor(limit = LIMIT, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * True when this turn has done enough, or enough for `key` while others wait: go on in `next`. `key`: whose work it is; undefined: nobody's
   * yet. False counts as a piece that is done now.
   */
  over(key?: unknown): boolean {
    if (this.#since === undefined) {
      this.#since = this.#now();
      setImmediate(this.#turned);
    } else if (this.#now() - this.#since >= this.#limit) return true;
    if (key === undefined) return false;
    const done = this.#done.get(key) ?? 0;
    if (done >= PIECES && this.#othersWait(key)) return true;
    this.#done.set(key, done + 1);
    return false;
  }

  /** Other connections of the same account are no reason to stop: it would only wait for itself. */
  #othersWait(key: unknown): boolean {
    return this.#waiting.keys > (this.#waiting.has(key) ? 1 : 0);
  }

  /** Goes on in a later turn. One waits at a time for each session, so the line is as long as there are connections at most. */
  next(go: () => void, key?: unknown): void {
    this.#waiting.push(key, go);
    if (this.#waiting.length === 1) setImmediate(this.#step);
  }

  /** The same for work in promises: resolves in a turn of its own. For pieces of large messages, of which many may be under way. */
  rest(key?: unknown): Promise<void> {
    return new Promise((go) => this.next(go, key));
  }

  readonly #turned = (): void => {
    this.#since = undefined;
    this.#done.clear();
  };

  /** One in each turn: what it does goes on behind this call, in promises, and asks by itself whether there is time left. */
  readonly #step = (): void => {
    const go = this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(this.#step);
    go?.();
  };
}

/** There is one event loop in a thread, so there is one of these. */
export const turns = new Turns();
