/**
 * A list as a file of CSV, as `--csv` of its command prints it: page by page, so that no more than
 * one page is in memory.
 */
import type { Input } from '../../admin/input.ts';
import { MAX_LIST, type Params } from '../../commands/core/params.ts';
import type { ListRow } from '../../commands/core/row.ts';
import { csv } from '../../cli/output.ts';
import type { Download } from '../../web/core/page.ts';

/** A file that nobody opens in a spreadsheet any more. */
export const MAX_ROWS = 200_000;

type Row = Pick<ListRow<Params, unknown>, 'header' | 'cells' | 'after'>;

/**
 * The first page is asked for before anything is sent: what refuses it is a page, and not half a
 * file.
 */
export async function csvOf(
  name: string,
  row: Row,
  rows: (page: Input) => Promise<readonly unknown[]>,
  most = MAX_ROWS,
): Promise<Download> {
  const first = await rows({ limit: MAX_LIST });
  return {
    kind: 'download',
    name: `${name}.csv`,
    type: 'text/csv; charset=utf-8',
    pieces: pieces(row, first, rows, most),
  };
}

async function* pieces(
  { header, cells, after }: Row,
  first: readonly unknown[],
  rows: (page: Input) => Promise<readonly unknown[]>,
  most: number,
): AsyncGenerator<string, void, undefined> {
  yield `${csv(header, [])}\n`;
  let sent = 0;
  for (let page = first; page.length > 0;) {
    yield page.map((one) => `${csv(cells(one), [])}\n`).join('');
    sent += page.length;
    const last = page.at(-1);
    if (page.length < MAX_LIST || last === undefined) return;
    if (sent >= most) {
      yield `${csv([`More than ${most} rows: use a filter, or the command line`], [])}\n`;
      return;
    }
    page = await rows({ limit: MAX_LIST, after: after(last) });
  }
}
