/**
 * A CSV file that names many things. Each column is read in the same way as the option of that name
 * on the command line.
 */
import { AdminError, type AdminErrorKind } from '../../admin/error.ts';
import type { CsvProblem } from '../../domain/csv-problem.ts';
import { type CsvRecord, quoted, readTable, refuseLines } from '../../admin/csv-table.ts';
import { defined } from '../../domain/defined.ts';
import type { Instant } from '../../domain/units.ts';
import { RegistryError } from '../../store/registry.ts';
import { inputOf } from './operations.ts';
import { type Params, type Values, nameOf } from './params.ts';

export interface CsvOf<P extends Params> {
  /** The action, as in "Cannot end accounts". */
  readonly action: string;
  /** The columns. One that must be given stands in every file. */
  readonly columns: P;
  /** Most lines of the file. */
  readonly most: number;
  readonly now: () => Instant;
  /** A column in which no value may stand twice. */
  readonly once?: keyof P & string;
  /**
   * Throws AdminError for a line that cannot be used although each of its columns can. The error is
   * reported together with the others.
   */
  readonly check?: (record: RecordOf<P>) => unknown;
  /**
   * If given, mistakes are put here for `refuseEntries` and are not thrown; the right lines are
   * returned all the same.
   */
  readonly problems?: CsvProblem[];
}

export type RecordOf<P extends Params> = Values<P> & { readonly line: number };

/**
 * Reads every line, in the order of the file. Throws AdminError with all mistakes, line by line.
 */
export async function recordsOf<P extends Params>(
  file: AsyncIterable<string> | undefined,
  { action, columns, most, now, once, check, problems: kept }: CsvOf<P>,
): Promise<readonly RecordOf<P>[]> {
  if (file === undefined) throw new AdminError('invalid', `Cannot ${action}: no file came with the request`);
  const named = Object.entries(columns).map(([key, param]) => ({ key, name: nameOf(key), ...param }));
  const records: RecordOf<P>[] = [];
  const problems = kept ?? [];
  const lines = new Map<unknown, number>();
  const shape = {
    required: named.filter(({ optional }) => !optional).map(({ name }) => name),
    optional: named.filter(({ optional }) => optional).map(({ name }) => name),
    was: Object.fromEntries(named.flatMap(({ name, was = [] }) => was.map((before) => [before, name]))),
    records: most,
  };
  for await (const item of readTable(file, shape)) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    const { line } = item.record;
    const { record, problems: wrong } = recordOf(item.record, columns, now);
    const told = wrong.length > 0 ? wrong : problemsIn(line, () => check?.({ ...record, line }));
    problems.push(...told);
    if (told.length > 0) continue;
    const key = once === undefined ? line : record[once];
    const before = lines.get(key);
    if (before === undefined) records.push({ ...record, line });
    else problems.push({ line, text: `"${String(key)}" is in line ${before} as well` });
    lines.set(key, before ?? line);
  }
  if (kept === undefined) refuseLines(action, problems);
  return records;
}

/**
 * Refuses a file with its own mistakes and with what the store says about its lines. `wrong` refers
 * to lines by their index in `lines`. Returns if there is nothing wrong.
 */
export function refuseEntries(
  action: string,
  problems: readonly CsvProblem[],
  lines: readonly { readonly line: number }[],
  wrong: readonly WrongEntry[],
  kind?: AdminErrorKind,
): void {
  const told = wrong.map(({ at, text }) => ({ line: lines[at]?.line ?? 1, text }));
  refuseLines(
    action,
    [...problems, ...told].sort((a, b) => a.line - b.line),
    kind,
  );
}

/**
 * Does what all lines say, or nothing. The store refuses with the first line that it cannot take.
 * Then `judge` asks it about every line, so that the person who corrects the file hears of all of
 * them.
 */
export async function allOrLines(
  action: string,
  lines: readonly { readonly line: number }[],
  change: () => Promise<unknown>,
  judge: () => Promise<readonly WrongEntry[]>,
): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    refuseEntries(action, [], lines, await judge(), error.kind);
    // `judge` found nothing wrong: somebody has corrected it meanwhile.
    throw error;
  }
}

/** What the store says of an entry, by its index in the list. */
interface WrongEntry {
  readonly at: number;
  readonly text: string;
}

/** Values of a flag in a CSV file. */
const YES_OR_NO = {
  expected: { en: 'yes or no' },
  fromText: (text: string): boolean | undefined => ({ yes: true, no: false })[text],
};

function problemsIn(line: number, read: () => unknown, column?: string): readonly CsvProblem[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return [{ line, ...defined({ column }), text: error.message }];
  }
}

function recordOf<P extends Params>(
  row: CsvRecord,
  columns: P,
  now: CsvOf<P>['now'],
): { readonly record: Values<P>; readonly problems: readonly CsvProblem[] } {
  const { line } = row;
  const record: Record<string, unknown> = {};
  const problems: CsvProblem[] = [];
  for (const [key, param] of Object.entries(columns)) {
    const column = nameOf(key);
    // Spaces around a password are part of it.
    const text = param.as === 'secret' ? row.raw(column) : row.cell(column);
    const { expected: wanted, fromText } = param.kind ?? YES_OR_NO;
    const expected = `expected ${wanted.en}`;
    const value: unknown = text === '' ? undefined : fromText(text, { textOf: () => '', lineOf: () => '', now });
    if (text === '' && !param.optional) problems.push({ line, column, text: `it is empty; ${expected}` });
    else if (text !== '' && value === undefined)
      problems.push({ line, column, text: `Cannot use ${quoted(text)}: ${expected}` });
    else
      problems.push(
        ...problemsIn(
          line,
          () => Object.assign(record, inputOf({ in: { [key]: param } }, { [column]: value })),
          column,
        ),
      );
  }
  return { record: record as Values<P>, problems };
}
