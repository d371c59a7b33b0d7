/**
 * Migrations of a PostgreSQL database (core/migrations.ts). One program at a time brings a database
 * forward: it holds a lock of the whole database meanwhile. While the nodes of two sites are
 * upgraded one after the other, the older program serves a database that is one step ahead of it.
 */
import { minutes } from '../../domain/units.ts';
import { type AppliedMigration, type Migration, checkApplied, migrationsIn } from '../core/migrations.ts';
import { StoreRefused } from '../store.ts';
import { type ChangingConnection, type Connection, codeOf } from './connection.ts';

/** Any number that no other program takes on this database. */
const LOCK = 5_184_772_361;
/** Longest wait: for a migration of a large database, or for that of another program. */
const WITHIN = minutes(30);
/** insufficient_privilege */
const NOT_ALLOWED = '42501';
/** Migrations that a database may be ahead of the program that serves it. */
const AHEAD = 1;

/** The migrations that this program knows, in order. */
export const knownMigrations = (folder = new URL('./migrations/', import.meta.url)): readonly Migration[] =>
  migrationsIn(folder);

async function appliedTo(connection: Connection): Promise<readonly AppliedMigration[] | undefined> {
  const { rows: found } = await connection.query({ text: `SELECT to_regclass('migration') IS NOT NULL` });
  if (found[0]?.[0] !== true) return undefined;
  const { rows } = await connection.query({ text: 'SELECT version, name, sha256 FROM migration ORDER BY version' });
  return rows.map(([version, name, sha256]) => ({
    version: Number(version),
    name: String(name),
    sha256: String(sha256),
  }));
}

/**
 * The version of the database; 0: it is empty. Rejects with StoreRefused if this program cannot
 * serve it; changes nothing.
 */
export async function checkMigrations(connection: Connection, migrations: readonly Migration[]): Promise<number> {
  const applied = (await appliedTo(connection)) ?? [];
  const newest = migrations.at(-1)?.version ?? 0;
  const newer = applied.filter(({ version }) => version > newest);
  const version = Math.max(0, ...applied.map((row) => row.version));
  if (newer.length > AHEAD)
    throw new StoreRefused(
      `The database has version ${version}, ${newer.length} migrations ahead of this program, which knows ${newest} and serves a database that is at most ${AHEAD} ahead; start the newer program on this machine`,
    );
  const known = applied.filter((row) => row.version <= newest);
  checkApplied(Math.min(version, newest), known, migrations);
  return version;
}

/** Brings the database to the newest version. Rejects with StoreRefused if it may not. */
export async function migrate(
  connection: ChangingConnection,
  migrations: readonly Migration[],
  at: number,
): Promise<void> {
  const from = await checkMigrations(connection, migrations);
  const before = (await appliedTo(connection)) ?? [];
  const missing = migrations.filter(({ version }) => !before.some((row) => row.version === version));
  for (const migration of missing)
    try {
      await apply(connection, migration, at);
    } catch (error) {
      if (codeOf(error) !== NOT_ALLOWED) throw error;
      throw new StoreRefused(
        `The database has version ${from}, and this role may not bring it to ${migration.version}; start the gateway once with the owner of the tables as "user" in [store]`,
        { cause: error },
      );
    }
}

async function apply(
  connection: ChangingConnection,
  { version, name, sql, sha256 }: Migration,
  at: number,
): Promise<void> {
  await connection.begin();
  try {
    await connection.query({ text: 'SET LOCAL lock_timeout = 0' });
    await connection.query({ text: `SELECT pg_advisory_xact_lock(${LOCK})`, within: WITHIN });
    const applied = (await appliedTo(connection)) ?? [];
    // Another program may have applied it meanwhile.
    if (!applied.some((row) => row.version === version)) {
      await connection.query({ text: sql, within: WITHIN });
      const row = 'INSERT INTO migration (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)';
      await connection.query({ text: row, values: [version, name, sha256, at] });
    }
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    throw error;
  }
}
