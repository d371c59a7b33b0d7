/**
 * The configuration in the audit trail: the SHA-256 of its file, which anybody can take of a copy,
 * and the names of the settings that are not what they were at the last start. Never a value: words
 * of a command may be a secret.
 *
 * What they were is kept in the data folder as a keyed hash for each setting, under a key of that
 * file.
 */
import { createHmac, hash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../platform/lasting-files.ts';

const SEEN = 'settings-seen.json';
const KEY_OCTETS = 32;
/** Octets of a setting's hash: it tells whether it changed, and protects nothing. */
const DIGEST = 8;
/** Names that one row lists. */
const NAMED = 50;

/** The word for a first start, when no earlier configuration is known. */
export const FIRST_START = 'first start';

interface Seen {
  readonly key: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface LoadedConfiguration {
  /** SHA-256 of the file's octets; empty if there is no file. */
  readonly sha256: string;
  /** Names in order, with commas; empty if nothing changed; or FIRST_START. */
  readonly changed: string;
}

/** SHA-256 of the configuration file as it is now. */
export function fileHash(path: string): string {
  try {
    return hash('sha256', readFileSync(path));
  } catch {
    return '';
  }
}

/** Names in one line of bounded length. */
export const named = (settings: readonly string[]): string =>
  settings.length <= NAMED
    ? settings.join(', ')
    : `${settings.slice(0, NAMED).join(', ')}, and ${settings.length - NAMED} more`;

/** Compares with the last start, and keeps what it is now for the next one. */
export async function compareConfiguration(
  config: object,
  { file, dataFolder }: { readonly file: string; readonly dataFolder: string },
): Promise<LoadedConfiguration> {
  const path = join(dataFolder, SEEN);
  const before = await seenIn(path);
  const key = before?.key ?? randomBytes(KEY_OCTETS).toString('hex');
  const settings = Object.fromEntries(
    [...flattened('', config)].map(([name, value]) => [name, digestOf(key, name, value)]),
  );
  const sha256 = fileHash(file);
  if (before === undefined) {
    replaceFile(path, JSON.stringify({ key, settings }), 0o600);
    return { sha256, changed: FIRST_START };
  }
  const names = new Set([...Object.keys(before.settings), ...Object.keys(settings)]);
  const changed = [...names].filter((name) => before.settings[name] !== settings[name]).sort();
  if (changed.length > 0) replaceFile(path, JSON.stringify({ key, settings }), 0o600);
  return { sha256, changed: named(changed) };
}

const digestOf = (key: string, name: string, value: string): string =>
  createHmac('sha256', key)
    .update(`${name}\0${value}`)
    .digest('hex')
    .slice(0, 2 * DIGEST);

/** A lost or damaged file costs the names of one change, not the start. */
async function seenIn(path: string): Promise<Seen | undefined> {
  try {
    const read = JSON.parse(await readFile(path, 'utf8')) as Partial<Seen>;
    return typeof read.key === 'string' && typeof read.settings === 'object' ? (read as Seen) : undefined;
  } catch {
    return undefined;
  }
}

/** `smtp.max-message`, `listener.2.port`: a name for each value; lists of plain values are one. */
function* flattened(prefix: string, value: unknown): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null) {
    yield [prefix, String(value)];
    return;
  }
  const plain = Array.isArray(value) && value.every((each) => typeof each !== 'object');
  if (plain) {
    yield [prefix, JSON.stringify(value)];
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    if (prefix === '' && name === 'file') continue;
    yield* flattened(prefix === '' ? name : `${prefix}.${name}`, inner);
  }
}
