/**
 * The way back from an upgrade: a copy of the database, made and compared before its form changes.
 *
 *   DATA/before-upgrade/sluis-24.db   the database as version 24 of its form left it
 *
 * An older program refuses a database of a newer form, and nothing turns that form back. Whoever
 * goes back puts this copy in place of the database; what was accepted since then is not in it.
 * Content in it is sealed as it was, and it holds no key.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../platform/lasting-files.ts';
import { mebibytes } from '../../domain/octets-text.ts';
import { StoreRefused } from '../store.ts';
import { freeOctetsOf } from './reserve.ts';
import { DATABASE_FILE } from './writer-files.ts';

export interface Upgrade {
  /** Number of the newest migration that the database has. */
  readonly from: number;
  /** And of the newest that this program has. */
  readonly to: number;
  readonly octets: number;
  /** Where the copy is; absent if the configuration wants none. */
  readonly copy?: string;
}

const FOLDER = 'before-upgrade';
const STEP = 1024 * 1024;
/** Left free beside the copy: the migration itself writes as well. */
const MARGIN = 64 * STEP;

export const upgradeCopyOf = (dataFolder: string, from: number): string => join(dataFolder, FOLDER, `sluis-${from}.db`);

/**
 * Copies a database that no connection has open and whose log is empty. The copy is on the disk,
 * and was read back and compared, when this returns. One of the same form that is there already is
 * replaced. Throws StoreRefused, and leaves nothing behind, where there is no room or the two
 * differ.
 */
export function copyBeforeUpgrade(
  dataFolder: string,
  from: number,
  freeOctets: (folder: string) => number = freeOctetsOf,
): string {
  const source = join(dataFolder, DATABASE_FILE);
  const target = upgradeCopyOf(dataFolder, from);
  const folder = dirname(target);
  const { size } = statSync(source);
  const free = freeOctets(dataFolder);
  if (free < size + MARGIN)
    throw new StoreRefused(
      `Cannot upgrade the database: the copy to go back to needs ${mebibytes(size + MARGIN)} in "${folder}", and ${mebibytes(free)} are free; free some space, or take a copy of the data folder yourself and set store.copy-before-upgrade = "no"`,
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${target}.new`;
  try {
    // Where the file system can share blocks, this takes no time and no room.
    copyFileSync(source, draft, constants.COPYFILE_FICLONE);
    syncFile(draft);
    if (sha256Of(draft) !== sha256Of(source))
      throw new StoreRefused(
        `Cannot upgrade the database: the copy "${draft}" is not what was written; look at the disk, then start again`,
      );
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    if (error instanceof StoreRefused) throw error;
    throw new StoreRefused(
      `Cannot upgrade the database: the copy to go back to could not be written to "${folder}" (${error instanceof Error ? error.message : String(error)}); nothing was changed`,
      { cause: error },
    );
  }
  syncFolder(folder);
  syncFolder(dataFolder);
  return target;
}

/**
 * Removes copies that were made before that moment, in milliseconds since 1970. Returns their
 * names.
 */
export function removeUpgradeCopies(dataFolder: string, madeBefore: number): readonly string[] {
  const folder = join(dataFolder, FOLDER);
  if (!existsSync(folder)) return [];
  const old = readdirSync(folder).filter((name) => statSync(join(folder, name)).ctimeMs < madeBefore);
  for (const name of old) rmSync(join(folder, name));
  return old;
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function sha256Of(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(STEP);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const octets = readSync(file, piece, 0, STEP, null);
      if (octets === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, octets));
    }
  } finally {
    closeSync(file);
  }
}
