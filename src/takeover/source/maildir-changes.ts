/**
 * What is changed in the maildir of another server, where a practice goes back to it: messages that
 * it need not have any more, and those that came elsewhere.
 */
import {
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SourceError } from './source.ts';
import { baseOf } from './uid-lists.ts';

export interface File {
  /** The part of the file name that stays the same when flags change. */
  readonly base: string;
  readonly name: string;
  readonly folder: 'cur' | 'new';
}

export const sizeOf = (folder: string, { folder: part, name }: File): number =>
  statSync(join(folder, part, name), { throwIfNoEntry: false })?.size ?? 0;

/**
 * By what stays the same of their names: a server renames a file when it was read. Answers how many
 * there were.
 */
export function removeFrom(folder: string, files: readonly File[]): number {
  if (files.length === 0) return 0;
  const wanted = new Set(files.map(({ base }) => base));
  let removed = 0;
  for (const part of ['cur', 'new'])
    for (const name of namesIn(folder, part))
      if (wanted.has(baseOf(name))) {
        attempt(folder, () => rmSync(join(folder, part, name)));
        removed += 1;
      }
  for (const part of ['cur', 'new']) sync(join(folder, part));
  return removed;
}

/**
 * As a delivery agent does: written whole and synced in `tmp`, then renamed into `new`. What is
 * there under that name, read or not, is left.
 */
export async function putInto(folder: string, name: string, octets: AsyncIterable<Uint8Array>): Promise<void> {
  if (['cur', 'new'].some((part) => namesIn(folder, part).some((there) => baseOf(there) === name))) return;
  const made = join(folder, 'tmp', name);
  const file = attempt(folder, () => openSync(made, 'w', 0o600));
  try {
    for await (const slice of octets) for (let at = 0; at < slice.length;) at += writeSync(file, slice, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  attempt(folder, () => {
    // Root writes for the server, which could not open a file of root's.
    const { uid, gid } = statSync(folder);
    if (process.getuid?.() === 0) chownSync(made, uid, gid);
    renameSync(made, join(folder, 'new', name));
  });
  sync(join(folder, 'new'));
}

function namesIn(folder: string, part: string): readonly string[] {
  return attempt(folder, () => readdirSync(join(folder, part)));
}

function sync(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function attempt<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceError(
      `Cannot change the maildir "${folder}": ${code ?? String(error)}; run the command as somebody who may write there`,
    );
  }
}
