/**
 * Keeps the write-ahead log short: when it has grown by 32 MB it is copied into the database, by another thread while commits go on. The writer
 * copies only what came meanwhile; then all of the log is in the database, and SQLite begins it anew with the next commit.
 *
 * Where the writer copied everything, commits stood still for 70 to 450 ms each time, and it spent a third of its time on that.
 */
import { CHECKPOINT_PAGES, type Db, copyLog, isFull } from './database.ts';
import type { Copier } from './log-copier.ts';

/** Of the pages at which the thread begins: so many the writer copies itself, without another round of the thread. */
const LAST = 1 / 8;
/** Beyond so many large bodies wait for the copy that is under way, but for the first slices of each account; small messages never do. */
const CROWDED = 1 + 1 / 16;
/** Beyond so many all of them wait. */
const FULL = 1 + 1 / 4;
/** Beyond so many the log is copied back by the writer, even while readers hold on to it. */
const LIMIT = 4;
/** How long that may wait for readers. A backup holds on for minutes: then the log grows, and nobody waits. */
const READERS_PATIENCE = 50;
/** For everything else; see openWriting. */
const PATIENCE = 5000;

export interface LogUpkeepOptions {
  readonly db: Db;
  readonly copier: Copier;
  /** In the log, at which it is copied. */
  readonly pages?: number | undefined;
  readonly onFull: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class LogUpkeep {
  readonly #o: LogUpkeepOptions;
  readonly #most: number;
  /** Pages in the log that are not in the database, by estimate. */
  #pages = 0;
  /** Pages that were written since the log began anew. */
  #length = 0;
  /** Pages at which it is copied back again. */
  #at: number;
  /** Pages when the thread began. */
  #mark = 0;
  /** There is no thread to copy. */
  #alone = false;

  constructor(options: LogUpkeepOptions) {
    this.#o = options;
    this.#most = this.#at = options.pages ?? CHECKPOINT_PAGES;
  }

  grew(pages: number): void {
    this.#pages += pages;
    this.#length += pages;
  }

  /** Large bodies would make the log longer faster than it is copied: who sends many waits, or all who do. */
  get crowded(): 'no' | 'some' | 'all' {
    if (!this.#o.copier.busy || this.#length <= CROWDED * this.#most) return 'no';
    return this.#length <= FULL * this.#most ? 'some' : 'all';
  }

  /** After a commit whose answers were given. */
  keep(): void {
    const { copier } = this.#o;
    if (copier.busy) this.#heard();
    else if (this.#pages >= this.#at) this.#copy();
  }

  #copy(): void {
    if (this.#alone || this.#length > LIMIT * this.#most)
      return this.#told(this.copyBack(this.#pages > LIMIT * this.#most));
    this.#mark = this.#pages;
    this.#o.copier.start();
  }

  /** Before the database is closed: nobody else has it open then. A failure of a copy that is under way is told. */
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
    if (outcome.kind === 'full') return this.#o.onFull();
    if (outcome.kind === 'failed') return this.#o.onFailed(new Error(outcome.message));
    if (outcome.kind === 'unable') {
      this.#alone = true;
      return this.#copy();
    }
    const held = outcome.log - outcome.checkpointed;
    this.#pages = Math.max(0, this.#pages - this.#mark + held);
    // Where a reader holds on, trying again at each commit would change nothing.
    if (held > 0) this.#at = this.#pages + this.#most;
    else if (this.#pages <= LAST * this.#most) this.#told(this.copyBack(false));
    else this.#copy();
  }

  #told(room: boolean): void {
    if (!room) this.#o.onFull();
  }

  /** Now, by the writer. False when the disk is too full. `waiting`: also for readers that hold on, for a moment. */
  copyBack(waiting: boolean): boolean {
    const { db, copier, onFailed } = this.#o;
    // SQLite has one copy at a time, and would do nothing beside the other. What comes of that one is still told.
    if (!copier.rest()) return true;
    try {
      db.pragma(`busy_timeout = ${READERS_PATIENCE}`);
      const { log, checkpointed } = copyLog(db, waiting ? 'TRUNCATE' : 'PASSIVE');
      this.#pages = this.#mark = Math.max(0, log - checkpointed);
      if (this.#pages === 0) this.#length = 0;
      this.#at = this.#pages + this.#most;
      return true;
    } catch (error) {
      this.#pages = this.#mark = 0;
      if (isFull(error)) return false;
      onFailed(error);
      return true;
    } finally {
      db.pragma(`busy_timeout = ${PATIENCE}`);
    }
  }
}
