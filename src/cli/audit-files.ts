/** Files of auditors: exports of the trail and anchors, checked without a gateway. */
import { type KeyObject, createPublicKey } from 'node:crypto';
import { createReadStream, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readAnchor } from '../crypto/audit-anchor.ts';
import { ExportCheck } from '../crypto/audit-export.ts';
import type { BrokenRow } from '../domain/audit-row.ts';
import { CommandError } from './exit.ts';

export interface Anchored {
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
        'failed',
        `Cannot read the key "${file}": ${(error as Error).message}; expected a public key in PEM`,
      );
    }
  });

const filesOf = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .map((name) => join(path, name))
    : [path];

/** In the order of the files. Throws CommandError for a line that is no anchor of these keys: a forged one is a finding, not noise. */
export function readAnchors(paths: readonly string[], keys: readonly KeyObject[]): Anchored[] {
  const anchors: Anchored[] = [];
  for (const file of paths.flatMap(filesOf))
    for (const [n, line] of readFileSync(file, 'utf8').split('\n').entries()) {
      if (line === '') continue;
      const read = readAnchor(line, keys);
      if (!read.ok)
        throw new CommandError('failed', `Cannot use line ${n + 1} of "${file}" as an anchor: ${read.error}`);
      const { seq, hash, at } = read.value;
      anchors.push({ seq, at, hash: Buffer.from(hash).toString('hex') });
    }
  return anchors;
}

export interface CheckedExport {
  readonly hostname: string;
  readonly rows: number;
  /** That stand in it. */
  readonly anchors: number;
  readonly broken?: BrokenRow;
}

/** Line by line: an export of years need not fit in memory. */
export async function checkExport(path: string, anchors: readonly Anchored[]): Promise<CheckedExport> {
  const wanted = new Map(anchors.map((anchor) => [anchor.seq, anchor.hash]));
  let begun: { readonly hostname: string; readonly check: ExportCheck } | undefined;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (begun === undefined) {
      const first = ExportCheck.begin(line);
      if (!first.ok) throw new CommandError('failed', `Cannot check "${path}": ${first.error}`);
      begun = { hostname: first.value.header.hostname, check: first.value.check };
      // What lies before the export cannot be told of here.
      for (const seq of wanted.keys()) if (seq <= begun.check.head.seq) wanted.delete(seq);
      continue;
    }
    const next = begun.check.next(line);
    if (next.kind === 'broken') return ended(begun, 0, next.broken);
    const hash = wanted.get(next.row.seq);
    if (hash !== undefined && hash !== Buffer.from(next.row.hash).toString('hex'))
      return ended(begun, 0, { seq: next.row.seq, why: 'the row is not the one that its anchor tells of' });
  }
  if (begun === undefined) throw new CommandError('failed', `Cannot check "${path}": it is empty`);
  const { seq } = begun.check.head;
  const beyond = [...wanted.keys()].filter((anchored) => anchored > seq);
  if (beyond.length > 0)
    return ended(begun, wanted.size - beyond.length, {
      seq: seq + 1,
      why: `the trail ends here, and an anchor tells of row ${Math.max(...beyond)}`,
    });
  return ended(begun, wanted.size);
}

const ended = (
  { hostname, check }: { readonly hostname: string; readonly check: ExportCheck },
  anchors: number,
  broken?: BrokenRow,
): CheckedExport => ({ hostname, rows: check.rows, anchors, ...(broken === undefined ? {} : { broken }) });
