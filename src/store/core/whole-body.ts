/**
 * The sealed body of a message in one piece, for a SELECT of `content c`; NULL where its chunks are
 * read one by one.
 *
 * On PostgreSQL a small body may lie in rows of `chunk` as well: parts of the one sealed chunk,
 * none of which has a tag of its own (postgres/body-parts.ts).
 */
import { words } from '../sql/parts.ts';

export const wholeBody = words(
  'c.body',
  `coalesce(c.body, (SELECT string_agg(p.sealed, '' ORDER BY p.n) FROM chunk p
                      WHERE c.chunks = 1 AND p.message = c.message AND p.tag = '')) AS body`,
);
