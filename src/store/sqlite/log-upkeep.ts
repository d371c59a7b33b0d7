/**
 * Keeps the write-ahead log short. Another thread copies it into the database while commits go on,
 * 2 MB at a time; once the log is 32 MB long the writer copies the little that came meanwhile. Then
 * all of it is in the database, and SQLite begins it again with the next commit.
 *
 * Where the writer copied everything, commits stood still for 70 to 450 ms each time, and it spent
 * a third of its time on that. Where the thread copied 32 MB at a time, its sync took 110 ms of a
 * disk that writes 300 MB a second, and every commit meanwhile as long.
 */
import { type Db, LOG_OCTETS, copyLog, isFull, shapeOf } from './database.ts';
import type { Copier } from './log-copier.ts';

/**
 * So many make the length at which the log begins again. A sync of the writer waits for what the
 * thread just wrote.
 */
const PORTIONS = 16;
/** Part of a portion that the writer copies itself, without another round of the thread. */
const LAST = 1 / 2;
/**
 * Of the length at which the log begins anew: beyond that, large bodies wait for the copy that is
 * under way, but for the first slices of each account; small messages never do.
 */
const CROWDED = 1 + 1 / 16;
/** Part of that length beyond which all large bodies wait. */
const FULL = 1 + 1 / 4;
/**
 * Multiple of that length beyond which the writer copies the log back, even while readers use it.
 */
const LIMIT = 4;
/**
 * How long that may wait for readers. A backup holds on for minutes: then the log grows, and nobody
 * waits.
 */
const READERS_PATIENCE = 50;
/** Busy time-out for everything else; see openWriting. */
const PATIENCE = 5000;

export interface LogUpkeepOptions {
  readonly db: Db;
  readonly copier: Copier;
  /** Pages at which the log begins again; absent: 32 MB. */
  readonly pages?: number | undefined;
  /** The disk is full: the space of the log file is wanted back. */
  readonly isShort: () => boolean;
  readonly onFull: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class LogUpkeep {
  readonly #o: LogUpkeepOptions;
  readonly #most: number;
  /** Pages that are copied at a time. */
  readonly #portion: number;
  /** Pages in the log that are not in the database, by estimate. */
  #pages = 0;
  /** Pages that were written since the log began again. */
  #length = 0;
  /**
   * Pages at which the thread copies again. While a reader uses the log, trying at each commit
   * would change nothing.
   */
  #at: number;
  /** Pages when the thread began. */
  #mark = 0;
  /** True: there is no thread that could copy. */
  #alone = false;

  constructor(options: LogUpkeepOptions) {
    this.#o = options;
    this.#most = options.pages ?? Math.floor(LOG_OCTETS / shapeOf(options.db).pageOctets);
    this.#portion = this.#at = Math.ceil(this.#most / PORTIONS);
  }

  grew(pages: number): void {
    this.#pages += pages;
    this.#length += pages;
  }

  /**
   * Large bodies would make the log longer faster than it is copied: who sends many waits, or all
   * who do.
   */
  get crowded(): 'no' | 'some' | 'all' {
    if (!this.#o.copier.busy || this.#length <= CROWDED * this.#most) return 'no';
    return this.#length <= FULL * this.#most ? 'some' : 'all';
  }

  /** Called after a commit whose answers were given. */
  keep(): void {
    const { copier } = this.#o;
    if (copier.busy) this.#heard();
    // On a full disk little is committed, and the log would keep for good what new mail waits for.
    else if (this.#length > 0 && this.#o.isShort()) this.#told(this.copyBack(true));
    else if (this.#pages >= this.#at) this.#copy();
  }

  #copy(): void {
    if (this.#alone || this.#length > LIMIT * this.#most)
      return this.#told(this.copyBack(this.#pages > LIMIT * this.#most));
    this.#mark = this.#pages;
    this.#o.copier.start();
  }

  /**
   * Called before the database is closed, when nothing else has it open. Reports a failed copy that
   * is under way.
   */
  end(): void {
    const { copier } = this.#o;
    copier.rest();
    const outcome = copier.outcome();
    if (outcome?.kind === 'failed') this.#o.onFailed(new Error(outcome.message));
    copier.end();
  }

  #heard(): void {
    const outcome = this.#o.copier.outcome();
    if (outcome === undefined) return;
    if (outcome.kind === 'full') {
      this.#notCopied();
      return this.#o.onFull();
    }
    if (outcome.kind === 'failed') return this.#o.onFailed(new Error(outcome.message));
    if (outcome.kind === 'unable') {
      this.#alone = true;
      return this.#copy();
    }
    const held = outcome.log - outcome.checkpointed;
    const since = this.#pages - this.#mark;
    this.#length = outcome.log + since;
    this.#pages = held + since;
    this.#at = this.#pages + this.#portion;
    if (held > 0 || this.#length < this.#most) return;
    if (since <= LAST * this.#portion) this.#told(this.copyBack(false));
    else this.#copy();
  }

  /**
   * Tried again after one more portion: at each commit it would fail as often, and an older mark
   * may be far away.
   */
  #notCopied(): void {
    this.#pages = this.#mark = 0;
    this.#at = this.#portion;
  }

  #told(room: boolean): void {
    if (!room) this.#o.onFull();
  }

  /**
   * Copies the log now, in the writer. False if the disk is too full. `waiting`: waits a moment for
   * readers, too.
   */
  copyBack(waiting: boolean): boolean {
    const { db, copier, onFailed } = this.#o;
    // SQLite has one copy at a time, and would do nothing beside the other. What comes of that one
    // is still told.
    if (!copier.rest()) return true;
    try {
      db.pragma(`busy_timeout = ${READERS_PATIENCE}`);
      const { log, checkpointed } = copyLog(db, waiting ? 'TRUNCATE' : 'PASSIVE');
      this.#pages = this.#mark = Math.max(0, log - checkpointed);
      if (this.#pages === 0) this.#length = 0;
      this.#at = this.#pages + this.#portion;
      return true;
    } catch (error) {
      this.#notCopied();
      if (isFull(error)) return false;
      onFailed(error);
      return true;
    } finally {
      db.pragma(`busy_timeout = ${PATIENCE}`);
    }
  }
}
