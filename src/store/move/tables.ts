/**
 * Which tables of a SQLite store are carried over, in which order, and of which types their columns
 * are on the other side.
 */
import type { Db } from '../sqlite/database.ts';
import type { Connection } from '../postgres/connection.ts';
import { StoreRefused } from '../store.ts';

export interface MovedTable {
  readonly name: string;
  readonly columns: readonly MovedColumn[];
  /** Columns that rows lie in the order of, and that no two rows share. */
  readonly key: readonly string[];
  /** Columns that refer to other rows of the same table: written behind all of them. */
  readonly selves: readonly string[];
  /** Rows that are read at a time. */
  readonly page: number;
  /** Number of rows. */
  readonly rows: number;
}

export interface MovedColumn {
  readonly name: string;
  readonly type: 'bigint' | 'text' | 'boolean' | 'bytea';
}

/**
 * What each engine has in its own way: where searches seek, which migrations were applied, and
 * facts (moved one by one).
 */
const OWN: ReadonlySet<string> = new Set([
  'audit_of_account',
  'audit_of_message',
  'message_of_field',
  'migration',
  'fact',
]);
/** Octets that the rows of a page have at most, about: a body of 64 KiB, a chunk of 256. */
const PAGES: Readonly<Record<string, number>> = { content: 64, chunk: 16, message: 500 };
const PAGE = 1000;
/**
 * Most values of one statement, a little below what PostgreSQL takes (65,535): rows of the trail
 * get two more there.
 */
const MOST_VALUES = 65_000;

interface Column {
  readonly name: string;
  readonly pk: number;
}

/**
 * In an order in which what a row refers to is there before it. Throws StoreRefused if the two do
 * not have the same tables.
 */
export async function movedTables(db: Db, connection: Connection): Promise<readonly MovedTable[]> {
  const names = (
    db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
      .all() as {
      name: string;
    }[]
  )
    .map(({ name }) => name)
    .filter((name) => !OWN.has(name));
  const types = await typesOf(connection);
  const left = new Map(names.map((name) => [name, referredBy(db, name)]));
  const tables: MovedTable[] = [];
  while (left.size > 0) {
    const next = [...left].find(([name, refers]) => [...refers.keys()].every((of) => of === name || !left.has(of)));
    if (next === undefined) throw new Error(`Tables refer to each other: ${[...left.keys()].join(', ')}`);
    const [name, refers] = next;
    left.delete(name);
    tables.push(tableOf(db, name, types, refers.get(name) ?? []));
  }
  return tables;
}

function tableOf(db: Db, name: string, types: ReadonlyMap<string, string>, selves: readonly string[]): MovedTable {
  const columns = db.prepare(`PRAGMA table_info("${name}")`).all() as Column[];
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  return {
    name,
    columns: columns.map((column) => ({ name: column.name, type: typeOf(types, name, column.name) })),
    key: key.length > 0 ? key.map((column) => column.name) : uniqueKeyOf(db, name),
    selves,
    page: Math.min(PAGES[name] ?? PAGE, Math.floor(MOST_VALUES / (columns.length + 2))),
    rows: (db.prepare(`SELECT count(*) AS n FROM "${name}"`).get() as { n: number }).n,
  };
}

function typeOf(types: ReadonlyMap<string, string>, table: string, column: string): MovedColumn['type'] {
  const type = types.get(`${table}.${column}`);
  if (type === 'bigint' || type === 'text' || type === 'boolean' || type === 'bytea') return type;
  throw new StoreRefused(
    `The column "${column}" of "${table}" is ${type === undefined ? 'not there' : `of type ${type}`} in the database of PostgreSQL; bring both to the same version of this program`,
  );
}

/** A unique key of a table without a primary key. */
function uniqueKeyOf(db: Db, name: string): readonly string[] {
  const indexes = db.prepare(`PRAGMA index_list("${name}")`).all() as {
    name: string;
    unique: number;
    partial: number;
  }[];
  const index = indexes.find(({ unique, partial }) => unique === 1 && partial === 0);
  if (index === undefined) throw new Error(`The rows of "${name}" have no key`);
  return (db.prepare(`PRAGMA index_info("${index.name}")`).all() as { name: string }[]).map((column) => column.name);
}

/** The tables that rows of this one refer to, each by these columns. */
function referredBy(db: Db, name: string): ReadonlyMap<string, readonly string[]> {
  const referred = new Map<string, string[]>();
  for (const { table, from } of db.prepare(`PRAGMA foreign_key_list("${name}")`).all() as {
    table: string;
    from: string;
  }[])
    referred.set(table, [...(referred.get(table) ?? []), from]);
  return referred;
}

async function typesOf(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.query({
    text: `SELECT table_name || '.' || column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'`,
  });
  return new Map(rows.map(([name, type]) => [String(name), String(type)]));
}
