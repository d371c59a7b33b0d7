/**
 * Figures of an organisation that is erased stay, as the books ask for, and name nobody: its own accounts have lost their names by then, and
 * what accounts did that belong to another organisation by now is summed up under account 0.
 */
import type Database from 'better-sqlite3';
import type { Db } from './database.ts';
import { ADD_USAGE } from './usage-changes.ts';

export class UsageErasure {
  readonly #nextMonth: Database.Statement<[number], number>;
  readonly #left: Database.Statement<[number, number, number], number[]>;
  readonly #add: Database.Statement;
  readonly #drop: Database.Statement;

  constructor(db: Db) {
    this.#nextMonth = db
      .prepare<[number], number>('SELECT month FROM usage_month WHERE month > ? ORDER BY month LIMIT 1')
      .pluck(true);
    this.#left = db
      .prepare<[number, number, number], number[]>(
        `SELECT * FROM usage_month WHERE month = ? AND organisation = ? AND account > 0
           AND organisation IS NOT (SELECT a.organisation FROM account a WHERE a.id = usage_month.account) LIMIT ?`,
      )
      .raw(true);
    this.#add = db.prepare(ADD_USAGE);
    this.#drop = db.prepare('DELETE FROM usage_month WHERE month = ? AND organisation = ? AND account = ?');
  }

  /** At most `rows` of them; returns how many. */
  unname(organisation: number, rows: number): number {
    let done = 0;
    for (let month = this.#nextMonth.get(-1); month !== undefined && done < rows; month = this.#nextMonth.get(month))
      for (const [, , account, ...counts] of this.#left.all(month, organisation, rows - done)) {
        this.#drop.run(month, organisation, account);
        // Whose days they were nobody can tell any more.
        this.#add.run(month, organisation, 0, ...counts.slice(0, -2), 0, 0);
        done += 1;
      }
    return done;
  }
}
