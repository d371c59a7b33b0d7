/**
 * Writes the database again, in the form that new ones have and without its free pages. The gateway
 * is stopped: the lock of the data folder is held throughout.
 *
 *   1  sluis.db-wal -> sluis.db    the log is empty and gone: beside another file it would be copied into that one
 *   2  sluis.db.compact            the new file, whole and synced
 *   3  compared with the old one   tables, rows, every page, the chain of the audit trail
 *   4  sluis.db.compact -> sluis.db
 *
 * Whatever ends it before 4 leaves the old file as it was, and the next run removes what it left; 4
 * is one rename.
 */
import { chmodSync, chownSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../platform/lasting-files.ts';
import { mebibytes } from '../../domain/octets-text.ts';
import { MiB } from '../../domain/units.ts';
import { CopyFailed } from '../copies.ts';
import { StoreRefused } from '../store.ts';
import { checkFile, checkPages } from './check-database.ts';
import { compareCopies, takeCopy } from './copies.ts';
import { type Db, copyLog, openWriting } from './database.ts';
import { FolderLock } from './folder-lock.ts';
import { checkMigrations, knownMigrations } from './migrate.ts';
import { freeOctetsOf } from './reserve.ts';
import { DATABASE_FILE } from './writer-files.ts';

/** Octets left free beside the new file. */
const MARGIN = 64 * MiB;

export interface CompactOptions {
  readonly dataFolder: string;
  /** Octets of the new file so far, and about how many there will be. */
  readonly told: (octets: number, of: number) => void;
  readonly freeOctets?: (folder: string) => number;
  /** For tests: called before each step that a crash could come before. */
  readonly step?: (what: 'log' | 'copy' | 'compare' | 'rename' | 'sync') => void;
}

export interface Compacted {
  readonly before: number;
  readonly after: number;
  readonly tables: number;
  readonly rows: number;
}

/**
 * Rejects with StoreRefused, and has changed nothing, where the store may not be served, there is
 * no room, or the two differ.
 */
export async function compactStore(options: CompactOptions): Promise<Compacted> {
  const { dataFolder, step = () => undefined } = options;
  const path = join(dataFolder, DATABASE_FILE);
  const draft = `${path}.compact`;
  checkFile(path);
  const lock = FolderLock.take(dataFolder);
  try {
    discard(draft);
    const needed = lookAt(path, () => step('log'));
    const free = (options.freeOctets ?? freeOctetsOf)(dataFolder);
    if (free < needed + MARGIN)
      throw new StoreRefused(
        `Cannot compact the store: the new file needs ${mebibytes(needed + MARGIN)} in "${dataFolder}" beside the old one, and ${mebibytes(free)} are free; free some space there, nothing was changed`,
      );
    step('copy');
    await takeCopy(path, draft, (octets) => options.told(octets, needed), true);
    step('compare');
    const found = await compareCopies(path, draft);
    const [before, after] = [statSync(path).size, statSync(draft).size];
    // Both databases were opened for the comparison, which leaves log files behind.
    for (const name of [path, draft]) closeLog(name);
    giveTo(draft, path);
    step('rename');
    renameSync(draft, path);
    step('sync');
    syncFolder(dataFolder);
    return { before, after, ...found };
  } catch (error) {
    if (!(error instanceof CopyFailed)) throw error;
    throw new StoreRefused(`Cannot compact the store: ${error.message}; nothing was changed`, { cause: error });
  } finally {
    discard(draft);
    lock.release();
  }
}

/** Octets that the new file will have, about. */
function lookAt(path: string, step: () => void): number {
  const db = openWriting(path, 'FULL');
  let needed: number;
  try {
    checkMigrations(db, knownMigrations());
    checkPages(db, path, { always: true });
    const of = (pragma: string): number => db.pragma(pragma, { simple: true }) as number;
    needed = (of('page_count') - of('freelist_count')) * of('page_size');
    step();
    emptyLog(db, path);
  } finally {
    db.close();
  }
  return needed;
}

function closeLog(path: string): void {
  const db = openWriting(path, 'FULL');
  try {
    emptyLog(db, path);
  } finally {
    db.close();
  }
  if (existsSync(`${path}-wal`)) throw inUse(path);
}

/** Whoever runs the command, the gateway's own user must be able to open the file. */
function giveTo(draft: string, path: string): void {
  const [made, old] = [statSync(draft), statSync(path)];
  if (made.uid !== old.uid || made.gid !== old.gid) chownSync(draft, old.uid, old.gid);
  if (made.mode !== old.mode) chmodSync(draft, old.mode & 0o777);
}

function emptyLog(db: Db, path: string): void {
  const { log } = copyLog(db, 'TRUNCATE');
  if (log !== 0) throw inUse(path);
}

const inUse = (path: string): StoreRefused =>
  new StoreRefused(
    `Cannot compact the store: another program has "${path}" open; close it, then try again; nothing was changed`,
  );

function discard(draft: string): void {
  for (const name of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${name}`, { force: true });
}
