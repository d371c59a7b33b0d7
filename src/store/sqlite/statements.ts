/** Statements of a connection, by their text. */
import type Database from 'better-sqlite3';
import type { Db } from './database.ts';

/** `prepare` with the statement kept: changes are rare, their statements are made when first needed. */
export class Statements {
  readonly #db: Db;
  readonly #kept = new Map<string, Database.Statement>();

  constructor(db: Db) {
    this.#db = db;
  }

  #of(sql: string): Database.Statement {
    let statement = this.#kept.get(sql);
    if (statement === undefined) this.#kept.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  run(sql: string, ...values: unknown[]): Database.RunResult {
    return this.#of(sql).run(...values);
  }

  get(sql: string, ...values: unknown[]): unknown {
    return this.#of(sql).get(...values);
  }

  all(sql: string, ...values: unknown[]): unknown[] {
    return this.#of(sql).all(...values);
  }
}
