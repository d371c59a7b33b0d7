/**
 * The folder with the backups of one store: one folder each, named by its time; `*.partial` while
 * one is taken.
 */
import type { KeyObject } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../domain/defined.ts';
import { type Instant, instant } from '../domain/units.ts';
import { isInside } from '../platform/paths.ts';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { makeFolder, realPlace, syncFolderOf } from './files.ts';
import { MANIFEST, type Manifest, type ReadManifest, readManifest } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { SIGNATURE, signatureOf, writeSigned } from './signed.ts';

/** `2026-11-26T023000Z`, and `-2` for a second one of that second. */
const NAME = /^\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?$/;
const PARTIAL = /^\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?\.partial$/;
const DRILL = /^\.drill-\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?\.partial$/;
const OFFSITE = 'offsite.json';

export interface KnownBackup {
  readonly path: string;
  readonly manifest: Manifest;
  /** Judged by the given keys; without keys never good. */
  readonly signature: ReadManifest['signature'];
  /**
   * `at`: when a copy elsewhere was read back and found right; absent if nothing could be read
   * back.
   */
  readonly offsite?: { readonly at?: string; readonly where: string };
}

/** What is in it is of that moment. */
export const begunAt = (known: KnownBackup | undefined): Instant | undefined =>
  known === undefined ? undefined : instant(Date.parse(known.manifest.begun));

export const backupName = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '');

/**
 * Whole backups in `folder`, oldest first; none if it does not exist. `keys`: public keys of the
 * audit trail.
 */
export async function backupsIn(folder: string, keys: readonly KeyObject[] = []): Promise<readonly KnownBackup[]> {
  const known: KnownBackup[] = [];
  for (const name of await namesIn(folder)) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    try {
      const { manifest, signature } = await readManifest(path, keys);
      const offsite = await offsiteOf(path, manifest.id, keys);
      known.push({ path, manifest, signature, ...defined({ offsite }) });
    } catch (error) {
      // Not ours, or damaged: it is no backup that anything may count on.
      if (!(error instanceof BackupRefused)) throw error;
    }
  }
  return known.sort((a, b) => Date.parse(a.manifest.begun) - Date.parse(b.manifest.begun));
}

/**
 * Backups that one of the keys signed: anybody who may write the folder could claim there that a
 * backup was taken.
 */
export const provenBackupsIn = async (folder: string, keys: readonly KeyObject[]): Promise<readonly KnownBackup[]> =>
  (await backupsIn(folder, keys)).filter(({ signature }) => signature === 'good');

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw new BackupRefused('unavailable', `Cannot look into the backup folder "${folder}": ${reasonOf(error)}`);
  }
}

/** Says with a signature where a copy of a backup lies. Rejects if it cannot be written. */
export async function noteOffsite(
  { path, manifest }: KnownBackup,
  said: { readonly where: string; readonly at: string } | { readonly where: string; readonly copied: string },
  keys: AuditKeys,
): Promise<void> {
  for (const file of [`${OFFSITE}${SIGNATURE}`, OFFSITE]) await rm(join(path, file), { force: true });
  await writeSigned(path, OFFSITE, `${JSON.stringify({ backup: manifest.id, ...said })}\n`, keys);
  await syncFolderOf(path);
}

/**
 * Whoever may write the folder could say that there is a copy: only what one of the keys signed,
 * for this backup, counts.
 */
async function offsiteOf(path: string, id: string, keys: readonly KeyObject[]): Promise<KnownBackup['offsite']> {
  try {
    const text = await readFile(join(path, OFFSITE), 'utf8');
    const { backup, at, where } = JSON.parse(text) as Record<string, unknown>;
    if (backup !== id || typeof where !== 'string') return undefined;
    if ((await signatureOf(path, OFFSITE, text, keys)) !== 'good') return undefined;
    return { where, ...(typeof at === 'string' ? { at } : {}) };
  } catch {
    return undefined;
  }
}

export interface PlaceRules {
  /** A backup must outlive it. */
  readonly dataFolder: string;
  /** A backup must never lie beside the keys that open it. */
  readonly keyFolder: string;
}

/**
 * Makes the folder ready: it lies apart, belongs to this store, and what a crash left over is
 * swept. Throws BackupRefused. The caller sees to it that no other backup of this store is under
 * way.
 */
export async function prepareFolder(folder: string, storeId: string, rules: PlaceRules): Promise<void> {
  const refuse = (why: string, kind: 'invalid' | 'unavailable' = 'invalid'): never => {
    throw new BackupRefused(kind, `Cannot back up to "${folder}": ${why}`);
  };
  try {
    const place = await realPlace(folder);
    if (isInside(place, await realPlace(rules.dataFolder)))
      refuse('it is in the data folder, and would be lost with it; name a folder on another disk or machine');
    if (isInside(place, await realPlace(rules.keyFolder)))
      refuse('it is in the key folder: backups must not be beside the keys that open them; name another folder');
    await makeFolder(folder);
    for (const name of await readdir(folder))
      if (PARTIAL.test(name) || DRILL.test(name)) await rm(join(folder, name), { recursive: true, force: true });
    for (const { manifest } of await backupsIn(folder))
      if (manifest.store.storeId !== storeId)
        refuse(
          `it holds backup "${manifest.id}" of another store (${manifest.hostname}); name a folder of its own for each gateway`,
        );
  } catch (error) {
    if (error instanceof BackupRefused) throw error;
    refuse(`${reasonOf(error)}; name a folder that the gateway's user may write`, 'unavailable');
  }
}

/** A name that is free in the folder. */
export async function freeName(folder: string, at: number): Promise<string> {
  const taken = new Set((await readdir(folder)).map((name) => name.replace(/\.partial$/, '')));
  const name = backupName(at);
  for (let n = 1; ; n += 1) {
    const tried = n === 1 ? name : `${name}-${n}`;
    if (!taken.has(tried)) return tried;
  }
}

export interface Keep {
  /** Most backups to keep. */
  readonly count: number;
  /** Milliseconds; older ones go, but never the last. */
  readonly age?: number;
}

/** Which backups go: pure. The newest stays whatever its age. */
export function tooMany(backups: readonly KnownBackup[], keep: Keep, now: number): readonly KnownBackup[] {
  const newest = backups.at(-1);
  return backups.filter(
    (backup, i) =>
      backup !== newest &&
      (i < backups.length - keep.count ||
        (keep.age !== undefined && now - Date.parse(backup.manifest.begun) > keep.age)),
  );
}

/**
 * Removes what `keep` has no place for. Where somebody mounted the folder of another gateway, its
 * backups are not ours to remove.
 */
export async function removeOld(
  folder: string,
  storeId: string,
  keep: Keep,
  now: number,
): Promise<Readonly<Record<'removed' | 'kept', readonly KnownBackup[]>>> {
  const own = (await backupsIn(folder)).filter(({ manifest }) => manifest.store.storeId === storeId);
  const removed = tooMany(own, keep, now);
  for (const { path } of removed) await remove(path);
  return { removed, kept: own.filter((known) => !removed.includes(known)) };
}

/** The manifest goes first: what a crash leaves of it is no backup. */
async function remove(path: string): Promise<void> {
  await rm(join(path, MANIFEST), { force: true });
  await rm(path, { recursive: true, force: true });
}
