/**
 * A CSV file with a header: its rows by column name, and all its mistakes with line, column and
 * value.
 */
import type { CsvProblem } from '../domain/csv-problem.ts';
import { AdminError, type AdminErrorKind } from './error.ts';
import { type CsvLimits, csvDefaults, readCsv } from './csv.ts';

export interface CsvRecord {
  readonly line: number;
  /**
   * The field in this column, without the spaces around it. Empty if the field is empty or there is
   * no such column.
   */
  cell(column: string): string;
  /** The field with the spaces around it, for passwords. */
  raw(column: string): string;
}

export type TableItem =
  | { readonly kind: 'columns'; readonly columns: readonly string[] }
  | { readonly kind: 'record'; readonly record: CsvRecord }
  | { readonly kind: 'problem'; readonly problem: CsvProblem };

export interface TableShape {
  /** Columns that must be in the header. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Column names of the previous version, each with its present name. */
  readonly was?: Readonly<Record<string, string>>;
  /** Most records. The rest is reported as one problem and is not read. */
  readonly records: number;
}

/** Quotes a value of a file for a message: short, and on one line. */
export const quoted = (value: string): string =>
  `"${Array.from(value)
    .slice(0, 60)
    .join('')
    .replace(/[\p{C}"\\]/gu, '?')}${Array.from(value).length > 60 ? '...' : ''}"`;

/** More problems than an operator reads, and as many as fit in one line of the control socket. */
const MAX_SHOWN = 10_000;

/** All problems as an operator reads them, one a line. */
export function problemLines(problems: readonly CsvProblem[]): string {
  const lines = problems
    .slice(0, MAX_SHOWN)
    .map(({ line, column, text }) => `  line ${line}${column === undefined ? '' : `, ${column}`}: ${text}`);
  if (problems.length > MAX_SHOWN) lines.push(`  and ${problems.length - MAX_SHOWN} more; correct these first`);
  return lines.join('\n');
}

/**
 * Throws AdminError if there are problems. `action`: as in "Cannot end accounts". `kind`: `invalid`
 * if the mistake is in the file itself.
 */
export function refuseLines(action: string, problems: readonly CsvProblem[], kind: AdminErrorKind = 'invalid'): void {
  if (problems.length === 0) return;
  const text = `Cannot ${action}, nothing was changed:\n${problemLines(problems)}`;
  throw new AdminError(kind, text, { lines: problems });
}

/**
 * Yields the columns first, then records and problems in the order of the file. Ends after the
 * header if that cannot be used.
 */
export async function* readTable(
  source: AsyncIterable<Uint8Array | string>,
  shape: TableShape,
  limits: CsvLimits = csvDefaults,
): AsyncGenerator<TableItem> {
  let columns: readonly string[] | undefined;
  let records = 0;
  for await (const item of readCsv(source, limits)) {
    if (item.kind === 'fault') {
      yield problem(item.line, item.text);
      if (columns === undefined || item.last) return;
    } else if (columns === undefined) {
      columns = item.fields.map((name) => name.trim().toLowerCase()).map((name) => shape.was?.[name] ?? name);
      const wrong = headerProblems(columns, shape);
      for (const text of wrong) yield problem(item.line, text);
      if (wrong.length > 0) return;
      yield { kind: 'columns', columns };
    } else if (item.fields.length !== columns.length)
      yield problem(
        item.line,
        `the line has ${item.fields.length} fields; expected ${columns.length} as in the header (a field with the separator in it needs quotes)`,
      );
    else if (records >= shape.records) {
      yield problem(item.line, `the file has more than ${shape.records} lines; divide it and import the parts`);
      return;
    } else {
      records += 1;
      yield { kind: 'record', record: recordOf(item.line, columns, item.fields) };
    }
  }
  if (columns === undefined) yield problem(1, `the file is empty; expected a header with ${shape.required.join(',')}`);
}

const problem = (line: number, text: string): TableItem => ({ kind: 'problem', problem: { line, text } });

function recordOf(line: number, columns: readonly string[], fields: readonly string[]): CsvRecord {
  const raw = (column: string): string => fields[columns.indexOf(column)] ?? '';
  return { line, raw, cell: (column) => raw(column).trim() };
}

function headerProblems(columns: readonly string[], { required, optional }: TableShape): readonly string[] {
  const expected = `expected the columns ${required.join(', ')}${optional.length === 0 ? '' : ` and optionally ${optional.join(', ')}`}`;
  const problems: string[] = [];
  for (const column of new Set(columns)) {
    if (!required.includes(column) && !optional.includes(column))
      problems.push(`the header has the unknown column ${quoted(column)}; ${expected}`);
    if (columns.filter((c) => c === column).length > 1)
      problems.push(`the header has the column ${quoted(column)} more than once`);
  }
  const missing = required.filter((column) => !columns.includes(column));
  if (missing.length > 0) problems.push(`the header lacks ${missing.join(', ')}; ${expected}`);
  return problems;
}
