/** Changes to counts of quirks. */
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import { QUIRK_DAYS } from '../quirks.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

/** What one account did of one quirk on one day (days since 1970). */
export interface QuirkCount {
  readonly account: AccountId;
  readonly quirk: string;
  readonly day: number;
  readonly tolerated: number;
  readonly refused: number;
  readonly lastAt: Instant;
  readonly client: string | null;
}

const KEY = { account: int, quirk: text, day: int };
const COUNT = { ...KEY, tolerated: int, refused: int, lastAt: time, client: orNull(text) };

export class QuirkChanges {
  /**
   * Adds counts to those that are stored, one of each account, quirk and day; days that are too old
   * for their quirk are removed.
   */
  *note(_context: ChangeContext, counts: readonly QuirkCount[]): Change<void> {
    yield* sql.run`
      INSERT INTO quirk_day (account, quirk, day, tolerated, refused, last_at, client)
      SELECT account, quirk, day, tolerated, refused, last_at, client FROM ${rowsOf(COUNT, counts)} WHERE true
          ON CONFLICT (account, quirk, day) DO UPDATE SET
             tolerated = quirk_day.tolerated + excluded.tolerated, refused = quirk_day.refused + excluded.refused,
             last_at = CASE WHEN excluded.last_at > quirk_day.last_at THEN excluded.last_at ELSE quirk_day.last_at END,
             client = coalesce(excluded.client, quirk_day.client)`;
    yield* sql.run`
      DELETE FROM quirk_day WHERE (account, quirk, day) IN (
        SELECT q.account, q.quirk, q.day FROM ${rowsOf(KEY, counts)}
          JOIN quirk_day q ON q.account = given.account AND q.quirk = given.quirk AND q.day <= given.day - ${QUIRK_DAYS})`;
  }
}
