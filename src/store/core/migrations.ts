/**
 * Numbered plain SQL, each file in one transaction with its row in `migration`. Refused are a file
 * that changed after it was applied, a database that is newer than this program, and one in which a
 * number was passed over: its tables are not what any program expects.
 *
 * Each engine counts by itself. The next file has the number behind the highest of its folder;
 * numbers that were left out stay so. An existing database gets the migrations that it lacks, in
 * the order of their numbers, so a new one with a number between others would be missed by
 * databases that have the later ones. `test/golden/migrations.txt` lists all migrations, and its
 * test refuses one that was changed, or that stands before the last.
 */
import { hash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { StoreRefused } from '../store.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** A row of the table of migrations. */
export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
}

/** The migrations in a folder, in order. */
export function migrationsIn(folder: URL): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  // A file with a wrong name would be missed only when its table is used.
  const stranger = names.find((name) => !/^\d{4}_[a-z-]+\.sql$/.test(name));
  if (stranger !== undefined)
    throw new Error(`Cannot use the migration "${stranger}": expected a name such as 0001_foundation.sql; rename it`);
  return names.sort().map((name) => {
    const sql = readFileSync(new URL(name, folder), 'utf8');
    return { version: Number(name.slice(0, 4)), name, sql, sha256: hash('sha256', sql) };
  });
}

/**
 * Throws StoreRefused if a migration was applied in another form, or where one was passed over
 * below `version`.
 */
export function checkApplied(
  version: number,
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): void {
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
}
