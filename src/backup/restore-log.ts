/** The log that brings a base backup on: which files of it a restore needs, and whether it reaches the moment that is wanted. */
import type { KeyObject } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { many } from '../domain/counted.ts';
import type { Instant } from '../domain/units.ts';
import { ENDED, LOG, type LogFile, type LogIndex, gapIn, numberOf, readIndex } from './log-files.ts';
import type { Manifest } from './manifest.ts';
import { BackupRefused } from './refused.ts';

export interface LogToBring {
  readonly folder: string;
  readonly files: readonly LogFile[];
  readonly fileOctets: number;
  readonly at: Instant;
}

/** Undefined: the backup comes back as it was at its end. Throws BackupRefused where that is not what is wanted. */
export async function logFor(
  backup: string,
  { store, id, ended }: Manifest,
  {
    until,
    without = false,
    keys,
  }: { readonly until?: Instant; readonly without?: boolean; readonly keys: readonly KeyObject[] },
): Promise<LogToBring | undefined> {
  const { start, label } = store.postgres ?? {};
  if (until !== undefined && until < Date.parse(ended))
    throw new BackupRefused(
      'invalid',
      `Cannot restore backup ${id} as of ${iso(until)}: it was whole at ${ended} only; name an earlier backup, or a later moment`,
    );
  // The operator's own program has the log.
  if (label !== undefined || start === undefined || without) return refuseWithout(until, label, id);
  const found = await logOf(dirname(backup), start, keys);
  if (found === undefined) return refuseWithout(until, undefined, id);
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
 * The one that has the file that the backup goes on with. Where the servers went over to another timeline before that file was received, it stands there under
 * the number of the next timeline, with what the one before had written.
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

/** What is said of it before it is brought; throws where a file of it is missing. */
export function logText({ files, fileOctets, at }: LogToBring): string {
  const gap = gapIn(
    files.map(({ name }) => name),
    fileOctets,
  );
  if (gap !== undefined) throw new BackupRefused('unusable', `the log has a gap: ${gap}`);
  return `${many(files.length, 'file')} of the log ${files.length === 1 ? 'has its' : 'have their'} SHA-256; it goes to ${iso(at)}`;
}
