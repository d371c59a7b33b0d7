/**
 * How far the search tables of the trail (by account or message) and of messages (by Message-ID)
 * are filled. A search reads what is above the marks from the rows themselves: a thousand or so at
 * most. Each store fills the tables in its own way.
 */
import { as, long, text } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

/**
 * Ids of a span have these bits alone of their own (2 to the 27th milliseconds), and a Message-ID
 * so many characters in the table.
 */
export const SPAN_BITS = 48n;
export const FIELD_START = 32;
/** The key of a message in the table of Message-IDs. */
export const FIELD_KEY = words(`id >> ${SPAN_BITS}, substr(message_id_field, 1, ${FIELD_START}), id`);

export interface Marks {
  /** The last row of the trail that is in its tables. */
  readonly seq: bigint;
  /** The highest id up to which every message that has been filed is in its table. */
  readonly id: bigint;
}

/**
 * Read these marks before the tables: rows that come into the tables meanwhile are above the marks
 * as well.
 */
export function* searchMarks(): Change<Marks> {
  const marks = yield* sql.all({ name: as<'searched_seq' | 'searched_id'>(text), value: long })`
    SELECT name, CAST(value AS bigint) AS value FROM fact WHERE name IN ('searched_seq', 'searched_id')`;
  const of = (wanted: string): bigint => marks.find(({ name }) => name === wanted)?.value ?? 0n;
  return { seq: of('searched_seq'), id: of('searched_id') };
}
