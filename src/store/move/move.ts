/**
 * Carries a SQLite store over to an empty database of PostgreSQL: all rows, so that ids, UIDLs, the trail with its hashes, anchors and evidence are the
 * same afterwards. The gateway is stopped, and its data folder locked throughout.
 *
 *   1  tables of PostgreSQL, and whose store is coming
 *   2  rows, table by table, a page a transaction, with how far it has come: cut short it goes on from there
 *   3  every row is read again on both sides, and each table must come to the same digest
 *   4  the last facts; from now on the database is a store, and sluis.db becomes sluis-moved.db, which nobody serves
 *
 * Keys stay where they are: the key folder serves the new store as it served the old one.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../platform/lasting-files.ts';
import { type ChangingConnection } from '../postgres/connection.ts';
import * as postgres from '../postgres/migrate.ts';
import { checkFile, factOf } from '../sqlite/check-database.ts';
import { type Db, openReading } from '../sqlite/database.ts';
import { FolderLock } from '../sqlite/folder-lock.ts';
import { checkMigrations, knownMigrations } from '../sqlite/migrate.ts';
import { DATABASE_FILE, MOVED_FILE } from '../sqlite/writer-files.ts';
import { StoreRefused } from '../store.ts';
import { type MovedRow, RowsDigest, insertRows, keyOf, linkRows, readPostgres, readSqlite } from './rows.ts';
import { type MovedTable, movedTables } from './tables.ts';

export interface MoveOptions {
  readonly dataFolder: string;
  /** To the primary. */
  readonly connection: ChangingConnection;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `done` of `of` tables were carried over, or compared. */
  readonly told: (what: 'carried' | 'compared', done: number, of: number) => void;
  /** For tests: before each page, and before each step that a crash could come before. */
  readonly step?: (what: string) => void;
}

export interface Moved {
  readonly tables: number;
  readonly rows: number;
  /** SHA-256 over the digests of all tables, as both sides came to it. */
  readonly digest: string;
}

const MOVING = 'move.store';
const DONE = 'done';
/** Facts of SQLite's own file and memories; and the mark of figures, which are counted in another way there. */
const LEFT: ReadonlySet<string> = new Set([
  'clean',
  'unchecked_pages',
  'searched_seq',
  'searched_id',
  'usage_seq',
  'epoch',
]);
const RESUBMISSIONS_FOR = 86_400_000;

/** Rejects with StoreRefused, and leaves the SQLite store as it was, where the two cannot be brought together or differ. May be run again. */
export async function moveStore(options: MoveOptions): Promise<Moved> {
  const { dataFolder, step = () => undefined } = options;
  const path = join(dataFolder, DATABASE_FILE);
  if (!existsSync(path) && existsSync(join(dataFolder, MOVED_FILE)))
    throw new StoreRefused(
      `The store in "${dataFolder}" was moved to PostgreSQL already; set engine = "postgres" in [store]`,
    );
  checkFile(path);
  const lock = FolderLock.take(dataFolder);
  let db: Db | undefined;
  try {
    db = openReading(path);
    checkMigrations(db, knownMigrations());
    if (factOf(db, 'clean') !== 1)
      throw new StoreRefused(
        `The gateway did not stop in an orderly way the last time; start it once and stop it, then move the store`,
      );
    await claim(db, options);
    const tables = await movedTables(db, options.connection);
    await carryAll(db, tables, options);
    const moved = await compareAll(db, tables, options);
    step('finish');
    await finish(db, tables, options);
    db.close();
    step('rename');
    renameSync(path, join(dataFolder, MOVED_FILE));
    for (const end of ['-wal', '-shm'])
      if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, join(dataFolder, `${MOVED_FILE}${end}`));
    syncFolder(dataFolder);
    return moved;
  } finally {
    db?.close();
    lock.release();
  }
}

/** The database is empty, or has a part of this very store. */
async function claim(db: Db, { connection, at }: MoveOptions): Promise<void> {
  const storeId = String(factOf(db, 'store_id'));
  const known = postgres.knownMigrations();
  await postgres.checkMigrations(connection, known);
  await postgres.migrate(connection, known, at);
  const facts = await factsOf(connection);
  if (facts.has('store_id') && facts.get('store_id') !== storeId)
    throw new StoreRefused('There is another store in the database of PostgreSQL; name an empty one in [store]');
  const from = facts.get(MOVING);
  if (from === undefined && facts.has('store_id'))
    throw new StoreRefused('The database of PostgreSQL is a store that serves already; name an empty one in [store]');
  if (from !== undefined && from !== storeId)
    throw new StoreRefused('The database of PostgreSQL has a part of another store; name an empty one in [store]');
  if (from === undefined) await inTransaction(connection, () => setFact(connection, MOVING, storeId));
}

async function carryAll(db: Db, tables: readonly MovedTable[], options: MoveOptions): Promise<void> {
  for (const [n, table] of tables.entries()) {
    options.told('carried', n, tables.length);
    await carry(db, table, options);
  }
  options.told('carried', tables.length, tables.length);
}

async function carry(db: Db, table: MovedTable, { connection, step = () => undefined }: MoveOptions): Promise<void> {
  const mark = `move.${table.name}`;
  const reached = (await factsOf(connection)).get(mark);
  if (reached === DONE) return;
  const fromThere = reached === undefined ? undefined : readKey(reached);
  step(table.name);
  for await (const { rows, next } of pagesOf(table, (after) => readSqlite(db, table, after), fromThere)) {
    const linked = next === undefined && table.selves.length > 0 ? await allOf(db, table) : [];
    await inTransaction(connection, async () => {
      await insertRows(connection, table, rows);
      await linkRows(connection, table, linked);
      await setFact(connection, mark, next === undefined ? DONE : keyText(next));
    });
    if (next !== undefined) step(table.name);
  }
}

/** What has links is small: accounts and organisations. They wait for the last row of all. */
async function allOf(db: Db, table: MovedTable): Promise<readonly MovedRow[]> {
  const all: MovedRow[] = [];
  for await (const { rows } of pagesOf(table, (after) => readSqlite(db, table, after))) all.push(...rows);
  return all;
}

interface Page {
  readonly rows: readonly MovedRow[];
  /** Behind which the next page begins; absent: there is none. */
  readonly next: MovedRow | undefined;
}

async function* pagesOf(
  table: MovedTable,
  read: (after: MovedRow | undefined) => readonly MovedRow[] | Promise<readonly MovedRow[]>,
  from?: MovedRow,
): AsyncGenerator<Page, void, void> {
  for (let after = from, more = true; more;) {
    const rows = await read(after);
    const last = rows.at(-1);
    more = rows.length === table.page;
    after = last === undefined || !more ? undefined : keyOf(table, last);
    yield { rows, next: after };
  }
}

async function compareAll(db: Db, tables: readonly MovedTable[], options: MoveOptions): Promise<Moved> {
  const { connection, told } = options;
  const whole = new RowsDigest();
  let rows = 0;
  for (const [n, table] of tables.entries()) {
    told('compared', n, tables.length);
    const [here, there] = [new RowsDigest(), new RowsDigest()];
    for await (const page of pagesOf(table, (after) => readSqlite(db, table, after))) here.add(page.rows);
    for await (const page of pagesOf(table, (after) => readPostgres(connection, table, after))) there.add(page.rows);
    const digest = here.end();
    if (here.rows !== there.rows || digest !== there.end())
      throw new StoreRefused(
        `The table "${table.name}" has ${here.rows} rows in the data folder and ${there.rows} in PostgreSQL, and they are not the same; nothing serves from there. Empty that database and move again`,
      );
    rows += here.rows;
    whole.add([[table.name, digest]]);
  }
  told('compared', tables.length, tables.length);
  return { tables: tables.length, rows, digest: whole.end() };
}

/** From here on the database is a store. */
async function finish(db: Db, tables: readonly MovedTable[], { connection, at }: MoveOptions): Promise<void> {
  const facts = db.prepare<[], { name: string; value: unknown }>('SELECT name, value FROM fact').all();
  await inTransaction(connection, async () => {
    for (const { name, value } of facts) if (!LEFT.has(name)) await setFact(connection, name, textOf(value));
    for (const { name, columns } of tables)
      if (columns.some((column) => column.name === 'id' && column.type === 'bigint'))
        await connection.query({
          text: `SELECT setval(pg_get_serial_sequence($1, 'id'), (SELECT max(id) FROM "${name}"))
                  WHERE pg_get_serial_sequence($1, 'id') IS NOT NULL AND EXISTS (SELECT 1 FROM "${name}")`,
          values: [name],
        });
    await connection.query({
      text: `SELECT setval('audit_seq', (SELECT max(seq) FROM audit)) WHERE EXISTS (SELECT 1 FROM audit)`,
    });
    await connection.query({
      text: `INSERT INTO resubmission_key (key, message, at)
             SELECT DISTINCT ON (resubmission) resubmission, id, received_at FROM message
              WHERE resubmission IS NOT NULL AND received_at > $1 ORDER BY resubmission, id DESC
                 ON CONFLICT (key) DO UPDATE SET message = excluded.message, at = excluded.at`,
      values: [at - RESUBMISSIONS_FOR],
    });
    await connection.query({ text: `DELETE FROM fact WHERE name LIKE 'move.%'` });
  });
}

async function inTransaction(connection: ChangingConnection, work: () => Promise<void>): Promise<void> {
  await connection.begin();
  try {
    await work();
  } catch (error) {
    await connection.rollback();
    throw error;
  }
  await connection.commit();
}

async function factsOf(connection: ChangingConnection): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.query({ text: 'SELECT name, value FROM fact' });
  return new Map(rows.map(([name, value]) => [String(name), String(value)]));
}

async function setFact(connection: ChangingConnection, name: string, value: string): Promise<void> {
  await connection.query({
    text: 'INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    values: [name, value],
  });
}

/** A fact is a text there; octets in hexadecimal. */
const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex').toUpperCase() : String(value);

/** Values of a key as JSON, each with its type. */
const keyText = (key: MovedRow): string =>
  JSON.stringify(
    key.map((value) =>
      typeof value === 'bigint'
        ? ['i', value.toString()]
        : value instanceof Uint8Array
          ? ['b', Buffer.from(value).toString('hex')]
          : ['t', value],
    ),
  );

const readKey = (text: string): MovedRow =>
  (JSON.parse(text) as readonly (readonly [string, string])[]).map(([type, value]) =>
    type === 'i' ? BigInt(value) : type === 'b' ? Buffer.from(value, 'hex') : value,
  );
