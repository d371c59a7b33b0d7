/**
 * The log of a server of PostgreSQL as it lies beside its base backups: files of one size, whose
 * names say where in the log they stand.
 *
 *   log/000000010000000000000003           timeline, and where: a whole file
 *   log/000000010000000000000004.partial   the newest, as far as it came
 *   log/00000002.history                   where a timeline left the one before
 *   log/index.json                         octets and SHA-256 of each, and until when the log is whole; a line of JSON, and its signature
 *   log-ended-2026-11-28T120000Z/          one that could not go on: what came next was lost at the server
 */
import { type KeyObject, createHash, sign, verify } from 'node:crypto';
import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { many } from '../domain/counted.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { ReceivedLog } from '../store/copies.ts';
import { type FileFacts, syncFolderOf, writeNew } from './files.ts';
import { BackupRefused, isCode } from './refused.ts';

export const LOG = 'log';
export const ENDED = /^log-ended-\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?$/;
const INDEX = 'index.json';
const FORMAT = 'sluis log 1';
const FILE = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?$/;
const HISTORY = /^[0-9A-F]{8}\.history$/;
const PARTIAL = '.partial';
/** A file of the log has 150 octets of it: some 100,000 files, which are 1.6 TB. */
const MAX_INDEX = 16 * 1024 * 1024;

export interface LogFile extends FileFacts {
  /** Without `.partial`: `octets` says how far it came. */
  readonly name: string;
}

export interface LogIndex {
  readonly storeId: string;
  readonly hostname: string;
  readonly server: string;
  /** Whatever was committed before is in it. */
  readonly at: Instant;
  readonly fileOctets: number;
  /** Files by name. */
  readonly files: readonly LogFile[];
}

/** Number of a file in the log, whatever its timeline; undefined: it is no file of a log. */
export function numberOf(name: string, fileOctets: number): number | undefined {
  const [, , log, segment] = FILE.exec(name) ?? [];
  if (log === undefined || segment === undefined) return undefined;
  return Number.parseInt(log, 16) * (2 ** 32 / fileOctets) + Number.parseInt(segment, 16);
}

/** Names of the files of a log in a folder, by name; none if there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => FILE.test(name) || HISTORY.test(name)).sort();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Undefined: there is none. Throws BackupRefused if it is not one that a key signed. */
export async function readIndex(folder: string, keys: readonly KeyObject[]): Promise<LogIndex | undefined> {
  const path = join(folder, INDEX);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const [line = '', signature = ''] = text.length > MAX_INDEX ? [] : text.split('\n');
  if (!keys.some((key) => verify(null, Buffer.from(line), key, Buffer.from(signature, 'base64'))))
    throw new BackupRefused('unusable', `"${path}" is not signed by the key of the audit trail, or was changed`);
  const { format, at, ...index } = JSON.parse(line) as LogIndex & { readonly format: string };
  if (format !== FORMAT) throw new BackupRefused('unusable', `"${path}" does not say that it is a "${FORMAT}"`);
  return { ...index, at: instant(Date.parse(String(at))) };
}

/** Writes the index in one step: a reader sees the old one or the new one. */
export async function writeIndex(folder: string, index: LogIndex, { privateKey }: AuditKeys): Promise<void> {
  const line = JSON.stringify({ format: FORMAT, ...index, at: new Date(index.at).toISOString() });
  const draft = join(folder, `${INDEX}.new`);
  await rm(draft, { force: true });
  await writeNew(draft, `${line}\n${sign(null, Buffer.from(line), privateKey).toString('base64')}\n`);
  await rename(draft, join(folder, INDEX));
  await syncFolderOf(folder);
}

/** The first `octets` of a file. Rejects if it has fewer. */
export async function factsOfStart(path: string, octets: number): Promise<FileFacts> {
  const hash = createHash('sha256');
  for await (const piece of startOf(path, octets)) hash.update(piece);
  return { octets, sha256: hash.digest('hex') };
}

const STEP = 1024 * 1024;

export async function* startOf(path: string, octets: number): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path, 'r');
  try {
    for (let left = octets; left > 0;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(STEP, left)));
      if (bytesRead === 0) throw new BackupRefused('unusable', `"${path}" ends ${left} bytes too early`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Path of a file: the newest one has an addition to its name. */
export async function placeOf(folder: string, name: string): Promise<string> {
  const names = await namesIn(folder);
  return join(folder, names.includes(name) ? name : `${name}${PARTIAL}`);
}

/** What is missing between files of a log, in words; undefined: nothing is. */
export function gapIn(names: readonly string[], fileOctets: number, from?: number): string | undefined {
  const numbers = [...new Set(names.flatMap((name) => numberOf(name, fileOctets) ?? []))].sort((a, b) => a - b);
  const first = from ?? numbers[0] ?? 0;
  const last = numbers.at(-1) ?? first;
  const there = new Set(numbers);
  for (let number = first; number <= last; number += 1)
    if (!there.has(number)) return `the file behind ${nameBefore(names, number, fileOctets)} is missing`;
  return undefined;
}

const nameBefore = (names: readonly string[], number: number, fileOctets: number): string =>
  names.findLast((name) => (numberOf(name, fileOctets) ?? number) < number) ?? 'its begin';

/**
 * What lies in the folder behind `known`, hashed as far as `received` goes. Throws BackupRefused if
 * something that was there is not.
 */
export async function lookAtLog(
  folder: string,
  { end, fileOctets }: ReceivedLog,
  known: readonly LogFile[],
): Promise<readonly LogFile[]> {
  const names = await namesIn(folder);
  const lost = known.filter(({ name }) => !names.includes(name) && !names.includes(`${name}${PARTIAL}`));
  if (lost.length > 0)
    throw new BackupRefused('unusable', `${many(lost.length, 'file')} of the log went, such as "${lost[0]?.name}"`);
  const [last, rest] = [Number((end - 1n) / BigInt(fileOctets)), Number((end - 1n) % BigInt(fileOctets)) + 1];
  const files: LogFile[] = [];
  for (const name of names) {
    const whole = name.replace(PARTIAL, '');
    const number = numberOf(name, fileOctets);
    if (number !== undefined && number > last) continue;
    const before = known.find((file) => file.name === whole);
    if (before?.octets === fileOctets || (number === undefined && before !== undefined)) files.push(before);
    // What a timeline had begun when it was left stands in the next one, too.
    else if (name === whole || number === last)
      files.push(await hashed(folder, name, number === last ? rest : fileOctets));
  }
  if (!files.some(({ name }) => numberOf(name, fileOctets) === last))
    // The first file of a new log may be a later one than that which was asked for; the next time
    // it is there.
    throw new BackupRefused('unavailable', 'the log ends before what was to be received');
  const gap = gapIn(
    files.map(({ name }) => name),
    fileOctets,
  );
  if (gap !== undefined) throw new BackupRefused('unusable', `the log has a gap: ${gap}`);
  return files;
}

async function hashed(folder: string, name: string, octets: number): Promise<LogFile> {
  const path = join(folder, name);
  const whole = name.replace(PARTIAL, '');
  if (!HISTORY.test(name)) return { name: whole, ...(await factsOfStart(path, octets)) };
  const content = await readFile(path);
  return { name, octets: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
