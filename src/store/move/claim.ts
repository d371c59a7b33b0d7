/**
 * The database of PostgreSQL before the first row: it is empty or has a part of this very store,
 * and both roles may do what they must.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { checkMigrations, knownMigrations, migrate } from '../postgres/migrate.ts';
import type { ChangingConnection } from '../postgres/connection.ts';
import { StoreRefused } from '../store.ts';
import { MOVING } from '../postgres/store-facts.ts';
import { SOURCE, dropMarks, factsOf, inTransaction, setFact } from './marks.ts';
import type { Source } from './source.ts';
import type { MovedTable } from './tables.ts';

/** Any number that no other program takes on this database. */
const LOCK = 5_184_772_362;
const TRIES = 20;
/** Milliseconds. */
const PAUSE = 100;
const ANOTHER = 'name an empty database in [store]';
const GIVE = 'as "sluis init --postgres --sql" prints it';

/**
 * What is there of this store: nothing, a part to go on from, or a part of an earlier state of it,
 * which is thrown away.
 */
export type Found = 'nothing' | 'a part' | 'an older part';

/**
 * Makes the tables. Rejects with StoreRefused, and leaves the database as it was, where it is none
 * for this store.
 */
export async function claim(
  connection: ChangingConnection,
  source: Source,
  { running, at }: { readonly running: string; readonly at: number },
): Promise<Found> {
  await alone(connection);
  await checkOwner(connection);
  const known = knownMigrations();
  if ((await checkMigrations(connection, known)) === 0) await checkEmpty(connection);
  await migrate(connection, known, at);
  const facts = await factsOf(connection);
  checkFacts(facts, source.storeId);
  await checkRunning(connection, running);
  const from = facts.get(MOVING);
  if (from !== undefined) return facts.get(SOURCE) === source.state ? 'a part' : 'an older part';
  await inTransaction(connection, async () => {
    await setFact(connection, MOVING, source.storeId);
    await setFact(connection, SOURCE, source.state);
  });
  return 'nothing';
}

/** Rows of an earlier state. What the migrations themselves have written stays. */
export async function beginAnew(
  connection: ChangingConnection,
  source: Source,
  tables: readonly MovedTable[],
): Promise<void> {
  await inTransaction(connection, async () => {
    await connection.query({ text: `TRUNCATE ${tables.map(({ name }) => `"${name}"`).join(', ')}` });
    await dropMarks(connection);
    await setFact(connection, MOVING, source.storeId);
    await setFact(connection, SOURCE, source.state);
  });
}

/**
 * Until the connection ends. That of a move that was killed a moment ago may stand a little longer.
 */
async function alone(connection: ChangingConnection): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { rows } = await connection.query({ text: `SELECT pg_try_advisory_lock(${LOCK})` });
    if (rows[0]?.[0] === true) return;
    await pause(PAUSE);
  }
  throw new StoreRefused('Another move into this database is under way; wait for its end, or end it');
}

async function checkOwner(connection: ChangingConnection): Promise<void> {
  const { rows } = await connection.query({
    text: `SELECT has_schema_privilege('public', 'CREATE'), current_user::text, current_database()::text`,
  });
  const [may, role, database] = rows[0] ?? [];
  if (may !== true)
    throw new StoreRefused(
      `The role "${String(role)}" may not make tables in the database "${String(database)}"; come as its owner (--owner and --owner-password-file), ${GIVE}`,
    );
}

async function checkEmpty(connection: ChangingConnection): Promise<void> {
  const { rows } = await connection.query({
    text: `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S') LIMIT 1`,
  });
  if (rows[0] !== undefined)
    throw new StoreRefused(
      `The database of PostgreSQL is not empty: it has "${String(rows[0][0])}", of some other program; ${ANOTHER}`,
    );
}

function checkFacts(facts: ReadonlyMap<string, string>, storeId: string): void {
  const [id, from] = [facts.get('store_id'), facts.get(MOVING)];
  if (from !== undefined && from !== storeId)
    throw new StoreRefused(`The database of PostgreSQL has a part of another store; ${ANOTHER}`);
  if (from !== undefined || id === undefined) return;
  throw new StoreRefused(
    id === storeId
      ? 'This store was moved to that database already; start the gateway with engine = "postgres" in [store]'
      : `There is another store in the database of PostgreSQL; ${ANOTHER}`,
  );
}

/** Tables that the gateway's role may not read and write would be found at its first message. */
async function checkRunning(connection: ChangingConnection, role: string): Promise<void> {
  const { rows: known } = await connection.query({ text: 'SELECT 1 FROM pg_roles WHERE rolname = $1', values: [role] });
  if (known[0] === undefined)
    throw new StoreRefused(
      `There is no role "${role}", which the gateway runs as ("user" in [store]); make it, ${GIVE}`,
    );
  const { rows } = await connection.query({
    text: `SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
              AND CASE relkind WHEN 'r' THEN NOT (has_table_privilege($1, oid, 'SELECT') AND has_table_privilege($1, oid, 'INSERT')
                                                  AND has_table_privilege($1, oid, 'UPDATE') AND has_table_privilege($1, oid, 'DELETE'))
                               WHEN 'S' THEN NOT has_sequence_privilege($1, oid, 'USAGE') ELSE false END LIMIT 1`,
    values: [role],
  });
  if (rows[0] !== undefined)
    throw new StoreRefused(
      `The role "${role}", which the gateway runs as, may not read and write "${String(rows[0][0])}"; give it the rights of GRANT and ALTER DEFAULT PRIVILEGES, ${GIVE}, on a database made again`,
    );
}
