/**
 * Signed heads of the audit trail that go with a backup, and those that a restore is checked
 * against. An anchor proves all before it, so those of the last weeks are enough.
 */
import type { KeyObject } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Anchor, readAnchor } from '../crypto/trail/audit-anchor.ts';
import { ANCHORS, type Manifest } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

/** A file a day. */
const DAYS = 31;
/** A line a minute has 0.5 MB a day. */
const MAX_FILE = 16 * 1024 * 1024;

const ANCHOR_FILE = /^[A-Za-z0-9][A-Za-z0-9.-]*-\d{4}-\d\d-\d\d\.jsonl$/;

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

/** The last whole line of the newest file; null if nothing was signed yet. */
export async function newestAnchorLine(folder: string): Promise<string | null> {
  const newest = (await newestAnchorFiles(folder)).at(-1);
  return newest === undefined ? null : ((await linesOf(join(folder, newest))).at(-1) ?? null);
}

/**
 * Anchors of the backup, and those of given files: lines that are no anchors throw BackupRefused.
 */
export async function anchorsFor(
  backup: string,
  { files, anchor }: Manifest,
  given: readonly string[],
  keys: readonly KeyObject[],
): Promise<readonly Anchor[]> {
  const all: Anchor[] = [];
  for (const { name } of files)
    if (name.startsWith(`${ANCHORS}/`) && ANCHOR_FILE.test(name.slice(ANCHORS.length + 1)))
      all.push(...(await anchorsIn(join(backup, name), keys)).anchors);
  const own = anchor === null ? undefined : readAnchor(anchor, keys);
  if (own?.ok === true) all.push(own.value);
  for (const path of given) all.push(...(await anchorsGiven(path, keys)));
  return all;
}

/** Whoever names a place wants its anchors looked at: none in it is no success. */
async function anchorsGiven(place: string, keys: readonly KeyObject[]): Promise<readonly Anchor[]> {
  const all: Anchor[] = [];
  for (const path of await namedFiles(place)) {
    const { anchors, others } = await anchorsIn(path, keys);
    if (others > 0)
      throw new BackupRefused(
        'invalid',
        `Cannot use "${path}": ${others} of its lines are not anchors of the audit trail's key; give the key with --key, or another file`,
      );
    all.push(...anchors);
  }
  if (all.length === 0)
    throw new BackupRefused(
      'invalid',
      `Cannot check the trail against "${place}": no anchor was read in it; name a file (of 16 MiB at most) or folder with signed heads of the audit trail, or leave --anchors out`,
    );
  return all;
}

/** The file that a person named, or those of a folder. */
async function namedFiles(path: string): Promise<readonly string[]> {
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
async function anchorsIn(
  path: string,
  keys: readonly KeyObject[],
): Promise<{ readonly anchors: readonly Anchor[]; readonly others: number }> {
  const read = (await linesOf(path)).map((line) => readAnchor(line, keys));
  const anchors = read.flatMap((result) => (result.ok ? [result.value] : []));
  return { anchors, others: read.length - anchors.length };
}
