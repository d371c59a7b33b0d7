/**
 * Anchors of the trail as auditors have them: files, folders of files, and what came in a signed
 * document.
 */
import { type KeyObject, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Anchor, readAnchor } from '../crypto/trail/audit-anchor.ts';
import { CommandError } from './exit.ts';

/** The head of one chain, as an anchor has it. */
export interface Anchored {
  /** Lane, as in a `ChainHead`. */
  readonly lane?: number;
  readonly seq: number;
  readonly hash: string;
  /** ISO 8601. */
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
 * In the order of the files. Throws CommandError for a line that is no anchor of these keys: a
 * forged one is a finding, not noise.
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
 * Anchors that are enough: the chain leads from each of them to all rows before it, so that the
 * newest ones speak for all.
 */
const ENOUGH = 1000;

/**
 * The newest anchors of a folder, whole files of days, in their order; none where there is no
 * folder or no anchor in it. Throws CommandError as `readAnchors` does.
 */
export function newestAnchors(folder: string, keyFile: string): Anchored[] {
  if (!existsSync(folder) || !existsSync(keyFile)) return [];
  // Of a file name only the day sorts: the host name in front of it may have changed.
  const dayOf = (path: string): string => path.slice(-'YYYY-MM-DD.jsonl'.length);
  const files = filesOf(folder).sort((a, b) => (dayOf(a) < dayOf(b) ? -1 : 1));
  const keys = readPublicKeys([keyFile]);
  let anchors: Anchored[] = [];
  for (let file = files.pop(); file !== undefined && anchors.length < ENOUGH; file = files.pop())
    anchors = [...readAnchors([file], keys), ...anchors];
  return anchors;
}

/** Anchors that came with their key (PEM) in a signed document. */
export function anchorsIn(lines: readonly string[], key: Buffer | undefined, name: string): Anchored[] {
  if (key === undefined) return [];
  try {
    return anchorsOf(lines, [createPublicKey(key)], `anchors.jsonl in ${name}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('configuration', `Cannot read anchor.pem in "${name}": ${(error as Error).message}`);
  }
}
