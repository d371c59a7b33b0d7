/**
 * Where a search of the trail (by account or message) and of messages (by Message-ID) seeks: three
 * small tables that are filled in steps, behind commits whose answers were given. As indexes they
 * cost each message three pages in the log, of which its acceptance waited for; filled for a
 * thousand rows together they cost a few pages for all of them.
 *
 * Two marks tell how far they go: the last row of the trail, and the highest id of a message.
 * Readers seek up to the mark and read what is above it from the rows themselves (`searchMarks`),
 * so they miss nothing, also after a crash: a step and its marks are one transaction. Ids are not
 * filed in order (a large body takes its time): a message that is filed below the mark goes into
 * the table at once.
 */
import { words } from '../sql/parts.ts';
import { FIELD_KEY, type Marks, searchMarks } from '../reads/search-marks.ts';
import type { Db } from './database.ts';
import { SqliteRunner } from './runner.ts';
import { type Sql, sqlOf } from './statements.ts';

/**
 * Rows above a mark at which a step is due, and that one takes: readers go through so many in a
 * millisecond or two.
 */
const STEP = 1000;

const FILL = words('INSERT INTO message_of_field (span, start, id)');

export class SearchTables {
  readonly #step: number;
  readonly #sql: Sql;
  #at: Marks;
  /** Messages above the mark; more where some of them were undone. */
  #messages: number;
  /** Messages above the mark at which a step is due: more after one that failed. */
  #due: number;

  constructor(db: Db, step = STEP) {
    this.#step = this.#due = step;
    this.#sql = sqlOf(db);
    this.#at = new SqliteRunner(db).run(searchMarks());
    this.#messages = this.#sql.value<number>`SELECT count(*) FROM message WHERE id > ${this.#at.id}` ?? 0;
  }

  /** A message was filed. */
  filed(id: bigint): void {
    if (id > this.#at.id) this.#messages += 1;
    else this.#sql.run`${FILL} SELECT ${FIELD_KEY} FROM message WHERE copy_of IS NULL AND id = ${id}`;
  }

  /** True if a step is due. `head`: the last row of the trail. */
  isDue(head: number): boolean {
    return this.#above(head) >= this.#due;
  }

  #above(head: number): number {
    return Math.max(head - Number(this.#at.seq), this.#messages);
  }

  /**
   * One step, in a transaction of the caller's, who tells how it ended. Returns the marks that
   * stand then.
   */
  fill(): Marks {
    const { seq, id } = this.#at;
    const own = this.#sql;
    const lastSeq = own.big.value<bigint | null>`
      SELECT max(seq) FROM (SELECT seq FROM audit WHERE seq > ${seq} ORDER BY seq LIMIT ${this.#step})`;
    const lastId = own.big.value<bigint | null>`
      SELECT max(id) FROM (SELECT id FROM message WHERE id > ${id} ORDER BY id LIMIT ${this.#step})`;
    const to = { seq: lastSeq ?? seq, id: lastId ?? id };
    own.run`INSERT INTO audit_of_account (account, seq)
      SELECT account, seq FROM audit WHERE seq > ${seq} AND seq <= ${to.seq} AND account IS NOT NULL ORDER BY account, seq`;
    own.run`INSERT INTO audit_of_message (message, seq)
      SELECT message, seq FROM audit WHERE seq > ${seq} AND seq <= ${to.seq} AND message IS NOT NULL ORDER BY message, seq`;
    own.run`${FILL} SELECT ${FIELD_KEY} FROM message
      WHERE copy_of IS NULL AND id > ${id} AND id <= ${to.id} ORDER BY 1, 2, 3`;
    own.run`UPDATE fact SET value = ${to.seq} WHERE name = 'searched_seq'`;
    own.run`UPDATE fact SET value = ${to.id} WHERE name = 'searched_id'`;
    return to;
  }

  stands(marks: Marks): void {
    this.#at = marks;
    this.#messages = Math.max(0, this.#messages - this.#step);
    this.#due = this.#step;
  }

  /** A step failed for want of space: it is tried again after as many more rows. */
  failed(head: number): void {
    this.#due = this.#above(head) + this.#step;
  }
}
