/**
 * The log that a base backup has in itself: where it ends, as its own manifest has it, and whether
 * it is there up to that octet. A server that comes to the end of its log before that never starts
 * on the backup.
 *
 *   base/pg_wal.tar     files of one size (ustar), each a number of pages
 *   page                magic (2), flags (2), timeline (4), its place in the log (8); the first of a file also size of file (4, at 32) and page (4, at 36)
 *
 * Numbers of a page are in the order of the server's processor, which is that of all that
 * PostgreSQL's packages are built for at present: the lowest octet first.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { lsnText, parseLsn } from '../../domain/lsn.ts';
import { CopyFailed } from '../copies.ts';

/** What a base backup needs of the log of one timeline; `to` is behind its last octet. */
export interface LogRange {
  readonly timeline: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** The newest timeline first. */
export type LogRanges = readonly [LogRange, ...LogRange[]];

export interface LogEnd {
  /** The file in which a base backup is whole: 24 hexadecimal digits. */
  readonly start: string;
  /** Octets of that file that belong to the backup. */
  readonly startOctets: number;
}

const fileNameOf = (timeline: number, number: bigint, fileOctets: number): string => {
  const each = 2n ** 32n / BigInt(fileOctets);
  return [timeline, number / each, number % each]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('');
};

/**
 * The ranges; if the server changed timeline meanwhile, the newest comes first. Rejects with
 * CopyFailed.
 */
export async function logRanges(manifest: string): Promise<LogRanges> {
  const { 'WAL-Ranges': written = [] } = JSON.parse(await readFile(manifest, 'utf8')) as {
    readonly 'WAL-Ranges'?: readonly {
      readonly Timeline: number;
      readonly 'Start-LSN': string;
      readonly 'End-LSN': string;
    }[];
  };
  const refused = new CopyFailed(`"${manifest}" does not say where its log ends`);
  const [newest, ...others] = written.map(({ Timeline: timeline, 'Start-LSN': start, 'End-LSN': end }) => {
    const [from, to] = [parseLsn(start), parseLsn(end)];
    if (from === undefined || to === undefined) throw refused;
    return { timeline, from, to };
  });
  if (newest === undefined) throw refused;
  return [newest, ...others];
}

/**
 * On a standby a backup begins at its last checkpoint, which may be long before: it has the log
 * from there to its end in itself.
 */
export function logEndOf([{ timeline, to }]: LogRanges, fileOctets: number): LogEnd {
  const each = BigInt(fileOctets);
  return { start: fileNameOf(timeline, to / each, fileOctets), startOctets: Number(to % each) };
}

const BLOCK = 512;

/** Files of an archive by name: where each begins in it, and how long it is. */
async function filesIn(
  tar: FileHandle,
): Promise<ReadonlyMap<string, { readonly at: number; readonly octets: number }>> {
  const files = new Map<string, { readonly at: number; readonly octets: number }>();
  const { size } = await tar.stat();
  for (let at = 0; at + BLOCK <= size;) {
    const header = await piece(tar, at, BLOCK);
    const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    const octets = Number.parseInt(header.toString('latin1', 124, 136), 8) || 0;
    at += BLOCK;
    if (name !== '' && at + octets <= size) files.set(name, { at, octets });
    at += Math.ceil(octets / BLOCK) * BLOCK;
  }
  return files;
}

async function piece(file: FileHandle, at: number, octets: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(octets), 0, octets, at);
  return buffer;
}

/**
 * Every file from the checkpoint that the backup begins with is in the archive, and of the last the
 * page in which the backup ends was written: behind what was received a file has zeros. Of what is
 * in them the restore asks `pg_waldump`. Rejects with CopyFailed.
 */
export async function refuseShortLog(path: string, ranges: LogRanges, fileOctets: number): Promise<void> {
  const [newest] = ranges;
  const each = BigInt(fileOctets);
  const tar = await open(path, 'r');
  try {
    const files = await filesIn(tar);
    const lacking = (name: string): CopyFailed =>
      new CopyFailed(
        `the log in "${path}" does not reach the end of the backup at ${lsnText(newest.to)}: ${name} is not whole in it; take another backup`,
      );
    for (const { timeline, from, to } of ranges)
      for (let number = from / each; number <= (to - 1n) / each; number += 1n) {
        const name = fileNameOf(timeline, number, fileOctets);
        if (files.get(name)?.octets !== fileOctets) throw lacking(name);
      }
    const last = newest.to - 1n;
    const name = fileNameOf(newest.timeline, last / each, fileOctets);
    const { at = 0 } = files.get(name) ?? {};
    const pageOctets = (await piece(tar, at, 40)).readUInt32LE(36);
    if (pageOctets === 0 || fileOctets % pageOctets !== 0) throw lacking(name);
    const page = last - (last % BigInt(pageOctets));
    const header = await piece(tar, at + Number(page % each), 16);
    if (header.readBigUInt64LE(8) !== page) throw lacking(name);
  } finally {
    await tar.close();
  }
}
