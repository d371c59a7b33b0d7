/**
 * A new master key for a store on SQLite (core/rotation.ts). The lock of the data folder is held
 * throughout: no gateway runs.
 */
import { join } from 'node:path';
import type { Db } from './database.ts';
import {
  type RotateOptions as CoreRotateOptions,
  type Rotated,
  Rotation,
  type RotatingDatabase,
  type RotatingTransaction,
  isRotationBegun,
} from '../core/rotation.ts';
import { AuditWriter } from './audit-writer.ts';
import { checkFile, factOf, setFact } from './check-database.ts';
import { openWriting } from './database.ts';
import { FolderLock } from './folder-lock.ts';
import { SqliteRunner } from './runner.ts';
import { DATABASE_FILE } from './writer-files.ts';

export interface RotateOptions extends CoreRotateOptions {
  readonly dataFolder: string;
}

/**
 * Rejects with StoreRefused, and has changed nothing that holds, when something cannot be opened
 * with the old key.
 */
export const rotateMasterKey = (options: RotateOptions): Promise<Rotated> =>
  alone(options, (rotation) => rotation.run());

/** Brings an interrupted run to its end; undefined if there is none past its commit. */
export const finishRotation = async (options: RotateOptions): Promise<Rotated | undefined> =>
  isRotationBegun(options.keyFolder) ? await alone(options, (rotation) => rotation.finish()) : undefined;

async function alone<T>(options: RotateOptions, run: (rotation: Rotation) => Promise<T>): Promise<T> {
  const path = join(options.dataFolder, DATABASE_FILE);
  checkFile(path);
  const lock = FolderLock.take(options.dataFolder);
  try {
    const db = openWriting(path, 'FULL');
    try {
      return await run(new Rotation(new SqliteRotating(db), options));
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

class SqliteRotating implements RotatingDatabase {
  readonly shared = false;
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  keyCheck(): Promise<Uint8Array | undefined> {
    const held = factOf(this.#db, 'key_check');
    return Promise.resolve(held instanceof Uint8Array ? held : undefined);
  }

  async inTransaction<T>(work: (transaction: RotatingTransaction) => Promise<T>): Promise<T> {
    this.#db.exec('BEGIN IMMEDIATE');
    let done: T;
    try {
      done = await work(transactionOn(this.#db));
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    return done;
  }
}

const transactionOn = (db: Db): RotatingTransaction => ({
  reseal: ({ table, column, id }, again) => {
    const page = db.prepare<[string], { id: string; sealed: Uint8Array }>(
      `SELECT ${id} AS id, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL AND ${id} > ? ORDER BY ${id} LIMIT 500`,
    );
    const update = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${id} = ?`);
    let done = 0;
    for (let rows = page.all(''); rows.length > 0; rows = page.all(rows.at(-1)?.id ?? '')) {
      for (const row of rows) update.run(again(row.sealed, row.id), row.id);
      done += rows.length;
    }
    return Promise.resolve(done);
  },
  setKeyCheck: (check) => Promise.resolve(setFact(db, 'key_check', check)),
  run: (change) => {
    const audit = new AuditWriter(db);
    new SqliteRunner(db, (item) => audit.append(item)).run(change);
    return Promise.resolve();
  },
});
