/**
 * A list as a CSV file, the same as `--csv` of its command prints. It is read page by page, so that
 * only one page is in memory.
 */
import type { Input } from '../../admin/input.ts';
import { MAX_LIST, type Params } from '../../commands/core/params.ts';
import type { ListRow } from '../../commands/core/row.ts';
import { csv } from '../../cli/output.ts';
import type { Download } from '../../web/core/page.ts';

/** Most rows of a file. Nobody opens a larger one in a spreadsheet. */
export const MAX_ROWS = 200_000;

type Row = Pick<ListRow<Params, unknown>, 'header' | 'cells' | 'after'>;

/**
 * Makes the file. The first page is read before anything is sent: if that is refused, the visitor
 * gets a page and not half a file.
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
