/**
 * The copy of the key folder in a place of its own: a backup of the database is worth nothing
 * without the day keys, and there is a new one each day. They are wrapped by the master key, which
 * is never copied.
 *
 *   FOLDER/FINGERPRINT OF THE MASTER KEY/...   the key folder as it was under that master key
 *
 * So a rotation of the master key begins a new copy, and the previous copy still opens earlier
 * backups. Nothing vanishes here because it vanished there; only a day key that was destroyed on
 * purpose is destroyed here too, in every copy of this store. One that was destroyed for the sake
 * of a single message is destroyed in the copy under the master key of now, which holds the keys of
 * its other messages: a copy of before a rotation could not open those, and they come first.
 */
import { readFile, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DAY, KEPT, belongsInCopy } from '../crypto/keys/sealed-places.ts';
import { filesBelow, makeFolder, syncFolderOf, writeNew } from './files.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

export interface KeyCopyPlaces {
  readonly keyFolder: string;
  /** Must exist, so that a mount that is missing is noticed. */
  readonly to: string;
  /** Fingerprint of the master key. */
  readonly fingerprint: string;
}

/** What the copy lacks. Names are paths below the key folder. */
export interface KeyLag {
  readonly missing: readonly string[];
  /** Day keys never change: one of the two is damaged. */
  readonly damaged: readonly string[];
  /** Destroyed day keys that still lie there: paths. */
  readonly undestroyed: readonly string[];
}

const ERASED = '.erased';

/** Rejects with BackupRefused if a folder cannot be read. */
export async function keyLag(places: KeyCopyPlaces): Promise<KeyLag> {
  return await explained(places, async () => {
    const { keyFolder, to, fingerprint } = places;
    await stat(to);
    const all = (await filesBelow(keyFolder)).filter(belongsInCopy);
    const erased = erasedAmong(all);
    const [missing, damaged]: [string[], string[]] = [[], []];
    for (const name of all) {
      const day = DAY.exec(name)?.[1];
      if (erased.has(day ?? KEPT.exec(name)?.[1] ?? '')) continue;
      const [here, there] = [await contentOf(join(keyFolder, name)), await contentOf(join(to, fingerprint, name))];
      if (here === undefined || there?.equals(here) === true) continue;
      (day !== undefined && there !== undefined ? damaged : missing).push(name);
    }
    const closed = [...(await undestroyed(places, erased)), ...(await outlived(places, all))];
    return { missing, damaged, undestroyed: closed };
  });
}

const erasedAmong = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.filter((name) => name.endsWith(ERASED)).map((name) => name.slice(0, -ERASED.length)));

/**
 * Beside the key folder: what `key rotate` keeps of it where there is no copy elsewhere, in the
 * shape of one.
 */
export const keptAside = (keyFolder: string): string => `${keyFolder}.before-rotation`;

/**
 * Destroys in what a rotation kept aside the day keys that were destroyed since: with the old
 * master key they would still open that day in every old backup. Answers how many. Rejects with
 * BackupRefused.
 */
export async function destroyKept(keyFolder: string): Promise<number> {
  const to = keptAside(keyFolder);
  try {
    const paths = await undestroyed({ keyFolder, to }, erasedAmong(await readdir(keyFolder)));
    for (const path of paths) await destroy(path);
    return paths.length;
  } catch (error) {
    if (isCode(error, 'ENOENT') && (error as NodeJS.ErrnoException).path === to) return 0;
    throw new BackupRefused(
      'unavailable',
      `Cannot destroy day keys in "${to}" that were destroyed in the key folder, so those days can still be read with it: ${reasonOf(error)}; put it right, or destroy that folder where no earlier backup is needed`,
      { cause: error },
    );
  }
}

/**
 * Makes the copy whole and reads back what was written. Rejects with BackupRefused; what could be
 * copied is there then.
 */
export async function copyKeys(places: KeyCopyPlaces): Promise<KeyLag> {
  const lag = await keyLag(places);
  await explained(places, async () => {
    for (const name of lag.missing) await copyOne(places, name);
    for (const path of lag.undestroyed) await destroy(path);
  });
  const [first] = lag.damaged;
  if (first !== undefined)
    throw new BackupRefused(
      'unusable',
      `Cannot copy the key folder: the day key "${first}" in "${places.keyFolder}" and in "${join(places.to, places.fingerprint)}" should be the same and differ, so one of them is damaged, and neither was touched. If mail of that day can be read, remove the copy and it is made again; else put the copy in place of the other`,
    );
  return lag;
}

const contentOf = async (path: string): Promise<Buffer | undefined> =>
  await readFile(path).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  });

async function undestroyed(
  { keyFolder, to }: Pick<KeyCopyPlaces, 'keyFolder' | 'to'>,
  erased: ReadonlySet<string>,
): Promise<readonly string[]> {
  const store = await contentOf(join(keyFolder, 'store'));
  if (store === undefined || erased.size === 0) return [];
  const found: string[] = [];
  for (const entry of await readdir(to, { withFileTypes: true })) {
    const copy = join(to, entry.name);
    // Copies of other gateways may lie beside ours.
    if (!entry.isDirectory() || (await contentOf(join(copy, 'store')))?.equals(store) !== true) continue;
    for (const name of await readdir(copy))
      if (erased.has((DAY.exec(name) ?? KEPT.exec(name))?.[1] ?? '')) found.push(join(copy, name));
  }
  return found;
}

/**
 * Day keys in the copy whose other messages have theirs kept in it: behind `missing`, so that those
 * are there.
 */
async function outlived({ keyFolder, to, fingerprint }: KeyCopyPlaces, all: readonly string[]): Promise<string[]> {
  const copy = join(to, fingerprint);
  const live = new Set(all.flatMap((name) => DAY.exec(name)?.[1] ?? []));
  const closed = new Set(all.flatMap((name) => KEPT.exec(name)?.[1] ?? []).filter((day) => !live.has(day)));
  if (closed.size === 0 || keyFolder === copy) return [];
  const there = await readdir(copy).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  });
  return there.filter((name) => closed.has(DAY.exec(name)?.[1] ?? '')).map((name) => join(copy, name));
}

async function copyOne({ keyFolder, to, fingerprint }: KeyCopyPlaces, name: string): Promise<void> {
  const target = join(to, fingerprint, name);
  const octets = await contentOf(join(keyFolder, name));
  // Destroyed a moment ago.
  if (octets === undefined) return;
  await makeFolder(dirname(target));
  await write(target, octets);
  if ((await contentOf(target))?.equals(octets) !== true)
    throw new BackupRefused(
      'unusable',
      `Cannot copy the key folder: "${target}" is not what was written there; look at that disk`,
    );
}

/**
 * Destroys files in the same order as in the key folder: the mark that it was on purpose comes
 * first.
 */
async function destroy(path: string): Promise<void> {
  const day = path.replace(/(?:\.[0-9a-f]{16})?\.[a-z]+$/, '');
  const isKept = (await contentOf(`${day}.kept`)) !== undefined;
  if (!isKept || path.endsWith('.kept')) await write(`${day}${ERASED}`, new Uint8Array(0));
  await unlink(path);
  await syncFolderOf(dirname(path));
}

async function write(path: string, octets: Uint8Array): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await writeNew(draft, octets);
  await rename(draft, path);
  await syncFolderOf(dirname(path));
}

async function explained<T>({ to }: KeyCopyPlaces, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof BackupRefused) throw error;
    const missing = isCode(error, 'ENOENT') && (error as NodeJS.ErrnoException).path === to;
    const why = missing ? `"${to}" is missing; mount or make it` : `${reasonOf(error)}; put it right`;
    throw new BackupRefused('unavailable', `Cannot copy the key folder to "${to}": ${why}`, {
      cause: error,
    });
  }
}
