/**
 * What the database says of a move that is under way: rows of `fact` whose names begin with
 * `move.`. None of them is left at its end.
 */
import type { ChangingConnection, Connection } from '../postgres/connection.ts';
import type { MovedRow } from './rows.ts';

/** As it was when the move began: another text says that it was served again since. */
export const SOURCE = 'move.source';
/** How far the rows of a table have come. */
export const markOf = (table: string): string => `move.table.${table}`;
export const DONE = 'done';

export async function inTransaction<T>(connection: ChangingConnection, work: () => Promise<T>): Promise<T> {
  await connection.begin();
  let done: T;
  try {
    done = await work();
  } catch (error) {
    await connection.rollback();
    throw error;
  }
  await connection.commit();
  return done;
}

export async function factsOf(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.query({ text: 'SELECT name, value FROM fact' });
  return new Map(rows.map(([name, value]) => [String(name), String(value)]));
}

export async function setFact(connection: Connection, name: string, value: string): Promise<void> {
  await connection.query({
    text: 'INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    values: [name, value],
  });
}

export async function dropMarks(connection: Connection): Promise<void> {
  await connection.query({ text: `DELETE FROM fact WHERE name LIKE 'move.%'` });
}

/** Values of a key as JSON, each with its type. */
export const keyText = (key: MovedRow): string =>
  JSON.stringify(
    key.map((value) =>
      typeof value === 'bigint'
        ? ['i', value.toString()]
        : value instanceof Uint8Array
          ? ['b', Buffer.from(value).toString('hex')]
          : ['t', value],
    ),
  );

export const readKey = (text: string): MovedRow =>
  (JSON.parse(text) as readonly (readonly [string, string])[]).map(([type, value]) =>
    type === 'i' ? BigInt(value) : type === 'b' ? Buffer.from(value, 'hex') : value,
  );
