/**
 * One process per data folder. The lock is SQLite's own exclusive lock on a file of its own: the
 * system frees it when the process ends, however it ends, so that nothing stale is ever left over.
 */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { holderText } from '../../domain/lock-holder.ts';
import { lockHolder } from '../../platform/lock-holder.ts';
import { systemProblem } from '../../platform/system-problem.ts';
import { StoreRefused } from '../store.ts';

/**
 * Until `release`. Without it the collector may close the database of a lock that nobody refers to
 * any more, and the folder is free while its process still runs.
 */
const taken = new Set<FolderLock>();

export class FolderLock {
  readonly #db: Database.Database;

  private constructor(db: Database.Database) {
    this.#db = db;
    taken.add(this);
  }

  /**
   * Throws StoreRefused when another process, or another store of this one, holds it, and when the
   * folder cannot be written.
   */
  static take(dataFolder: string): FolderLock {
    const path = join(dataFolder, 'lock');
    const db = opened(path);
    try {
      db.pragma('journal_mode = MEMORY');
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      if (!(error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error;
      const holder = lockHolder(path);
      throw new StoreRefused(
        `The data folder "${dataFolder}" is in use by ${holderText(holder)}; stop that one, or let the command line speak to it`,
        { cause: error, held: true, holder },
      );
    }
    return new FolderLock(db);
  }

  release(): void {
    this.#db.close();
    taken.delete(this);
  }
}

function opened(path: string): Database.Database {
  try {
    // Created only if it is missing: when a process closes any descriptor of a file, the system
    // frees all locks that this process has on it (fcntl(2)).
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) accessSync(path, constants.R_OK | constants.W_OK);
    else closeSync(openSync(path, 'a', 0o600));
    return new Database(path, { timeout: 0 });
  } catch (error) {
    const problem = systemProblem(error);
    throw problem === undefined ? error : new StoreRefused(problem, { cause: error });
  }
}
