/**
 * What is to become of the addresses of an organisation that becomes part of another: a rule for each from a file, and one for all others.
 *
 *   old,new,mailbox
 *   info@a.nl,info@b.nl,            until the date it leads where it leads now, and so does info@b.nl; then senders are told
 *   balie@a.nl,desk@b.nl,desk@b.nl  its mail is filed for desk@b.nl at once
 *   lab@a.nl,,                      goes on for good
 */
import { createHash } from 'node:crypto';
import { type Address, addressKey } from '../domain/address.ts';
import { AdminError } from './context.ts';
import { type CsvProblem, type CsvRecord, problemLines, readTable } from './csv-table.ts';
import { type Input, addressOf, login } from './input.ts';

/** Most lines of one file. */
export const MAX_SUCCESSORS = 50_000;

export interface Rule {
  readonly successor?: Address;
  /** Log-in name. */
  readonly mailbox?: string;
}

export interface FileRule extends Rule {
  readonly line: number;
  readonly address: Address;
}

export interface Rules {
  /** By the key of the old address. */
  readonly byAddress: ReadonlyMap<string, FileRule>;
  /** For those that the file does not name; without a successor they have none. */
  readonly others: Rule;
}

/** `sha256`: of the file, where the call names it. What two people have approved is exactly this file. */
export async function rulesFrom(
  upload: AsyncIterable<string> | undefined,
  { others, sha256 }: { readonly others: Rule; readonly sha256?: string | undefined },
): Promise<Rules> {
  if (upload === undefined && sha256 === undefined) return { byAddress: new Map(), others };
  if (upload === undefined) throw new AdminError('invalid', 'Cannot merge: the file of successors did not come along');
  const hash = createHash('sha256');
  const byAddress = new Map<string, FileRule>();
  const problems: CsvProblem[] = [];
  const shape = { required: ['old'], optional: ['new', 'mailbox'], records: MAX_SUCCESSORS };
  for await (const item of readTable(heard(upload, hash), shape)) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    const { record } = item;
    const { line } = record;
    try {
      const rule = ruleOf(record);
      const key: string = addressKey(rule.address);
      const before = byAddress.get(key);
      if (before === undefined) byAddress.set(key, rule);
      else problems.push({ line, column: 'old', text: `"${rule.address}" stands in line ${before.line} as well` });
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      problems.push({ line, text: error.message });
    }
  }
  if (problems.length > 0)
    throw new AdminError(
      'invalid',
      `Cannot use the file of successors, nothing was changed:\n${problemLines(problems)}`,
    );
  if (hash.digest('hex') !== sha256)
    throw new AdminError('invalid', 'Cannot merge: the file of successors is not the one that the call names');
  return { byAddress, others };
}

async function* heard(
  upload: AsyncIterable<string>,
  hash: { update: (text: string) => unknown },
): AsyncGenerator<string> {
  for await (const piece of upload) {
    hash.update(piece);
    yield piece;
  }
}

function ruleOf(record: CsvRecord): FileRule {
  const cell = (column: string): string => record.cell(column);
  const input: Input = { mailbox: cell('mailbox') };
  return {
    line: record.line,
    address: addressOf(cell('old'), 'old address'),
    ...(cell('new') === '' ? {} : { successor: addressOf(cell('new'), 'new address') }),
    ...(input.mailbox === '' ? {} : { mailbox: login(input, 'mailbox') }),
  };
}
