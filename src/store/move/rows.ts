/**
 * Rows of one table, a page at a time, as each engine has them; and one digest over all of them
 * that both must come to.
 */
import { type Hash, createHash } from 'node:crypto';
import type { Connection } from '../postgres/connection.ts';
import type { Db } from '../sqlite/database.ts';
import type { MovedColumn, MovedTable } from './tables.ts';

/**
 * The values of the columns in their order: bigint, text, octets or null, whichever engine they
 * came from.
 */
export type MovedRow = readonly (bigint | string | Uint8Array | null)[];

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** Rows behind `after`, the values of the key of the last one that was read. */
export function readSqlite(db: Db, table: MovedTable, after: MovedRow | undefined): readonly MovedRow[] {
  const { name, columns, key, page } = table;
  const marks = key.map(() => '?').join(', ');
  const behind = after === undefined ? '' : `WHERE (${quoted(key)}) > (${marks})`;
  return db
    .prepare<unknown[], MovedRow>(
      `SELECT ${quoted(columns.map((column) => column.name))} FROM "${name}" ${behind} ORDER BY ${quoted(key)} LIMIT ${page}`,
    )
    .raw(true)
    .safeIntegers(true)
    .all(...(after ?? []));
}

export async function readPostgres(
  connection: Connection,
  table: MovedTable,
  after: MovedRow | undefined,
): Promise<readonly MovedRow[]> {
  const { name, columns, key, page } = table;
  const marks = key.map((_, i) => `$${i + 1}`).join(', ');
  const behind = after === undefined ? '' : `WHERE (${quoted(key)}) > (${marks})`;
  const { rows } = await connection.query({
    text: `SELECT ${quoted(columns.map((column) => column.name))} FROM "${name}" ${behind} ORDER BY ${quoted(key)} LIMIT ${page}`,
    values: (after ?? []).map(toPostgres),
  });
  return rows.map((row) => row.map((value, i) => fromPostgres(columns[i], value)));
}

/** Columns that refer to rows of the same table are left empty. */
export async function insertRows(connection: Connection, table: MovedTable, rows: readonly MovedRow[]): Promise<void> {
  if (rows.length === 0) return;
  const { name, columns, selves } = table;
  // A row of one chain, as it was on SQLite, is one of lane 0.
  const more = name === 'audit' ? ['lane', 'place'] : [];
  const seq = columns.findIndex((column) => column.name === 'seq');
  const values: unknown[] = [];
  const lines = rows.map((row) => {
    const all = [
      ...row.map((value, i) => {
        const column = columns[i];
        if (column === undefined || selves.includes(column.name)) return null;
        return column.type === 'boolean' && value !== null ? value !== 0n : toPostgres(value);
      }),
      ...(more.length === 0 ? [] : ['0', toPostgres(row[seq] ?? null)]),
    ];
    return `(${all.map((value) => `$${values.push(value)}`).join(', ')})`;
  });
  const names = quoted([...columns.map((column) => column.name), ...more]);
  await connection.query({ text: `INSERT INTO "${name}" (${names}) VALUES ${lines.join(', ')}`, values });
}

/** Writes what `insertRows` left empty. */
export async function linkRows(connection: Connection, table: MovedTable, rows: readonly MovedRow[]): Promise<void> {
  const { name, columns, key, selves } = table;
  for (const self of selves) {
    const at = columns.findIndex((column) => column.name === self);
    for (const row of rows) {
      if (row[at] === null) continue;
      const where = key.map((column, i) => `"${column}" = $${i + 2}`).join(' AND ');
      await connection.query({
        text: `UPDATE "${name}" SET "${self}" = $1 WHERE ${where}`,
        values: [toPostgres(row[at] ?? null), ...keyOf(table, row).map(toPostgres)],
      });
    }
  }
}

export const keyOf = ({ columns, key }: MovedTable, row: MovedRow): MovedRow =>
  key.map((name) => row[columns.findIndex((column) => column.name === name)] ?? null);

const toPostgres = (value: bigint | string | Uint8Array | null): unknown =>
  typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? Buffer.from(value) : value;

function fromPostgres(column: MovedColumn | undefined, value: unknown): bigint | string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (column?.type === 'bigint') return BigInt(value as string);
  if (column?.type === 'boolean') return value === true ? 1n : 0n;
  return value as string | Uint8Array;
}

/** Digest over rows in the order of their key. */
export class RowsDigest {
  readonly #hash: Hash = createHash('sha256');
  #rows = 0;

  add(rows: readonly MovedRow[]): void {
    this.#rows += rows.length;
    for (const row of rows) {
      for (const value of row) {
        if (value === null) this.#hash.update('n');
        else if (typeof value === 'bigint') this.#hash.update(`i${value};`);
        else {
          const octets = typeof value === 'string' ? Buffer.from(value) : value;
          this.#hash.update(`${typeof value === 'string' ? 't' : 'b'}${octets.length}:`).update(octets);
        }
      }
      this.#hash.update('\n');
    }
  }

  get rows(): number {
    return this.#rows;
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}
