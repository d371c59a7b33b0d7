/** A CSV file that a command reads itself: all its rows, or an error that tells every bad line. */
import { type CsvProblem, problemLines, readTable } from '../admin/csv-table.ts';
import { CommandError } from './exit.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

const MAX_ROWS = 200_000;

/** A row by the names of its columns; '' where a field is empty. Spaces around it are gone, but for a password. */
export type Row = (column: string) => string;

/** `required`: columns that must stand, each with a value in each row but where it may be empty. */
export async function rowsOf(
  terminal: Terminal,
  file: string,
  required: readonly string[],
  optional: readonly string[] = [],
  mayBeEmpty: readonly string[] = [],
): Promise<readonly Row[]> {
  const text = readUpload(terminal, file);
  const rows: Row[] = [];
  const problems: CsvProblem[] = [];
  // eslint-disable-next-line @typescript-eslint/require-await -- a file is an AsyncIterable to its reader; here it is all there at once
  const whole = async function* (): AsyncGenerator<string> {
    yield text;
  };
  for await (const item of readTable(whole(), { required, optional, records: MAX_ROWS })) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    const { record } = item;
    for (const column of required)
      if (!mayBeEmpty.includes(column) && record.cell(column) === '')
        problems.push({ line: record.line, column, text: 'the field is empty; expected a value' });
    rows.push((column) => (column === 'password' ? record.raw(column) : record.cell(column)));
  }
  if (problems.length === 0 && rows.length === 0)
    problems.push({ line: 1, text: 'the file has a header and no lines; expected one line for each' });
  if (problems.length > 0)
    throw new CommandError('usage', `Cannot use "${file}", nothing was changed:\n${problemLines(problems)}`);
  return rows;
}
