/**
 * Listings that look at more rows than they give out. They go in bounded steps: others wait behind
 * each.
 */
import type { Change } from '../sql/sql.ts';

/** Rows that one step looks at: some milliseconds. */
const STEP = 2000;

export interface Step<R, K> {
  readonly rows: readonly R[];
  /** The next step goes on behind it; absent at the end. */
  readonly next?: K;
}

/**
 * `page`: the rows behind one, at most so many. As many as are asked for come first: where most are
 * wanted there is no second page.
 */
export function* stepped<R, K>(parts: {
  readonly limit: number;
  readonly from: K;
  readonly keyOf: (row: R) => K;
  readonly isWanted: (row: R) => boolean;
  readonly page: (behind: K, most: number) => Change<readonly R[]>;
}): Change<Step<R, K>> {
  const { limit, keyOf, isWanted, page } = parts;
  const rows: R[] = [];
  let behind = parts.from;
  for (const most of [limit, STEP]) {
    const found = yield* page(behind, most);
    for (const row of found) {
      behind = keyOf(row);
      if (isWanted(row)) rows.push(row);
      if (rows.length === limit) return { rows, next: behind };
    }
    if (found.length < most) return { rows };
  }
  return { rows, next: behind };
}
