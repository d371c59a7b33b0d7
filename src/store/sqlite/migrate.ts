/**
 * Numbered plain SQL, each file in one transaction with its row in `migration`. Refused are a file that changed after it was applied, a
 * database that is newer than this program, and one in which a number was passed over: its tables are not what any program expects.
 */
import { hash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { StoreRefused } from '../store.ts';
import type { Db } from './database.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** The migrations that this program knows, in order. */
export function knownMigrations(folder = new URL('./migrations/', import.meta.url)): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  // One that is passed over would be missed only where its table is.
  const stranger = names.find((name) => !/^\d{4}_[a-z-]+\.sql$/.test(name));
  if (stranger !== undefined)
    throw new Error(`Cannot use the migration "${stranger}": expected a name such as 0001_foundation.sql; rename it`);
  return names.sort().map((name) => {
    const sql = readFileSync(new URL(name, folder), 'utf8');
    return { version: Number(name.slice(0, 4)), name, sql, sha256: hash('sha256', sql) };
  });
}

const appliedTo = (db: Db): readonly { version: number; name: string; sha256: string }[] =>
  db
    .prepare<[], { version: number; name: string; sha256: string }>(
      'SELECT version, name, sha256 FROM migration ORDER BY version',
    )
    .all();

/** The version of the database. Throws StoreRefused where this program cannot serve it; changes nothing. */
export function checkMigrations(db: Db, migrations: readonly Migration[], fresh = false): number {
  const version = db.pragma('user_version', { simple: true }) as number;
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest)
    throw new StoreRefused(
      `The database has version ${version}, this program knows ${newest}; start the newer program that wrote it, or restore a backup`,
    );
  if (version === 0 && !fresh)
    throw new StoreRefused(
      'The database is not one of Sluis (it has version 0); check the data folder of the configuration',
    );
  const applied = fresh ? [] : appliedTo(db);
  for (const row of applied) {
    const known = migrations.find((m) => m.version === row.version);
    if (known?.sha256 !== row.sha256)
      throw new StoreRefused(
        `Migration ${row.version} "${row.name}" was applied in another form than this program has; use the program that made the database`,
      );
  }
  const passedOver = migrations.find((m) => m.version <= version && !applied.some((row) => row.version === m.version));
  if (passedOver !== undefined)
    throw new StoreRefused(
      `Migration ${passedOver.version} "${passedOver.name}" was passed over: the database has version ${version} without it; use the program that made the database, or restore a backup`,
    );
  return version;
}

/** Brings the database to the newest version. `fresh`: nothing is in it yet. */
export function migrate(db: Db, migrations: readonly Migration[], at: number, fresh: boolean): void {
  const version = checkMigrations(db, migrations, fresh);
  for (const migration of migrations.filter((m) => m.version > version)) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(migration.sql);
      db.prepare('INSERT INTO migration (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)').run(
        migration.version,
        migration.name,
        migration.sha256,
        at,
      );
      db.pragma(`user_version = ${migration.version}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}
