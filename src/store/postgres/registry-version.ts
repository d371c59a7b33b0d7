/**
 * Holds what this node remembers of the registry to what is in the database: a number there rises
 * with each change, in its transaction. It is read four times a second, and at once where another
 * node hints. What was not confirmed for a second is not relied on: a suspended account, a changed
 * password or a revoked certificate holds at every node within that time, or the node serves
 * nobody.
 */
import type { Clock, Log, Timer } from '../../domain/effects.ts';
import { milliseconds, seconds } from '../../domain/units.ts';
import { int } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { StoreUnavailable } from '../store.ts';

const EVERY = milliseconds(250);
/** Numbers of our own changes that are kept: what is judged now and filed soon lies above them. */
const MOST_OWN = 1000;
/** Larger than any number of changes. */
const HISTORY = 2 ** 40;
export const CONFIRMED_FOR = seconds(1);

export interface VersionParts {
  /** Runs on a session of its own, which waits behind no mail. */
  readonly run: <T>(change: Change<T>) => Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when everything that is remembered may be wrong. */
  readonly changed: () => void;
}

export class RegistryVersion {
  readonly #p: VersionParts;
  #version = -1;
  /**
   * Added in front of the numbers of this history, so that a number of another history is never
   * equal.
   */
  #history = 0;
  /** Numbers that changes of this node made, the latest last. */
  readonly #own = new Set<number>();
  /** By our own clock, before the look that confirmed it began. */
  #confirmed = -Infinity;
  #looking: Promise<void> | undefined;
  /** Somebody hinted while a look was under way, which may have read before. */
  #again = false;
  #timer: Timer | undefined;
  #stopped = false;
  #behind = false;

  constructor(parts: VersionParts) {
    this.#p = parts;
  }

  /** Rejects if the first look fails. */
  async start(): Promise<void> {
    await this.#read();
    this.#later();
  }

  /** The registry number that belongs to what is remembered. */
  get version(): number {
    return this.#history * HISTORY + this.#version;
  }

  /** Before an answer that rests on what is remembered. Throws StoreUnavailable. */
  check(): void {
    if (this.#p.clock.monotonic() - this.#confirmed > CONFIRMED_FOR)
      throw new StoreUnavailable(
        'Whether accounts have changed cannot be seen at present: the database has not answered for a second; try again',
      );
  }

  /**
   * This node has made it that number, and forgets what it has to by itself. Said when the commit
   * is certain, and not before: one that hangs may be undone, and the number be another node's.
   * Whoever looks in between forgets all.
   */
  raised(version: number): void {
    this.#own.add(version);
    for (const oldest of this.#own) {
      if (this.#own.size <= MOST_OWN) break;
      this.#own.delete(oldest);
    }
  }

  /**
   * Whether what was judged while the registry had the number `judged` holds where it has `now`:
   * nobody else has changed anything between.
   */
  follows(judged: number, now: number): boolean {
    return this.#follows(judged - this.#history * HISTORY, now);
  }

  #follows(judged: number, now: number): boolean {
    if (judged < 0 || now < judged || now - judged > this.#own.size) return false;
    for (let n = judged + 1; n <= now; n += 1) if (!this.#own.has(n)) return false;
    return true;
  }

  /**
   * The database is on another history: a change of ours may not stand, and its number be
   * another's. Nothing that is remembered is relied on until a look has confirmed it, which finds
   * another number than before and has all forgotten.
   */
  forget(): void {
    this.#history += 1;
    this.#version = -1;
    this.#confirmed = -Infinity;
    this.#own.clear();
    this.hint();
  }

  /** A look that begins now has ended, well or not. */
  async caughtUp(): Promise<void> {
    this.hint();
    await this.settled();
  }

  /** Something has changed, as another node says, or a transaction has seen. */
  hint(): void {
    if (this.#looking === undefined) this.#look();
    else this.#again = true;
  }

  /** Resolves when no look is under way: for tests. */
  async settled(): Promise<void> {
    while (this.#looking !== undefined) await this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.settled();
  }

  #later(): void {
    if (!this.#stopped) this.#timer = this.#p.clock.after(EVERY, () => this.#look());
  }

  #look(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#again = false;
    this.#looking = this.#read()
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        this.#looking = undefined;
        if (this.#again) this.#look();
        else this.#later();
      });
  }

  async #read(): Promise<void> {
    const asked = this.#p.clock.monotonic();
    const history = this.#history;
    const { version } = await this.#p.run(read());
    // The version was read before the history changed. The next look has begun, or will.
    if (history !== this.#history) return;
    if (this.#behind) this.#p.log.info('store.registry-seen', {});
    this.#behind = false;
    const others = !this.#follows(this.#version, version);
    this.#version = version;
    if (others) this.#p.changed();
    this.#confirmed = asked;
  }

  #failed(error: unknown): void {
    if (this.#behind) return;
    this.#behind = true;
    this.#p.log.warn('store.registry-not-seen', { why: error instanceof Error ? error.message : String(error) });
  }
}

const read = () => sql.one({ version: int })`SELECT version FROM registry_version`;
