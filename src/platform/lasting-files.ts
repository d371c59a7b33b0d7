/**
 * Writes files that survive a power cut: when a function returns they are on the disk, and a file
 * is never half there under its name.
 */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes a file and syncs it. Its name survives once the folder is synced as well. `flag` `wx`:
 * fails if the file exists.
 */
export function writeSynced(path: string, content: string | Uint8Array, mode: number, flag: 'w' | 'wx' = 'w'): void {
  const file = openSync(path, flag, mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the names that were made, changed or removed in the folder survive a power cut. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Replaces a file in one step: a reader sees the old content or the new one. Makes the folder if it
 * is missing.
 */
export function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const draft = draftOf(path);
  writeSynced(draft, content, mode);
  renameSync(draft, path);
  syncFolder(folder);
}

/**
 * Makes a file with mode 0600 in one step: after a crash it is whole or absent. Keeps one that is
 * already there.
 */
export function writeOnce(folder: string, name: string, octets: Uint8Array): void {
  const path = join(folder, name);
  const draft = draftOf(path);
  writeSynced(draft, octets, 0o600);
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(folder);
}

const draftOf = (path: string): string => `${path}.${process.pid}.new`;
