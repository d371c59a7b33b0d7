/** Which keys gateways seal the messages of a day with, by their marks. */
import type { ClaimDay, ClaimedKey } from '../core/engine.ts';
import { text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

export interface Claiming extends Readonly<Parameters<ClaimDay>[0]> {
  /** The node that seals with the key of that day. */
  readonly node: string;
}

/**
 * See `ClaimDay`. Gateways that begin a day at once do it one after another: each changes the row
 * of the day first.
 */
export function* claimDay({ day, mark, known, despite, node }: Claiming): Change<Awaited<ReturnType<ClaimDay>>> {
  yield* sql.run`INSERT INTO day_key (day) VALUES (${day}) ON CONFLICT (day) DO UPDATE SET day = excluded.day`;
  const claimed = yield* sql.all({ mark: text, node: text })`
    SELECT mark, node FROM sealing_key WHERE day = ${day} ORDER BY mark`;
  const unknown = claimed.filter((one) => !known.includes(one.mark));
  if (unknown.length > 0 && !despite) return { unknown };
  const first = claimed.find((one) => known.includes(one.mark));
  if (first !== undefined) return { mark: first.mark };
  yield* sql.run`INSERT INTO sealing_key (day, mark, node) VALUES (${day}, ${mark}, ${node})`;
  return { mark };
}

export interface ClaimedOn extends ClaimedKey {
  readonly day: string;
}

/** Claimed keys of days whose keys were not destroyed on purpose. */
export function* claimedKeys(): Change<readonly ClaimedOn[]> {
  return yield* sql.all({ day: text, mark: text, node: text })`
    SELECT day, mark, node FROM sealing_key JOIN day_key USING (day) WHERE erased_at IS NULL ORDER BY day, mark`;
}
