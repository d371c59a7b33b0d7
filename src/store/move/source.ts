/**
 * The SQLite store that is to move: nobody serves it meanwhile, it stopped in order, and this
 * program knows its form.
 */
import { hash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import { syncFolder } from '../../platform/lasting-files.ts';
import { checkFile, checkKeys, damageIn, factOf } from '../sqlite/check-database.ts';
import { type Db, openReading } from '../sqlite/database.ts';
import { FolderLock } from '../sqlite/folder-lock.ts';
import { checkMigrations, knownMigrations } from '../sqlite/migrate.ts';
import { DATABASE_FILE, MOVED_FILE } from '../sqlite/writer-files.ts';
import { StoreRefused } from '../store.ts';
import type { SourceFact } from './finish.ts';

export interface SourceOptions {
  readonly dataFolder: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
}

export class Source {
  /** Path of the database when it was opened. */
  readonly path: string;
  readonly db: Db;
  readonly storeId: string;
  readonly #folder: string;
  readonly #lock: FolderLock;
  #renamed: boolean;

  private constructor(path: string, folder: string, lock: FolderLock, db: Db, renamed: boolean) {
    this.path = path;
    this.#folder = folder;
    this.#lock = lock;
    this.#renamed = renamed;
    this.db = db;
    this.storeId = String(factOf(db, 'store_id'));
  }

  /** Throws StoreRefused if it may not be moved as it is. Whoever opens it closes it. */
  static open({ dataFolder, keyFolder, masterKey }: SourceOptions): Source {
    const [here, moved] = [DATABASE_FILE, MOVED_FILE].map((name) => join(dataFolder, name)) as [string, string];
    const renamed = !existsSync(here) && existsSync(moved);
    if (existsSync(here) && existsSync(moved))
      throw new StoreRefused(
        `There is "${MOVED_FILE}" in "${dataFolder}" already, from a move before; put it elsewhere, then move the store`,
      );
    const path = renamed ? moved : here;
    checkFile(path);
    const lock = FolderLock.take(dataFolder);
    let db: Db | undefined;
    try {
      db = openReading(path);
      checkStanding(db);
      checkKeys(db, keysIn(keyFolder, masterKey), keyFolder);
      return new Source(path, dataFolder, lock, db, renamed);
    } catch (error) {
      db?.close();
      lock.release();
      throw error;
    }
  }

  /** Reads every page. Throws StoreRefused. */
  checkPages(): void {
    const damage = damageIn(this.db);
    if (damage !== undefined)
      throw new StoreRefused(
        `The database "${this.path}" is damaged (${damage}); keep the file, restore the last backup and move that`,
      );
  }

  facts(): readonly SourceFact[] {
    return this.db.prepare<[], SourceFact>('SELECT name, value FROM fact ORDER BY name').all();
  }

  /**
   * Another text once anything was written to it: each start leaves a fact, each change a row of
   * the trail.
   */
  get state(): string {
    const facts = this.db.prepare('SELECT name, hex(value) AS value FROM fact ORDER BY name').all();
    const last = this.db.prepare('SELECT seq, hex(hash) AS hash FROM audit ORDER BY seq DESC LIMIT 1').get();
    return hash('sha256', JSON.stringify([facts, last]));
  }

  /** From now on it is no store: nobody serves a file of that name. Returns where it is. */
  rename(): string {
    if (this.#renamed) return this.path;
    this.db.close();
    const [from, to] = [join(this.#folder, DATABASE_FILE), join(this.#folder, MOVED_FILE)];
    renameSync(from, to);
    for (const end of ['-wal', '-shm']) if (existsSync(`${from}${end}`)) renameSync(`${from}${end}`, `${to}${end}`);
    syncFolder(this.#folder);
    this.#renamed = true;
    return to;
  }

  close(): void {
    this.db.close();
    this.#lock.release();
  }
}

function checkStanding(db: Db): void {
  const known = knownMigrations();
  const version = checkMigrations(db, known);
  const newest = known.at(-1)?.version ?? 0;
  if (version < newest)
    throw new StoreRefused(
      `The database has version ${version}, and this program moves version ${newest}: start the gateway of this program on it once (store.engine = "sqlite"), which brings it forward, and stop it, then move the store`,
    );
  if (factOf(db, 'clean') !== 1)
    throw new StoreRefused(
      `The gateway did not stop in an orderly way the last time; start it once (store.engine = "sqlite") and stop it, then move the store`,
    );
}

function keysIn(keyFolder: string, masterKey: Uint8Array): KeyFolder {
  try {
    return new KeyFolder(keyFolder, masterKey);
  } catch (error) {
    throw error instanceof KeyFolderRefused ? new StoreRefused(error.message, { cause: error }) : error;
  }
}
