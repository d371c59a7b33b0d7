/**
 * Reads every row on both sides: each table must come to the same number of rows and the same
 * digest.
 */
import type { ChangingConnection } from '../postgres/connection.ts';
import type { Db } from '../sqlite/database.ts';
import { StoreRefused } from '../store.ts';
import { SOURCE, inTransaction, setFact } from './marks.ts';
import { pagesOf } from './pages.ts';
import { RowsDigest, readPostgres, readSqlite } from './rows.ts';
import type { MovedTable } from './tables.ts';

export interface Compared {
  readonly rows: number;
  /** SHA-256 over the digests of all tables, as both sides came to it. */
  readonly digest: string;
}

/**
 * Compares both databases. Rejects with StoreRefused if they differ; the next move then begins
 * again.
 */
export async function compareAll(
  db: Db,
  tables: readonly MovedTable[],
  { connection, told }: { readonly connection: ChangingConnection; readonly told: (rows: number) => void },
): Promise<Compared> {
  const whole = new RowsDigest();
  let rows = 0;
  for (const table of tables) {
    const [here, there] = [new RowsDigest(), new RowsDigest()];
    for await (const page of pagesOf(table, (after) => readSqlite(db, table, after))) here.add(page.rows);
    for await (const page of pagesOf(table, (after) => readPostgres(connection, table, after))) {
      there.add(page.rows);
      told(page.rows.length);
    }
    const digest = here.end();
    if (here.rows !== there.rows || digest !== there.end()) {
      await inTransaction(connection, () => setFact(connection, SOURCE, 'differs'));
      throw new StoreRefused(
        `The table "${table.name}" has ${here.rows} rows in the data folder and ${there.rows} in PostgreSQL, and they are not the same; nothing serves from there. Run the same command again: it starts again`,
      );
    }
    rows += here.rows;
    whole.add([[table.name, digest]]);
  }
  return { rows, digest: whole.end() };
}
