/**
 * Writes the rows of all tables over there, a page a transaction, each with how far it has come.
 */
import type { ChangingConnection } from '../postgres/connection.ts';
import type { Db } from '../sqlite/database.ts';
import { DONE, factsOf, inTransaction, keyText, markOf, readKey, setFact } from './marks.ts';
import { pagesOf } from './pages.ts';
import { type MovedRow, insertRows, linkRows, readSqlite } from './rows.ts';
import type { MovedTable } from './tables.ts';

export interface Carrying {
  readonly connection: ChangingConnection;
  /** Called with the number of rows that were carried since the last call. */
  readonly told: (rows: number) => void;
  /** Called before each page. */
  readonly step: (what: string) => void;
}

export async function carryAll(db: Db, tables: readonly MovedTable[], carrying: Carrying): Promise<void> {
  const reached = await factsOf(carrying.connection);
  for (const table of tables) {
    const mark = reached.get(markOf(table.name));
    if (mark === DONE) carrying.told(table.rows);
    else await carry(db, table, mark === undefined ? undefined : readKey(mark), carrying);
  }
}

async function carry(
  db: Db,
  table: MovedTable,
  from: MovedRow | undefined,
  { connection, told, step }: Carrying,
): Promise<void> {
  step(table.name);
  for await (const { rows, next } of pagesOf(table, (after) => readSqlite(db, table, after), from)) {
    const linked = next === undefined && table.selves.length > 0 ? await allOf(db, table) : [];
    await inTransaction(connection, async () => {
      await insertRows(connection, table, rows);
      await linkRows(connection, table, linked);
      await setFact(connection, markOf(table.name), next === undefined ? DONE : keyText(next));
    });
    told(rows.length);
    if (next !== undefined) step(table.name);
  }
}

/** What has links is small: accounts and organisations. They wait for the last row of all. */
async function allOf(db: Db, table: MovedTable): Promise<readonly MovedRow[]> {
  const all: MovedRow[] = [];
  for await (const { rows } of pagesOf(table, (after) => readSqlite(db, table, after))) all.push(...rows);
  return all;
}
