/** Prints listings page by page while they come: of 20,000 accounts only one page is in memory. */
import { visibleJson } from '../domain/visible.ts';
import { type Cell, type OutputOptions, csv, plain } from './output.ts';
import type { Terminal } from './terminal.ts';

/**
 * A table whose columns are as wide as their longest cell so far. A listing of one page is as
 * narrow as possible, and a longer one widens when it must.
 */
export class TableLines {
  readonly #header: readonly string[];
  readonly #widths: number[];
  #begun = false;

  constructor(header: readonly string[]) {
    this.#header = header;
    this.#widths = header.map(() => 0);
  }

  /** The lines of these rows. The first rows come with the header. */
  of(rows: readonly (readonly Cell[])[]): string {
    const lines = [...(this.#begun ? [] : [this.#header]), ...rows.map((row) => row.map(plain))];
    this.#begun = true;
    for (const line of lines)
      for (const [i, cell] of line.entries())
        this.#widths[i] = Math.max(this.#widths[i] ?? 0, i === line.length - 1 ? 0 : Array.from(cell).length);
    return lines.map((line) => `${this.#line(line)}\n`).join('');
  }

  #line(cells: readonly string[]): string {
    return cells
      .map((cell, i) => cell + ' '.repeat(Math.max(0, (this.#widths[i] ?? 0) - Array.from(cell).length)))
      .join('  ')
      .trimEnd();
  }
}

/** A JSON array in the same form as `JSON.stringify` would give the whole of it. */
export class JsonLines {
  readonly #indent: string;
  #begun = false;

  /** `indent`: spaces in front of each line, if the array stands inside something else. */
  constructor(indent = '') {
    this.#indent = indent;
  }

  of(rows: readonly unknown[]): string {
    return rows
      .map((row) => {
        const before = this.#begun ? ',\n' : '[\n';
        this.#begun = true;
        return before + visibleJson(row, 2).replace(/^/gm, `${this.#indent}  `);
      })
      .join('');
  }

  end(): string {
    return this.#begun ? `\n${this.#indent}]` : '[]';
  }
}

export interface Listing<R> {
  readonly header: readonly string[];
  readonly row: (row: R) => readonly Cell[];
  /** Printed in place of the header if there are no rows. */
  readonly none?: string;
  /** The header with --csv, if it is not that of the table. */
  readonly csvHeader?: readonly string[];
}

/** Prints every page as it comes. */
export async function printPages<R>(
  terminal: Terminal,
  options: OutputOptions & { readonly csv?: boolean },
  pages: AsyncIterable<readonly R[]>,
  listing: Listing<R>,
): Promise<void> {
  const { header, row, none } = listing;
  if (options.json === true) {
    const json = new JsonLines();
    for await (const rows of pages) terminal.out(json.of(rows));
    return terminal.out(`${json.end()}\n`);
  }
  if (options.csv === true) {
    terminal.out(`${csv(listing.csvHeader ?? header, [])}\n`);
    for await (const rows of pages) for (const one of rows) terminal.out(`${csv(row(one), [])}\n`);
    return;
  }
  const table = new TableLines(header);
  let listed = 0;
  for await (const rows of pages) {
    listed += rows.length;
    if (rows.length > 0) terminal.out(table.of(rows.map(row)));
  }
  if (listed === 0) terminal.out(none === undefined ? table.of([]) : `${none}\n`);
}
