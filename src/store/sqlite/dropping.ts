/**
 * What gives octets back, a bounded slice in each transaction: bodies that were given up, content that nothing needs.
 */
import type Database from 'better-sqlite3';
import type { Db } from './database.ts';
import { ROWS } from './deleted-mail.ts';

/** 8 chunks are 2 MB. */
const CHUNKS = 8;
/** Name of the fact below which no id is made again. */
const HIGHEST = 'last_id';

/** Chunks that a slice may still drop. */
export interface Budget {
  n: number;
}
export const newBudget = (): Budget => ({ n: CHUNKS });

export class Dropping {
  readonly #uploads: Database.Statement<[bigint, bigint, number], { message: bigint }>;
  readonly #isUpload: Database.Statement<[bigint]>;
  readonly #deleteUpload: Database.Statement;
  readonly #deleteChunks: Database.Statement;
  readonly #unreferenced: Database.Statement<[number], { id: bigint; chunks: bigint }>;
  readonly #deleteContent: Database.Statement;
  readonly #markGone: Database.Statement;
  readonly #markOriginalGone: Database.Statement;
  readonly #raise: Database.Statement;

  constructor(db: Db) {
    this.#uploads = db
      .prepare<[bigint, bigint, number], { message: bigint }>(
        'SELECT message FROM upload WHERE message > ? AND message < ? ORDER BY message LIMIT ?',
      )
      .safeIntegers(true);
    this.#isUpload = db.prepare('SELECT 1 FROM upload WHERE message = ?');
    this.#deleteUpload = db.prepare('DELETE FROM upload WHERE message = ?');
    this.#deleteChunks = db.prepare(
      'DELETE FROM chunk WHERE rowid IN (SELECT rowid FROM chunk WHERE message = ? ORDER BY n DESC LIMIT ?)',
    );
    this.#unreferenced = db
      .prepare<[number], { id: bigint; chunks: bigint }>(
        'SELECT message AS id, chunks FROM content WHERE refs = 0 ORDER BY message LIMIT ?',
      )
      .safeIntegers(true);
    this.#deleteContent = db.prepare('DELETE FROM content WHERE message = ?');
    this.#markGone = db.prepare('UPDATE message SET gone_at = ? WHERE id = ?');
    this.#markOriginalGone = db.prepare(
      `UPDATE message SET gone_at = ? WHERE id = (SELECT copy_of FROM message WHERE id = ?) AND gone_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM content c WHERE c.message = message.id)
         AND NOT EXISTS (SELECT 1 FROM message o JOIN content c ON c.message = o.id WHERE o.copy_of = message.id)`,
    );
    this.#raise = db.prepare(
      'INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)',
    );
  }

  /** Ids and the store's time must go on above what was deleted, whatever the clock says at the next start. */
  raise(below: bigint): void {
    this.#raise.run(HIGHEST, below);
  }

  /** Content that nothing needs, oldest first. */
  contents(at: number, left: Budget): { messages: number; more: boolean } {
    let messages = 0;
    const unreferenced = this.#unreferenced.all(ROWS);
    for (const { id, chunks } of unreferenced) {
      if (chunks > 1n && !this.#dropChunks(id, left)) break;
      this.#deleteChunks.run(id, CHUNKS);
      this.#deleteContent.run(id);
      this.#markGone.run(at, id);
      this.#markOriginalGone.run(at, id);
      messages += 1;
    }
    return { messages, more: messages < unreferenced.length || unreferenced.length === ROWS };
  }

  /** Uploads below `below` that nobody writes any more. */
  uploads(open: ReadonlySet<bigint>, below: bigint, left: Budget): { dropped: number; more: boolean } {
    let dropped = 0;
    let after = 0n;
    for (;;) {
      const rows = this.#uploads.all(after, below, ROWS);
      for (const { message } of rows) {
        after = message;
        if (open.has(message)) continue;
        if (!this.#dropChunks(message, left)) return { dropped, more: true };
        this.#deleteUpload.run(message);
        dropped += 1;
      }
      if (rows.length < ROWS) return { dropped, more: false };
    }
  }

  /** A slice of one upload; true while there is more. What was filed is no upload any more, and stays. */
  giveUp(id: bigint): boolean {
    if (this.#isUpload.get(id) === undefined) return false;
    if (!this.#dropChunks(id, newBudget())) return true;
    this.#deleteUpload.run(id);
    this.raise(id);
    return false;
  }

  /** True when the message has no chunks left. */
  #dropChunks(id: bigint, left: Budget): boolean {
    if (left.n <= 0) return false;
    const budget = left.n;
    const dropped = this.#deleteChunks.run(id, budget).changes;
    left.n -= dropped;
    return dropped < budget;
  }
}
