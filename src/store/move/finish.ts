/**
 * What makes the database a store, in one transaction: its facts, where numbers go on, and a row of
 * the trail that tells of the move.
 */
import { instant } from '../../domain/units.ts';
import type { Actor } from '../actor.ts';
import { ChangeContext } from '../changes/change-context.ts';
import { Lane } from '../postgres/lane.ts';
import type { ChangingConnection } from '../postgres/connection.ts';
import { PostgresRunner } from '../postgres/runner.ts';
import type { Compared } from './compare.ts';
import { dropMarks, inTransaction, setFact } from './marks.ts';
import type { MovedTable } from './tables.ts';

/**
 * Facts of SQLite's own file and memories; and the mark of figures, which are counted in another
 * way there.
 */
const LEFT: ReadonlySet<string> = new Set(['clean', 'unchecked', 'searched_seq', 'searched_id', 'usage_seq', 'epoch']);
const RESUBMISSIONS_FOR = 86_400_000;

/** A fact as SQLite has it. */
export interface SourceFact {
  readonly name: string;
  readonly value: unknown;
}

export interface Finishing {
  readonly connection: ChangingConnection;
  readonly at: number;
  /** 32 octets. */
  readonly salt: Uint8Array;
  readonly actor: Actor;
  readonly compared: Compared;
}

export async function finish(
  facts: readonly SourceFact[],
  tables: readonly MovedTable[],
  finishing: Finishing,
): Promise<void> {
  const { connection } = finishing;
  await inTransaction(connection, async () => {
    for (const { name, value } of facts) if (!LEFT.has(name)) await setFact(connection, name, textOf(value));
    await numbersGoOn(connection, tables);
    await fillResubmissions(connection, finishing.at);
    await tell(tables, finishing);
    await dropMarks(connection);
  });
}

async function numbersGoOn(connection: ChangingConnection, tables: readonly MovedTable[]): Promise<void> {
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
}

/** A sender who tries a message of the last day again is known. */
async function fillResubmissions(connection: ChangingConnection, at: number): Promise<void> {
  await connection.query({
    text: `INSERT INTO resubmission_key (key, message, at)
           SELECT DISTINCT ON (resubmission) resubmission, id, received_at FROM message
            WHERE resubmission IS NOT NULL AND received_at > $1 ORDER BY resubmission, id DESC
               ON CONFLICT (key) DO UPDATE SET message = excluded.message, at = excluded.at`,
    values: [at - RESUBMISSIONS_FOR],
  });
}

/**
 * Writes the row into a lane of its own, as for a new store: the one chain that came along ends as
 * it was.
 */
async function tell(
  tables: readonly MovedTable[],
  { connection, at, salt, actor, compared: { rows, digest } }: Finishing,
): Promise<void> {
  const lane = new Lane({ node: 0, epoch: 0 }, () => at);
  const runner = new PostgresRunner(connection, { append: (item) => lane.append(item), flush: () => lane.flush() });
  const facts = { tables: tables.length, rows, digest };
  await runner.run(new ChangeContext(instant(at), salt).record('store.moved', null, actor, {}, facts));
  await runner.run(lane.flush());
}

/** A fact is a text there; octets in hexadecimal. */
const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex').toUpperCase() : String(value);
