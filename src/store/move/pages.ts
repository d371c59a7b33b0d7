/** Rows of one table, page after page, in the order of their key. */
import { type MovedRow, keyOf } from './rows.ts';
import type { MovedTable } from './tables.ts';

export interface Page {
  readonly rows: readonly MovedRow[];
  /** The row after which the next page begins; undefined: there is none. */
  readonly next: MovedRow | undefined;
}

export async function* pagesOf(
  table: MovedTable,
  read: (after: MovedRow | undefined) => readonly MovedRow[] | Promise<readonly MovedRow[]>,
  from?: MovedRow,
): AsyncGenerator<Page, void, void> {
  for (let after = from, more = true; more;) {
    const rows = await read(after);
    const last = rows.at(-1);
    more = rows.length === table.page;
    after = last === undefined || !more ? undefined : keyOf(table, last);
    yield { rows, next: after };
  }
}
