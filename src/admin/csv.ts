/**
 * Reads CSV as spreadsheets write it: RFC 4180 with LF or CRLF, a byte order mark, and the semicolon that Dutch spreadsheets put for the
 * comma (taken from the first line). Everything has a limit, and an error names its line.
 */
import { type Result, fail, ok } from '../domain/result.ts';

export interface CsvRow {
  /** Number of its first line in the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvLimits {
  readonly rows: number;
  /** Characters of one row. */
  readonly row: number;
}

const separatorOf = (first: string): ',' | ';' => (first.includes(';') && !first.includes(',') ? ';' : ',');

/** Rows of `pieces`, empty lines left out. An error ends it: what follows a broken quote cannot be trusted. */
export async function* csvRows(
  pieces: AsyncIterable<string> | Iterable<string>,
  limits: CsvLimits = { rows: 1_000_000, row: 64 * 1024 },
): AsyncGenerator<Result<CsvRow, string>, void, undefined> {
  let separator: ',' | ';' | undefined;
  let rest = '';
  let line = 1;
  let rows = 0;
  const take = (text: string): Result<CsvRow, string> | undefined => {
    separator ??= separatorOf(text);
    const at = line;
    line += text.split('\n').length;
    if (text.trim() === '') return undefined;
    if ((rows += 1) > limits.rows) return fail(`line ${at}: the file has more than ${limits.rows} rows; split it`);
    const cells = cellsOf(text, separator);
    return cells === undefined
      ? fail(`line ${at}: a quote is not closed or stands inside an unquoted field; expected "..." with "" for a quote`)
      : ok({ line: at, cells });
  };
  for await (const piece of pieces) {
    rest += line === 1 && rest === '' ? piece.replace(/^\uFEFF/, '') : piece;
    let from = 0;
    for (;;) {
      const end = rowEnd(rest, from);
      if (end < 0) break;
      const row = take(rest.slice(from, end).replace(/\r$/, ''));
      from = end + 1;
      if (row !== undefined) yield row;
      if (row?.ok === false) return;
    }
    rest = rest.slice(from);
    if (rest.length > limits.row) {
      yield fail(`line ${line}: the row is longer than ${limits.row} characters; is a quote left open?`);
      return;
    }
  }
  const last = take(rest.replace(/\r$/, ''));
  if (last !== undefined) yield last;
}

/** Where the row that starts at `from` ends: the first LF outside quotes; -1 when it has not come yet. */
function rowEnd(text: string, from: number): number {
  let end = text.indexOf('\n', from);
  let quote = text.indexOf('"', from);
  while (end >= 0 && quote >= 0 && quote < end) {
    const close = text.indexOf('"', quote + 1);
    if (close < 0) return -1;
    quote = text.indexOf('"', close + 1);
    if (close > end) end = text.indexOf('\n', close);
  }
  return end;
}

function cellsOf(row: string, separator: string): string[] | undefined {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (row[at] === '"') {
      let cell = '';
      at += 1;
      for (;;) {
        const close = row.indexOf('"', at);
        if (close < 0) return undefined;
        cell += row.slice(at, close);
        at = close + 1;
        if (row[at] !== '"') break;
        cell += '"';
        at += 1;
      }
      cells.push(cell);
      if (at < row.length && row[at] !== separator) return undefined;
    } else {
      const end = row.indexOf(separator, at);
      const cell = row.slice(at, end < 0 ? row.length : end);
      if (cell.includes('"')) return undefined;
      cells.push(cell.trim());
      at = end < 0 ? row.length : end;
    }
    if (at >= row.length) return cells;
    at += 1;
  }
}
