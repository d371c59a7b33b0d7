/** Reads of counts of quirks. */
import type { AccountId } from '../../domain/ids.ts';
import { isQuirk } from '../../domain/quirks.ts';
import { days } from '../../domain/units.ts';
import type { QuirkDay } from '../quirks.ts';
import { int, optional, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const ROW = { quirk: text, day: int, tolerated: int, refused: int, lastAt: time, client: optional(text) };

export class QuirkReads {
  /** Stored counts of an account, by quirk and day, oldest first. */
  *written(_now: Now, account: AccountId): Change<readonly QuirkDay[]> {
    const rows = yield* sql.all(ROW)`
      SELECT quirk, day, tolerated, refused, last_at, client FROM quirk_day WHERE account = ${account} ORDER BY quirk, day`;
    return rows.flatMap(({ quirk, day, ...row }) =>
      // A newer node of the same store may know more quirks.
      isQuirk(quirk) ? [{ quirk, day: new Date(day * days(1)).toISOString().slice(0, 10), ...row }] : [],
    );
  }
}
