/**
 * Anchors of the trail as auditors have them: in files, in folders of files, and in signed
 * documents.
 */
import { type KeyObject, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Anchor, readAnchor } from '../crypto/trail/audit-anchor.ts';
import { CommandError } from './exit.ts';

/** The head of one chain, as it stands in an anchor. */
export interface Anchored {
  /** The lane of the chain, as in a `ChainHead`. */
  readonly lane?: number;
  readonly seq: number;
  readonly hash: string;
  /** When it was signed, in ISO 8601. */
  readonly at: string;
}

export const readPublicKeys = (files: readonly string[]): KeyObject[] =>
  files.map((file) => {
    try {
      return createPublicKey(readFileSync(file));
    } catch (error) {
      throw new CommandError(
        'usage',
        `Cannot read the key "${file}": ${(error as Error).message}; expected a public key in PEM`,
      );
    }
  });

function filesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new CommandError(
      'usage',
      `Cannot read the anchors "${path}": there is nothing of that name; expected a file of anchors, or the folder that "audit.anchors" names`,
    );
  if (!found.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => join(path, name));
}

/**
 * Reads anchors in the order of the files. Throws CommandError for a line that is no anchor signed
 * by these keys: a forged anchor is a finding.
 */
export const readAnchors = (paths: readonly string[], keys: readonly KeyObject[]): Anchored[] =>
  paths.flatMap(filesOf).flatMap((file) => anchorsOf(readFileSync(file, 'utf8').split('\n'), keys, file));

function anchorsOf(lines: readonly string[], keys: readonly KeyObject[], file: string): Anchored[] {
  const anchors: Anchored[] = [];
  for (const [n, line] of lines.entries()) {
    if (line === '') continue;
    const read = readAnchor(line, keys);
    if (!read.ok)
      throw new CommandError('configuration', `Cannot use line ${n + 1} of "${file}" as an anchor: ${read.error}`);
    anchors.push(...anchoredBy(read.value));
  }
  return anchors;
}

const anchoredBy = ({ seq, hash, at, lanes }: Anchor): Anchored[] =>
  lanes === undefined
    ? [{ seq, at, hash: Buffer.from(hash).toString('hex') }]
    : lanes.map(({ lane, place, hash: head }) => ({
        ...(lane === 0 ? {} : { lane }),
        seq: place,
        at,
        hash: Buffer.from(head).toString('hex'),
      }));

/**
 * So many anchors are enough. The chain leads from each anchor to all rows before it, so the newest
 * ones prove everything.
 */
const ENOUGH = 1000;

/**
 * The newest anchors of a folder, in whole files (one a day), in order. Empty if there is no folder
 * or no anchor in it. Throws CommandError as `readAnchors` does.
 */
export function newestAnchors(folder: string, keyFile: string): Anchored[] {
  if (!existsSync(folder) || !existsSync(keyFile)) return [];
  // File names are sorted by their day alone: the host name in front of it may have changed.
  const dayOf = (path: string): string => path.slice(-'YYYY-MM-DD.jsonl'.length);
  const files = filesOf(folder).sort((a, b) => (dayOf(a) < dayOf(b) ? -1 : 1));
  const keys = readPublicKeys([keyFile]);
  let anchors: Anchored[] = [];
  for (let file = files.pop(); file !== undefined && anchors.length < ENOUGH; file = files.pop())
    anchors = [...readAnchors([file], keys), ...anchors];
  return anchors;
}

/** The anchors in a signed document, which brings their key along (PEM). */
export function anchorsIn(lines: readonly string[], key: Buffer | undefined, name: string): Anchored[] {
  if (key === undefined) return [];
  try {
    return anchorsOf(lines, [createPublicKey(key)], `anchors.jsonl in ${name}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('configuration', `Cannot read anchor.pem in "${name}": ${(error as Error).message}`);
  }
}
