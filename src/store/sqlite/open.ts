/**
 * Makes and opens a SQLite store.
 *
 *   DATA/sluis.db, -wal, -shm   the database
 *   DATA/reserve                real blocks, given back when the disk is full
 *   DATA/lock                   held while a process has the store open
 *   KEYS/                       see crypto/keys/day-folder.ts
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { instant } from '../../domain/units.ts';
import { syncFolder } from '../../platform/lasting-files.ts';
import { ChangeContext } from '../changes/change-context.ts';
import { Hearing, assemble, firstChanges, keyFolderOf, randomOf } from '../core/assemble.ts';
import { MessageIds } from '../message-ids.ts';
import type { Store } from '../port/store.ts';
import { StoreRefused } from '../store.ts';
import { AuditWriter } from './audit-writer.ts';
import { setFact } from './check-database.ts';
import { openWriting } from './database.ts';
import { SqliteEngine } from './engine.ts';
import { FolderLock } from './folder-lock.ts';
import { knownMigrations, migrate } from './migrate.ts';
import type { CreateOptions, OpenOptions } from './options.ts';
import { SqliteRunner } from './runner.ts';
import { dataFolderMissing } from './start-files.ts';
import { DATABASE_FILE, MOVED_FILE } from './writer-files.ts';

export type { CreateOptions, OpenOptions } from './options.ts';

/**
 * Makes the database, the key folder's mark and the organisation `system` with the account
 * `postmaster` (no password: nobody logs in with it until somebody gives it one) and the address
 * postmaster@HOSTNAME. Rejects with StoreRefused when any of it is there already.
 */
export async function createSqliteStore(options: CreateOptions): Promise<void> {
  await Promise.resolve();
  const keys = keyFolderOf(options);
  const path = join(options.dataFolder, DATABASE_FILE);
  if (existsSync(path))
    throw new StoreRefused(
      `There is a database "${path}" already; it is kept as it is. Start the gateway, or choose another data folder`,
    );
  if (keys.storeId !== undefined)
    throw new StoreRefused(
      `The key folder "${options.keyFolder}" belongs to a store whose database is missing; restore that database, or choose an empty key folder for a new store`,
    );
  mkdirSync(options.dataFolder, { recursive: true, mode: 0o700 });
  const lock = FolderLock.take(options.dataFolder);
  const draft = `${path}.new`;
  try {
    for (const left of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(left, { force: true });
    closeSync(openSync(draft, 'wx', 0o600));
    const random = options.random ?? randomBytes;
    const storeId = Buffer.from(random(16)).toString('hex');
    fill(draft, options, storeId, keys.check);
    keys.adopt(storeId);
    renameSync(draft, path);
    syncFolder(options.dataFolder);
  } finally {
    lock.release();
  }
}

function fill(path: string, options: CreateOptions, storeId: string, check: Uint8Array): void {
  const at = options.clock.now();
  // A draft need not last before it has its name: one sync of the log and one of the file, in the
  // checkpoint, replace a sync at each commit.
  const db = openWriting(path, 'NORMAL', true);
  try {
    migrate(db, knownMigrations(), at, true);
    db.exec('BEGIN IMMEDIATE');
    setFact(db, 'store_id', storeId);
    setFact(db, 'key_check', check);
    setFact(db, 'epoch', 0);
    setFact(db, 'clean', 1);
    const audit = new AuditWriter(db);
    const runner = new SqliteRunner(db, (item) => audit.append(item));
    const context = new ChangeContext(instant(at), (options.random ?? randomBytes)(32));
    runner.run(firstChanges(context, options.hostname));
    db.exec('COMMIT');
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

/**
 * Rejects with StoreRefused, and has changed nothing, when the store may not be served; the text
 * says what is wrong and what to do.
 */
export async function openSqliteStore(options: OpenOptions): Promise<Store> {
  const keys = keyFolderOf(options);
  const path = join(options.dataFolder, DATABASE_FILE);
  if (!existsSync(options.dataFolder)) throw dataFolderMissing(options.dataFolder);
  const lock = FolderLock.take(options.dataFolder);
  try {
    if (!existsSync(path))
      throw new StoreRefused(
        existsSync(join(options.dataFolder, MOVED_FILE))
          ? `The store in "${options.dataFolder}" was moved to PostgreSQL; set engine = "postgres" in [store]`
          : keys.storeId === undefined
            ? `There is no database "${path}"; run "sluis init" for a new gateway`
            : `The database "${path}" is missing, although this gateway was initialised; restore it from a backup (nothing was made in its place)`,
      );
    const hearing = new Hearing();
    const random = randomOf(options);
    const { engine, ready, time } = await SqliteEngine.start(options, { path, lock, events: hearing, random });
    const ids = new MessageIds(ready.highest);
    const store = await assemble(options, hearing, { engine, keys, days: new Set(ready.days), ids, time, random });
    engine.opened();
    return store;
  } catch (error) {
    lock.release();
    throw error;
  }
}
