/**
 * Migrations of a SQLite database (core/migrations.ts); its version stands in `user_version` too.
 */
import { type AppliedMigration, type Migration, checkApplied, migrationsIn } from '../core/migrations.ts';
import { StoreRefused } from '../store.ts';
import type { Db } from './database.ts';

export type { Migration } from '../core/migrations.ts';

/** The migrations that this program knows, in order. */
export const knownMigrations = (folder = new URL('./migrations/', import.meta.url)): readonly Migration[] =>
  migrationsIn(folder);

const appliedTo = (db: Db): readonly AppliedMigration[] =>
  db.prepare<[], AppliedMigration>('SELECT version, name, sha256 FROM migration ORDER BY version').all();

/**
 * The version of the database. Throws StoreRefused if this program cannot serve it; changes
 * nothing.
 */
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
  checkApplied(version, fresh ? [] : appliedTo(db), migrations);
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
