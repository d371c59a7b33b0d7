/** Reads of what the database knows of day keys. The keys themselves are never in it. */
import { among } from '../sql/parts.ts';
import { text } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

export class DayKeyReads {
  /**
   * Days on which messages of the store were sealed, except those whose key was destroyed on
   * purpose.
   */
  *used(_now: Now): Change<readonly string[]> {
    const rows = yield* sql.all({ day: text })`SELECT day FROM day_key WHERE erased_at IS NULL ORDER BY day`;
    return rows.map(({ day }) => day);
  }

  /** The days among these whose key was destroyed on purpose. */
  *erased(_now: Now, days: readonly string[]): Change<readonly string[]> {
    const rows = yield* sql.all({ day: text })`
      SELECT day FROM day_key WHERE day ${among(text, days)} AND erased_at IS NOT NULL ORDER BY day`;
    return rows.map(({ day }) => day);
  }
}
