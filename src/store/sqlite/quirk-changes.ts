/** Writes counts of quirks, in the writer. */
import type Database from 'better-sqlite3';
import { QUIRK_DAYS } from '../quirks.ts';
import type { Db } from './database.ts';
import type { QuirkCount } from './stored-rows.ts';
import type { WriterAnswer } from './writer-protocol.ts';

export class QuirkChanges {
  readonly #add: Database.Statement;
  readonly #insert: Database.Statement;
  readonly #forget: Database.Statement;

  constructor(db: Db) {
    this.#add = db.prepare(
      `UPDATE quirk_day SET tolerated = tolerated + ?, refused = refused + ?, last_at = max(last_at, ?), client = coalesce(?, client)
         WHERE account = ? AND quirk = ? AND day = ?`,
    );
    this.#insert = db.prepare(
      'INSERT INTO quirk_day (tolerated, refused, last_at, client, account, quirk, day) VALUES (?,?,?,?,?,?,?)',
    );
    this.#forget = db.prepare('DELETE FROM quirk_day WHERE account = ? AND quirk = ? AND day <= ?');
  }

  note(counts: readonly QuirkCount[]): WriterAnswer {
    for (const { account, quirk, day, tolerated, refused, at, client } of counts) {
      if (this.#add.run(tolerated, refused, at, client, account, quirk, day).changes > 0) continue;
      this.#insert.run(tolerated, refused, at, client, account, quirk, day);
      this.#forget.run(account, quirk, day - QUIRK_DAYS);
    }
    return { kind: 'done' };
  }
}
