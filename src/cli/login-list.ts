/** A file that names accounts, one a line. */
import { problemLines, readTable } from '../admin/csv-table.ts';
import { CommandError } from './exit.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

const MOST = 100_000;

/** Each once, in the order of the file. */
export async function loginsOfFile(terminal: Terminal, file: string): Promise<readonly string[]> {
  const names = new Set<string>();
  const problems: { line: number; column?: string; text: string }[] = [];
  const text = readUpload(terminal, file);
  // eslint-disable-next-line @typescript-eslint/require-await -- a table is read from an AsyncIterable; here it is all there at once
  const source = async function* (): AsyncGenerator<string> {
    yield text;
  };
  for await (const item of readTable(source(), { required: ['account'], optional: [], records: MOST })) {
    if (item.kind === 'problem') problems.push(item.problem);
    else if (item.kind === 'record') {
      const name = item.record.cell('account');
      if (name === '') problems.push({ line: item.record.line, column: 'account', text: 'it is empty' });
      else names.add(name);
    }
  }
  if (problems.length > 0)
    throw new CommandError('usage', `Cannot use "${file}", nothing was changed:\n${problemLines(problems)}`);
  return [...names];
}
