/** Signed heads of the audit trail that go with a backup: an anchor proves all before it, so those of the last weeks are enough. */
import type { KeyObject } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Anchor, readAnchor } from '../crypto/trail/audit-anchor.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

/** A file a day. */
const DAYS = 31;
/** A line a minute has 0.5 MB a day. */
const MAX_FILE = 16 * 1024 * 1024;

export const ANCHOR_FILE = /^[A-Za-z0-9][A-Za-z0-9.-]*-\d{4}-\d\d-\d\d\.jsonl$/;

/** Names of the newest files, oldest first. */
export async function newestAnchorFiles(folder: string): Promise<readonly string[]> {
  try {
    const day = (name: string): string => name.slice(-16);
    return (await readdir(folder))
      .filter((name) => ANCHOR_FILE.test(name))
      .sort((a, b) => day(a).localeCompare(day(b)))
      .slice(-DAYS);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

const linesOf = async (path: string): Promise<readonly string[]> => {
  const text = await readFile(path, 'utf8');
  // Written while we read: its last line may be cut.
  return text.length > MAX_FILE ? [] : text.split('\n').slice(0, -1);
};

/** The last whole line of the newest file; null where nothing was signed yet. */
export async function newestAnchorLine(folder: string): Promise<string | null> {
  const newest = (await newestAnchorFiles(folder)).at(-1);
  return newest === undefined ? null : ((await linesOf(join(folder, newest))).at(-1) ?? null);
}

/** Files that a person named, or those of a folder. Throws BackupRefused. */
export async function namedAnchorFiles(path: string): Promise<readonly string[]> {
  try {
    return (await stat(path)).isDirectory() ? (await newestAnchorFiles(path)).map((name) => join(path, name)) : [path];
  } catch (error) {
    throw new BackupRefused(
      'invalid',
      `Cannot read anchors from "${path}": ${reasonOf(error)}; name a file with signed heads of the audit trail, or their folder`,
    );
  }
}

/** The anchors of a file that the keys signed; how many lines were none. */
export async function anchorsIn(
  path: string,
  keys: readonly KeyObject[],
): Promise<{ readonly anchors: readonly Anchor[]; readonly others: number }> {
  const read = (await linesOf(path)).map((line) => readAnchor(line, keys));
  const anchors = read.flatMap((result) => (result.ok ? [result.value] : []));
  return { anchors, others: read.length - anchors.length };
}
