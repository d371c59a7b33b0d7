/**
 * Opens connections with every setting that durability rests on stated explicitly, and classifies
 * SQLite's errors.
 */
import Database from 'better-sqlite3';

export type Db = Database.Database;
export type Synchronous = 'FULL' | 'NORMAL';

/**
 * Page size of a new file, fixed when it is made. With 8192, as older files have, a message of 10
 * KB writes 69 KB instead of 41 (docs/decisions/1513).
 */
export const PAGE_OCTETS = 4096;
/** Octets in the write-ahead log at which it is copied back. */
export const LOG_OCTETS = 32_768_000;
/** Size that the log file is cut back to after it was copied. */
const JOURNAL_LIMIT = 64 * 1024 * 1024;
/** Before 3.51.3 a reset of the write-ahead log at the wrong moment could damage the database. */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** Undefined when `version` is new enough; else why not. */
export function sqliteProblem(version: string): string | undefined {
  const parts = version.split('.').map(Number);
  for (const [i, least] of OLDEST_SQLITE.entries()) {
    const part = parts[i] ?? 0;
    if (part > least) return undefined;
    if (part < least || Number.isNaN(part))
      return `SQLite ${version} can damage a database when its log is reset; ${OLDEST_SQLITE.join('.')} or newer is required; install the better-sqlite3 of package-lock.json`;
  }
  return undefined;
}

/** Sets what is fixed in the file, before the first page is written. */
export function shapeNewDatabase(db: Db): void {
  shapeFile(db);
  db.pragma('journal_mode = WAL');
}

/** Shapes the next file: a new database, or a copy by VACUUM. */
export function shapeFile(db: Db): void {
  db.pragma(`page_size = ${PAGE_OCTETS}`);
  // Free pages are used again. Moving pages to the end of the file would cost each commit a page
  // that records their places.
  db.pragma('auto_vacuum = NONE');
}

/**
 * What is fixed in the file: older ones have pages of 8192 octets and give free pages back to the
 * file system.
 */
export interface FileShape {
  readonly pageOctets: number;
  readonly shrinks: boolean;
}

export const shapeOf = (db: Db): FileShape => ({
  pageOctets: db.pragma('page_size', { simple: true }) as number,
  shrinks: db.pragma('auto_vacuum', { simple: true }) === 2,
});

export const isOldShape = ({ pageOctets, shrinks }: FileShape): boolean => shrinks || pageOctets !== PAGE_OCTETS;

export function openWriting(path: string, synchronous: Synchronous, create = false): Db {
  const db = new Database(path, { fileMustExist: !create });
  db.pragma('busy_timeout = 5000');
  if (create) shapeNewDatabase(db);
  // A copy that was put back by hand has a rollback journal, under which readers would stop the
  // writer; on any other this changes nothing.
  else db.pragma('journal_mode = WAL');
  // better-sqlite3 is compiled so that WAL means NORMAL: it reads 2 (FULL) until the first write,
  // then 1. Said explicitly it stays.
  db.pragma(`synchronous = ${synchronous}`);
  // Octets that are erased or moved inside a page are overwritten with zeros, if that costs no
  // further write: otherwise they stay readable in the file.
  db.pragma('secure_delete = FAST');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('temp_store = MEMORY');
  db.pragma('cache_size = -16000');
  // The writer copies the log back itself, after it has answered, and hears of an error there;
  // SQLite's own way would swallow it.
  db.pragma('wal_autocheckpoint = 0');
  db.pragma(`journal_size_limit = ${JOURNAL_LIMIT}`);
  return db;
}

export function openReading(path: string): Db {
  const db = new Database(path, { fileMustExist: true, readonly: true });
  db.pragma('busy_timeout = 5000');
  db.pragma('synchronous = FULL');
  db.pragma('query_only = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cache_size = -8000');
  return db;
}

/** Pages in the write-ahead log, and how many of them are in the database now. */
export interface Copies {
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * Copies the log into the database. `TRUNCATE` waits for readers as long as `busy_timeout` says.
 * Throws if the disk is full or fails.
 */
export function copyLog(db: Db, mode: 'PASSIVE' | 'TRUNCATE'): Copies {
  const [row] = db.pragma(`wal_checkpoint(${mode})`) as Copies[];
  return row ?? { log: 0, checkpointed: 0 };
}

const codeOf = (error: unknown): string => (error instanceof Database.SqliteError ? error.code : '');

/**
 * Out of space; SQLITE_IOERR_SHMSIZE is what a full disk gives when the log's index has to grow.
 */
export const isFull = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE';
};

/** Errors of a statement that say nothing about the disk: the others end the store. */
export const isStatementError = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === '' || /^SQLITE_(CONSTRAINT|MISMATCH|RANGE|TOOBIG|ERROR)/.test(code);
};

/** True if the disk does not return a page. */
export const isUnreadable = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_IOERR');

/** True for errors about a file that is not what SQLite wrote. */
export const isDamage = (error: unknown): error is Error => /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
