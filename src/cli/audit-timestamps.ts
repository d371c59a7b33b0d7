/** Checks time stamps that lie beside anchors, without a gateway and without a network. */
import { hash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readAuthorities } from '../auth/authorities.ts';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { verifyTimeStamp } from '../crypto/trail/time-stamp.ts';
import { CommandError } from './exit.ts';

/** The end of the names of their files (trail/time-stamps.ts). */
const STAMPS = '.timestamps';

export interface CheckedStamps {
  readonly stamps: number;
  /** Time of the newest stamp, in ISO 8601. */
  readonly newest?: string;
}

const below = (path: string, end: string): string[] =>
  (statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path])
    .filter((name) => name.endsWith(end))
    .sort();

const linesOf = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

/**
 * Throws CommandError for a line that is no time stamp, or for a stamp of an anchor that is not in
 * these files. Both are findings.
 */
export async function checkTimeStamps(
  paths: readonly string[],
  authorityFiles: readonly string[],
): Promise<CheckedStamps> {
  const files = paths.flatMap((path) => below(path, STAMPS));
  if (files.length === 0) return { stamps: 0 };
  if (authorityFiles.length === 0)
    throw new CommandError('usage', 'Cannot check time stamps without the authority: add --timestamp-authority PEM');
  const authorities = authoritiesOf(authorityFiles);
  const anchors = paths.flatMap((path) => below(path, '.jsonl')).flatMap(linesOf);
  let stamps = 0;
  let newest = '';
  for (const file of files) {
    const found = await checkStampLines(linesOf(file), { anchors, authorities, name: file });
    stamps += found.stamps;
    if (found.newest !== undefined && found.newest > newest) newest = found.newest;
  }
  return { stamps, ...(newest === '' ? {} : { newest }) };
}

export interface StampTrust {
  /** Lines of the anchors, without their ends. */
  readonly anchors: readonly string[];
  readonly authorities: readonly Certificate[];
  /** Name of the file that the lines come from, for errors. */
  readonly name: string;
}

/** Checks lines with time stamps. Throws CommandError as `checkTimeStamps` does. */
export async function checkStampLines(
  lines: readonly string[],
  { anchors, authorities, name }: StampTrust,
): Promise<CheckedStamps> {
  const digests = new Map(anchors.map((line) => [hash('sha256', line), line] as const));
  let newest = '';
  for (const [n, line] of lines.entries()) {
    const at = await checked(line, digests, authorities).catch((error: unknown) => {
      throw new CommandError(
        'configuration',
        `Cannot use line ${n + 1} of "${name}" as a time stamp: ${(error as Error).message}`,
      );
    });
    if (at > newest) newest = at;
  }
  return { stamps: lines.length, ...(newest === '' ? {} : { newest }) };
}

export function authoritiesOf(files: readonly string[]): readonly Certificate[] {
  const read = files.map((file) => {
    try {
      return { file, pem: readFileSync(file, 'utf8') };
    } catch (error) {
      throw new CommandError(
        'usage',
        `Cannot read "${file}": ${(error as Error).message}; expected certificates in PEM`,
      );
    }
  });
  return readAuthorities(read, '--timestamp-authority');
}

async function checked(
  line: string,
  anchors: ReadonlyMap<string, string>,
  authorities: readonly Certificate[],
): Promise<string> {
  const { anchor, token, at, seq, sha256 } = JSON.parse(line) as Record<string, unknown>;
  if (typeof anchor !== 'string' || typeof token !== 'string') throw new Error('it lacks anchor or token');
  const over = anchors.get(anchor);
  if (over === undefined)
    throw new Error(`the anchor that it is over (SHA-256 ${anchor.slice(0, 64)}) is not among those given`);
  if ((JSON.parse(over) as { readonly seq?: unknown }).seq !== seq) throw new Error('its anchor is of another row');
  const octets = Buffer.from(token, 'base64');
  // Lines of earlier versions have no hash.
  if (octets.toString('base64') !== token || (sha256 !== undefined && sha256 !== hash('sha256', octets)))
    throw new Error('its token is not as it was written');
  const stamp = await verifyTimeStamp(octets, { hash: Buffer.from(anchor, 'hex'), authorities });
  if (!stamp.ok) throw new Error(stamp.error);
  const said = new Date(stamp.value.at).toISOString();
  if (at !== said) throw new Error(`it says ${String(at).slice(0, 40)}, and its token ${said}`);
  return said;
}
