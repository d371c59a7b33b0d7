/**
 * Where a search of the trail (by account or message) and of messages (by Message-ID) seeks: three small tables that are filled in steps, behind
 * commits whose answers were given. As indexes they cost each message three pages in the log, of which its acceptance waited for; filled for a
 * thousand rows together they cost a few pages for all of them.
 *
 * Two marks tell how far they go: the last row of the trail, and the highest id of a message. Readers seek up to the mark and read what is above
 * it from the rows themselves (`searchMarks`), so they miss nothing, also after a crash: a step and its marks are one transaction. Ids are not filed in order (a
 * large body takes its time): a message that is filed below the mark goes into the table at once.
 */
import type Database from 'better-sqlite3';
import { FIELD_START, type Marks, SPAN_BITS, searchMarks } from '../reads/search-marks.ts';
import type { Db } from './database.ts';
import { SqliteRunner } from './runner.ts';

/** Rows above a mark at which a step is due, and that one takes: readers go through so many in a millisecond or two. */
const STEP = 1000;

export const FIELD_KEY = `id >> ${SPAN_BITS}, substr(message_id_field, 1, ${FIELD_START}), id`;

const MARKS = ['searched_seq', 'searched_id'] as const;

export class SearchTables {
  readonly #step: number;
  readonly #lastSeq: Database.Statement<[bigint], bigint | null>;
  readonly #lastId: Database.Statement<[bigint], bigint | null>;
  readonly #fillTrail: readonly Database.Statement<[bigint, bigint]>[];
  readonly #fillFields: Database.Statement<[bigint, bigint]>;
  readonly #late: Database.Statement<[bigint]>;
  readonly #forget: Database.Statement<[bigint]>;
  readonly #setMark: Database.Statement<[bigint, string]>;
  #at: Marks;
  /** Messages above the mark; more where some of them were undone. */
  #messages: number;
  /** At which a step is due: more after one that failed. */
  #due: number;

  constructor(db: Db, step = STEP) {
    this.#step = this.#due = step;
    const last = (column: string, table: string): Database.Statement<[bigint], bigint | null> =>
      db
        .prepare<[bigint], bigint | null>(
          `SELECT max(${column}) FROM (SELECT ${column} FROM ${table} WHERE ${column} > ? ORDER BY ${column} LIMIT ${step})`,
        )
        .pluck(true)
        .safeIntegers(true);
    [this.#lastSeq, this.#lastId] = [last('seq', 'audit'), last('id', 'message')];
    this.#fillTrail = ['account', 'message'].map((of) =>
      db.prepare(
        `INSERT INTO audit_of_${of} (${of}, seq)
           SELECT ${of}, seq FROM audit WHERE seq > ? AND seq <= ? AND ${of} IS NOT NULL ORDER BY ${of}, seq`,
      ),
    );
    const fill = `INSERT INTO message_of_field (span, start, id) SELECT ${FIELD_KEY} FROM message WHERE copy_of IS NULL AND`;
    this.#fillFields = db.prepare(`${fill} id > ? AND id <= ? ORDER BY 1, 2, 3`);
    this.#late = db.prepare(`${fill} id = ?`);
    this.#forget = db.prepare(
      `DELETE FROM message_of_field WHERE (span, start, id) = (SELECT ${FIELD_KEY} FROM message WHERE id = ?)`,
    );
    this.#setMark = db.prepare('UPDATE fact SET value = ? WHERE name = ?');
    this.#at = new SqliteRunner(db).run(searchMarks());
    this.#messages =
      db.prepare<[bigint], number>('SELECT count(*) FROM message WHERE id > ?').pluck(true).get(this.#at.id) ?? 0;
  }

  /** A message was filed. */
  filed(id: bigint): void {
    if (id > this.#at.id) this.#messages += 1;
    else this.#late.run(id);
  }

  /** Before a message is deleted. */
  forget(id: bigint): void {
    this.#forget.run(id);
  }

  /** `head`: the last row of the trail. */
  isDue(head: number): boolean {
    return this.#above(head) >= this.#due;
  }

  #above(head: number): number {
    return Math.max(head - Number(this.#at.seq), this.#messages);
  }

  /** One step, in a transaction of the caller's, who tells how it ended. Returns the marks that stand then. */
  fill(): Marks {
    const { seq, id } = this.#at;
    const to = { seq: this.#lastSeq.get(seq) ?? seq, id: this.#lastId.get(id) ?? id };
    for (const trail of this.#fillTrail) trail.run(seq, to.seq);
    this.#fillFields.run(id, to.id);
    this.#setMark.run(to.seq, MARKS[0]);
    this.#setMark.run(to.id, MARKS[1]);
    return to;
  }

  stands(marks: Marks): void {
    this.#at = marks;
    this.#messages = Math.max(0, this.#messages - this.#step);
    this.#due = this.#step;
  }

  /** There was no room for it: tried again after as many rows more. */
  failed(head: number): void {
    this.#due = this.#above(head) + this.#step;
  }
}
