/** Files and folders that last: written whole, synced, never half there under their name. */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { isCode } from './refused.ts';

/** What a manifest says of a file. */
export interface FileFacts {
  readonly octets: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

const STEP = 1024 * 1024;

async function eachStep(file: FileHandle, use: (octets: Uint8Array) => Promise<void> | void): Promise<void> {
  const step = Buffer.allocUnsafe(STEP);
  for (;;) {
    const { bytesRead } = await file.read(step, 0, STEP);
    if (bytesRead === 0) return;
    await use(step.subarray(0, bytesRead));
  }
}

/** Pieces of a file; each is overwritten by the next. */
export async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path, 'r');
  try {
    const step = Buffer.allocUnsafe(STEP);
    for (;;) {
      const { bytesRead } = await file.read(step, 0, STEP);
      if (bytesRead === 0) return;
      yield step.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Reads in steps of 1 MB, each a millisecond of hashing. */
export async function factsOfFile(path: string, told: (octets: number) => void = () => undefined): Promise<FileFacts> {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    let octets = 0;
    await eachStep(file, (piece) => {
      hash.update(piece);
      told((octets += piece.length));
    });
    return { octets, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** Copies into a new file, synced; what was read is hashed on the way. */
export async function copyFile(
  from: string,
  to: string,
  told: (octets: number) => void = () => undefined,
): Promise<FileFacts> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      let octets = 0;
      await eachStep(source, async (piece) => {
        hash.update(piece);
        await target.writeFile(piece);
        told((octets += piece.length));
      });
      await target.sync();
      return { octets, sha256: hash.digest('hex') };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Writes a new file, synced. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Every file below, as paths from there. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Where it really lies, links followed, also when its end does not exist yet. */
export async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(resolve(path));
    if (!isCode(error, 'ENOENT') || parent === resolve(path)) throw error;
    return join(await realPlace(parent), basename(path));
  }
}

/** Mode 0700 where it is made. */
export const makeFolder = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
};
