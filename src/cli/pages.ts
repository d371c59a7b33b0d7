/** Rows of one page of a listing. */
export const PAGE = 500;

/** Yields every row of a listing, page by page. */
export async function* pages<R>(
  fetch: (page: { limit: number; after?: string }) => Promise<readonly R[]>,
  nameOf: (row: R) => string,
  size = PAGE,
): AsyncGenerator<readonly R[], void, undefined> {
  let after: string | undefined;
  for (;;) {
    const rows = await fetch(after === undefined ? { limit: size } : { limit: size, after });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (rows.length < size || last === undefined) return;
    after = nameOf(last);
  }
}

export async function allRows<R>(
  fetch: (page: { limit: number; after?: string }) => Promise<readonly R[]>,
  nameOf: (row: R) => string,
): Promise<R[]> {
  const all: R[] = [];
  for await (const rows of pages(fetch, nameOf)) all.push(...rows);
  return all;
}
