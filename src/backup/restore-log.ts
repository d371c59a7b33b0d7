/**
 * The log that brings a base backup on: which files of it a restore needs, and whether it reaches
 * the moment that is wanted.
 */
import type { KeyObject } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { many } from '../domain/counted.ts';
import { parseLsn } from '../domain/lsn.ts';
import type { Instant } from '../domain/units.ts';
import { ENDED, LOG, type LogFile, type LogIndex, gapIn, numberOf, readIndex } from './log-files.ts';
import type { Manifest } from './manifest.ts';
import { BackupRefused } from './refused.ts';

export interface LogToBring {
  readonly folder: string;
  /** None: it has not come to the end of the backup yet, which has in itself what is there. */
  readonly files: readonly LogFile[];
  readonly fileOctets: number;
  readonly at: Instant;
}

/**
 * Undefined: the backup comes back as it was at its end. Throws BackupRefused if that is not what
 * is wanted.
 */
export async function logFor(
  backup: string,
  { store, id, ended }: Manifest,
  {
    until,
    without = false,
    keys,
  }: { readonly until?: Instant; readonly without?: boolean; readonly keys: readonly KeyObject[] },
): Promise<LogToBring | undefined> {
  const { start, startOctets, label } = store.postgres ?? {};
  if (until !== undefined && until < Date.parse(ended))
    throw new BackupRefused(
      'invalid',
      `Cannot restore backup ${id} as of ${iso(until)}: it was whole at ${ended} only; name an earlier backup, or a later moment`,
    );
  // The operator's own program has the log.
  if (label !== undefined || start === undefined || without) return refuseWithout(until, label, id);
  const found = await logOf(dirname(backup), start, keys);
  if (found === undefined) return refuseWithout(until, undefined, id);
  if (startOctets !== undefined) {
    await refuseOtherHistory(found, start, startOctets);
    if (comesTo(found, start) < startOctets) return early(found, id, until);
  }
  if (until !== undefined && until > found.at)
    throw new BackupRefused(
      'invalid',
      `Cannot restore backup ${id} as of ${iso(until)}: its log in "${found.folder}" goes to ${iso(found.at)}; name an earlier moment, or leave --until out for all that there is`,
    );
  return found;
}

const iso = (at: Instant): string => new Date(at).toISOString();

function refuseWithout(until: Instant | undefined, label: string | undefined, id: string): undefined {
  if (until === undefined || label !== undefined) return undefined;
  throw new BackupRefused(
    'unknown',
    `Cannot restore backup ${id} as of ${iso(until)}: there is no log behind it; leave --until out to have it as it was when it was whole`,
  );
}

/**
 * The one that has the file that the backup goes on with. Where the servers went over to another
 * timeline before that file was received, it stands there under the number of the next timeline,
 * with what the one before had written.
 */
async function logOf(folder: string, start: string, keys: readonly KeyObject[]): Promise<LogToBring | undefined> {
  const names = (await readdir(folder)).filter((name) => name === LOG || ENDED.test(name));
  const logs: LogToBring[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const index = await readIndex(path, keys);
    if (index === undefined) continue;
    const { fileOctets, at } = index;
    logs.push({ folder: path, files: needed(index, start), fileOctets, at });
  }
  const has = (same: (name: string, fileOctets: number) => boolean): LogToBring | undefined =>
    logs.find(({ files, fileOctets }) => files.some(({ name }) => same(name, fileOctets)));
  return (
    has((name) => name === start) ??
    has((name, octets) => name > start && numberOf(name, octets) === numberOf(start, octets))
  );
}

function needed({ files, fileOctets }: LogIndex, start: string): readonly LogFile[] {
  const from = numberOf(start, fileOctets) ?? 0;
  return files.filter(({ name }) => (numberOf(name, fileOctets) ?? from) >= from);
}

/** Octets that it has of the file in which the backup ends: of the newest not all are there. */
function comesTo({ files, fileOctets }: LogToBring, start: string): number {
  const number = numberOf(start, fileOctets) ?? 0;
  const there = files.map(({ name, octets }) => ({ number: numberOf(name, fileOctets) ?? -1, octets }));
  if (there.some((file) => file.number > number)) return fileOctets;
  return Math.max(0, ...there.map((file) => (file.number === number ? file.octets : 0)));
}

/**
 * Brought in place of what the backup has of that file, it would take the end of the backup away.
 */
function early(found: LogToBring, id: string, until: Instant | undefined): LogToBring {
  if (until !== undefined)
    throw new BackupRefused(
      'unknown',
      `Cannot restore backup ${id} as of ${iso(until)}: the log in "${found.folder}" has not come to the end of it yet; wait for its next round, or leave --until out to have the backup as it was when it was whole`,
    );
  return { ...found, files: [] };
}

/**
 * Whoever was promoted may have had less than the server that gave the backup: what is in the
 * backup is not in the log's own history then.
 */
async function refuseOtherHistory(
  { folder, files, fileOctets }: LogToBring,
  start: string,
  octets: number,
): Promise<void> {
  const newest = files
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.history'))
    .sort()
    .at(-1);
  if (newest === undefined) return;
  const path = join(folder, newest);
  const end = BigInt(numberOf(start, fileOctets) ?? 0) * BigInt(fileOctets) + BigInt(octets);
  // Where it cannot be read, the log cannot be brought either, and that is said then.
  const history = await readFile(path, 'utf8').catch(() => '');
  for (const line of history.split('\n')) {
    const [, timeline = '', left = ''] = /^(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line) ?? [];
    if (Number(timeline) !== Number.parseInt(start.slice(0, 8), 16)) continue;
    if ((parseLsn(left) ?? end) < end)
      throw new BackupRefused(
        'unusable',
        `Cannot bring the log in "${folder}" in: as "${path}" has it the servers left timeline ${timeline} at ${left}, before the backup ends, so the backup has what they do not; take a later backup, or have this one without its log (--without-log)`,
      );
  }
}

/** What is said of it before it is brought; throws where a file of it is missing. */
export function logText({ folder, files, fileOctets, at }: LogToBring): string {
  if (files.length === 0)
    return `the log in "${folder}" has not come to the end of this backup yet: what is brought back is the backup itself`;
  const gap = gapIn(
    files.map(({ name }) => name),
    fileOctets,
  );
  if (gap !== undefined) throw new BackupRefused('unusable', `the log has a gap: ${gap}`);
  return `${many(files.length, 'file')} of the log ${files.length === 1 ? 'has its' : 'have their'} SHA-256; it goes to ${iso(at)}`;
}
