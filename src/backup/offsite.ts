/**
 * The copy elsewhere, and the proof that it is one: what was copied is read back and compared with
 * the manifest. By a folder (another disk, a mount) or by the operator's own commands; no shell
 * takes part.
 *
 * What is read back from a folder at once may come from this machine's memory:
 * `sluis drill restore` on the copy, or a check by the other side, is the stronger proof. Reading
 * back through a command asks the other side.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { copyFile, factsOfFile, makeFolder, syncFolderOf } from './files.ts';
import type { KnownBackup } from './folder.ts';
import { MANIFEST, type ManifestFile } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { SIGNATURE } from './signed.ts';

export type Command = readonly string[];

export interface OffsiteRules {
  /** A folder that gets a folder for each backup. */
  readonly folder?: string;
  /** Gets the path of the backup as its last word. */
  readonly copy?: Command;
  /** Gets the backup's name as its last word; prints what sha256sum prints for its files. */
  readonly verify?: Command;
  /** Gets the backup's name and the name of one file as its last words; prints that file. */
  readonly read?: Command;
}

export interface Copied {
  readonly where: string;
  /** False if the configuration has no way of reading back. */
  readonly verified: boolean;
}

/** A line of 100 Mbit/s moves 400 GB in that time. */
const PATIENCE = 12 * 3600 * 1000;
const MAX_LISTING = 1024 * 1024;

export const hasOffsite = ({ folder, copy }: OffsiteRules): boolean => folder !== undefined || copy !== undefined;

/** Rejects with BackupRefused if it cannot be copied, or is not there what was copied. */
export async function copyOffsite(backup: KnownBackup, rules: OffsiteRules): Promise<Copied> {
  const { folder, copy } = rules;
  try {
    if (folder !== undefined) return await intoFolder(backup, folder);
    if (copy !== undefined) return await byCommand(backup, copy, rules);
  } catch (error) {
    if (error instanceof BackupRefused) throw error;
    const place = folder === undefined ? '' : ` in "${folder}"`;
    const why =
      isCode(error, 'ENOENT') && folder !== undefined
        ? `"${folder}" is missing; mount or make it`
        : `${reasonOf(error)}${place}`;
    throw failed(backup, why, error);
  }
  throw failed(backup, 'the configuration names no place', undefined);
}

const failed = ({ manifest }: KnownBackup, why: string, cause: unknown): BackupRefused =>
  new BackupRefused(
    'unavailable',
    `Cannot copy backup ${manifest.id} elsewhere: ${why}. The backup itself stands, and a running gateway tries the copy again`,
    { cause },
  );

/** Signature and manifest last: a folder without it is no backup there either. */
const namesOf = ({ manifest }: KnownBackup): readonly string[] => [
  ...manifest.files.map(({ name }) => name),
  `${MANIFEST}${SIGNATURE}`,
  MANIFEST,
];

async function intoFolder(backup: KnownBackup, folder: string): Promise<Copied> {
  const target = join(folder, backup.manifest.id);
  const partial = `${target}.partial`;
  // The folder itself is the operator's: one that is made here would hide that nothing is mounted
  // there.
  await mkdir(partial, { mode: 0o700 }).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await rm(partial, { recursive: true });
    await mkdir(partial, { mode: 0o700 });
  });
  try {
    await makeFolder(partial);
    for (const name of namesOf(backup)) {
      await makeFolder(dirname(join(partial, name)));
      await copyFile(join(backup.path, name), join(partial, name));
    }
    await syncFolderOf(partial);
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
    await syncFolderOf(folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  for (const file of backup.manifest.files) compare(backup, file, (await factsOfFile(join(target, file.name))).sha256);
  return { where: target, verified: true };
}

function compare(backup: KnownBackup, { name, sha256 }: ManifestFile, found: string | undefined): void {
  if (found !== sha256)
    throw failed(
      backup,
      `"${name}" there ${found === undefined ? 'was not told of' : `has SHA-256 ${found}`}, the manifest says ${sha256}`,
      undefined,
    );
}

async function byCommand(backup: KnownBackup, copy: Command, { verify, read }: OffsiteRules): Promise<Copied> {
  await printed(copy, backup.path);
  const where = basename(copy[0] ?? '');
  const { id, files } = backup.manifest;
  if (verify !== undefined) {
    const told = sumsIn(await printed(verify, id));
    for (const file of files) compare(backup, file, told.get(file.name));
  } else if (read !== undefined) for (const file of files) compare(backup, file, await hashOf(read, id, file.name));
  else return { where, verified: false };
  return { where, verified: true };
}

/** `HEX  NAME`; a name may have folders in front of it. */
function sumsIn(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, sum = '', path = ''] = /^\\?([0-9a-f]{64}) [ *](.*)$/.exec(line.trimEnd()) ?? [];
    const parts = path.split('/');
    for (const from of [parts.length - 1, parts.length - 2]) if (from >= 0) sums.set(parts.slice(from).join('/'), sum);
  }
  return sums;
}

const printed = ([program = '', ...words]: Command, ...more: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { timeout: PATIENCE, maxBuffer: MAX_LISTING, encoding: 'utf8' as const };
    execFile(program, [...words, ...more], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`the command "${program}" failed: ${lastLine(stderr) || firstLine(error.message)}`));
    });
  });

function hashOf([program = '', ...words]: Command, ...more: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, ...more], { stdio: ['ignore', 'pipe', 'ignore'], timeout: PATIENCE });
    const hash = createHash('sha256');
    child.stdout.on('data', (octets: Buffer) => hash.update(octets));
    child.once('error', (error) => reject(new Error(`the command "${program}" failed: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve(hash.digest('hex'));
      else reject(new Error(`the command "${program}" failed: it ended with ${code ?? 'a signal'}`));
    });
  });
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
const lastLine = (text: string): string => (text.trimEnd().split('\n').at(-1) ?? '').slice(0, 300);
