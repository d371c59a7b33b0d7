/**
 * Statements of a connection, where SQLite's own code uses them:
 * sql.first<Row>`SELECT octets FROM message WHERE id = ${id}`
 *
 * The array of strings that a tagged template is called with is the same object at each call from
 * one place in the source: it is the key of the prepared statement, which is made at the first use
 * and kept as long as the connection. So the text may not change: what is between its strings are
 * values, which are bound as better-sqlite3 binds them, and parts (`words`, `among`, `rowsOf`).
 */
import type Database from 'better-sqlite3';
import { type Part, SQLITE, checkKinds, isPart } from '../sql/parts.ts';
import type { Db } from './database.ts';

type Given = string | number | bigint | null | Uint8Array | Part;
type Found<T> = T | undefined;
type Rows<T> = T[];

interface Prepared {
  readonly statement: Database.Statement;
  /**
   * Parts that stood between the strings at the first use; undefined: there were only values, which
   * are bound as they are.
   */
  readonly parts: readonly (Part | undefined)[] | undefined;
}

/** Shape of rows: objects or arrays, with integers as numbers or as bigints. */
interface Shape {
  readonly raw: boolean;
  readonly big: boolean;
}

class Tags {
  readonly #db: Db;
  readonly #shape: Shape;
  readonly #prepared = new Map<readonly string[], Prepared>();

  constructor(db: Db, shape: Shape) {
    this.#db = db;
    this.#shape = shape;
  }

  /** Runs a statement; answers how many rows it changed. */
  run(strings: TemplateStringsArray, ...given: readonly Given[]): number {
    const { statement, parts } = this.#prepared.get(strings) ?? this.#prepare(strings, given, 'none');
    return statement.run(...(parts === undefined ? given : valuesOf(strings, parts, given))).changes;
  }

  first<T>(strings: TemplateStringsArray, ...given: readonly Given[]): Found<T> {
    const { statement, parts } = this.#prepared.get(strings) ?? this.#prepare(strings, given, 'rows');
    return statement.get(...(parts === undefined ? given : valuesOf(strings, parts, given))) as Found<T>;
  }

  all<T>(strings: TemplateStringsArray, ...given: readonly Given[]): Rows<T> {
    const { statement, parts } = this.#prepared.get(strings) ?? this.#prepare(strings, given, 'rows');
    return statement.all(...(parts === undefined ? given : valuesOf(strings, parts, given))) as Rows<T>;
  }

  /** Gives rows one by one: meanwhile the connection can do nothing else but read. */
  each<T>(strings: TemplateStringsArray, ...given: readonly Given[]): IterableIterator<T> {
    const { statement, parts } = this.#prepared.get(strings) ?? this.#prepare(strings, given, 'rows');
    return statement.iterate(...(parts === undefined ? given : valuesOf(strings, parts, given))) as IterableIterator<T>;
  }

  /** The only column of the first row. */
  value<T>(strings: TemplateStringsArray, ...given: readonly Given[]): Found<T> {
    const { statement, parts } = this.#prepared.get(strings) ?? this.#prepare(strings, given, 'values');
    return statement.get(...(parts === undefined ? given : valuesOf(strings, parts, given))) as Found<T>;
  }

  /** The only column of all rows. */
  values<T>(strings: TemplateStringsArray, ...given: readonly Given[]): Rows<T> {
    const { statement, parts } = this.#prepared.get(strings) ?? this.#prepare(strings, given, 'values');
    return statement.all(...(parts === undefined ? given : valuesOf(strings, parts, given))) as Rows<T>;
  }

  #prepare(strings: TemplateStringsArray, given: readonly Given[], answer: 'none' | 'rows' | 'values'): Prepared {
    const statement = this.#db.prepare(ownText(strings, given));
    if (answer === 'values') statement.pluck(true);
    else if (answer === 'rows' && this.#shape.raw) statement.raw(true);
    if (answer !== 'none') statement.safeIntegers(this.#shape.big);
    const parts = given.map((one) => (isPart(one) ? one : undefined));
    const prepared = { statement, parts: parts.every((one) => one === undefined) ? undefined : parts };
    this.#prepared.set(strings, prepared);
    return prepared;
  }
}

/** Statements of one connection. */
export class Sql extends Tags {
  /** Integers are bigints: for ids of messages. */
  readonly big: Tags;
  /** A row is an array of its columns. */
  readonly raw: Tags;
  readonly rawBig: Tags;

  constructor(db: Db) {
    super(db, { raw: false, big: false });
    this.big = new Tags(db, { raw: false, big: true });
    this.raw = new Tags(db, { raw: true, big: false });
    this.rawBig = new Tags(db, { raw: true, big: true });
  }
}

const known = new WeakMap<Db, Sql>();

/** The one `Sql` of a connection, for all who use it. */
export function sqlOf(db: Db): Sql {
  let sql = known.get(db);
  if (sql === undefined) known.set(db, (sql = new Sql(db)));
  return sql;
}

export const ownText = (strings: readonly string[], given: readonly unknown[]): string =>
  strings.reduce((text, next, i) => {
    const one = given[i - 1];
    return text + (isPart(one) ? one.text(SQLITE) : '?') + next;
  });

function valuesOf(
  strings: readonly string[],
  parts: readonly (Part | undefined)[],
  given: readonly Given[],
): readonly unknown[] {
  checkKinds(strings, parts, given);
  return given.flatMap((one): readonly unknown[] => (isPart(one) ? one.values(SQLITE) : [one]));
}
