/**
 * What mailboxes hold of each day, in bounded steps: whoever asks why old days are still readable
 * goes through all entries.
 */
import { dayOf } from '../../domain/utc-day.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type Instant, days } from '../../domain/units.ts';
import type { Holding, Holdings } from '../deliveries.ts';
import { idTime } from '../message-ids.ts';
import { as, int, long, orNull, time } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

/** Value of `entry.retrieved` for what was collected. */
const COLLECTED = 2;
/** The account number under which holdings of the queue stand. */
const NOBODY = 0 as AccountId;

/**
 * A step through at most `most` rows. `after`: account and uid of an entry; account, time and uid
 * of a deleted one; or these and what is open of the queue. In that order.
 */
export function* holdingsBehind(after: readonly number[] = [0, 0], most: number): Change<Holdings> {
  if (after.length === 2) return yield* entriesBehind(after, most);
  return after.length === 3 ? yield* hiddenBehind(after, most) : yield* queueBehind(after, most);
}

function* entriesBehind([account = 0, uid = 0]: readonly number[], most: number): Change<Holdings> {
  const sums = new Sums();
  const rows = yield* sql.all({
    account: as<AccountId>(int),
    uid: int,
    message: long,
    retrieved: int,
    restoredAt: orNull(time),
  })`
    SELECT account, uid, message, retrieved, restored_at FROM entry WHERE (account, uid) > (${account}, ${uid}) ORDER BY account, uid LIMIT ${most}`;
  for (const row of rows)
    sums.add(
      row.account,
      row.message,
      row.retrieved === COLLECTED ? 'left' : 'uncollected',
      row.restoredAt ?? idTime(row.message),
    );
  const last = rows.length < most ? undefined : rows.at(-1);
  return { rows: sums.rows, next: last === undefined ? [0, 0, 0] : [last.account, last.uid] };
}

function* hiddenBehind([account = 0, at = 0, uid = 0]: readonly number[], most: number): Change<Holdings> {
  const sums = new Sums();
  const rows = yield* sql.all({ account: as<AccountId>(int), hiddenAt: time, uid: int, message: long })`
    SELECT account, hidden_at, uid, message FROM hidden_entry
     WHERE (account, hidden_at, uid) > (${account}, ${at}, ${uid}) ORDER BY account, hidden_at, uid LIMIT ${most}`;
  for (const row of rows) sums.add(row.account, row.message, 'deleted', row.hiddenAt);
  const last = rows.length < most ? undefined : rows.at(-1);
  return { rows: sums.rows, next: last === undefined ? [-1, 0, 0, 0] : [last.account, last.hiddenAt, last.uid] };
}

function* queueBehind([partner = -1, id = 0]: readonly number[], most: number): Change<Holdings> {
  const sums = new Sums();
  const rows = yield* sql.all({ partner: int, id: int, message: long })`
    SELECT partner, id, message FROM delivery WHERE settled_at IS NULL AND (partner, id) > (${partner}, ${id}) ORDER BY partner, id LIMIT ${most}`;
  for (const row of rows) sums.add(NOBODY, row.message, 'queue', idTime(row.message));
  const last = rows.length < most ? undefined : rows.at(-1);
  return { rows: sums.rows, ...defined({ next: last && [last.partner, last.id, 0, 0] }) };
}

class Sums {
  readonly #sums = new Map<string, { -readonly [K in keyof Holding]: Holding[K] }>();

  get rows(): readonly Holding[] {
    return [...this.#sums.values()];
  }

  add(account: AccountId, message: bigint, what: Holding['what'], at: Instant): void {
    const made = idTime(message);
    // A number: the text of a day costs more than the rest, and is the same for many.
    const key = `${account} ${Math.floor(made / days(1))} ${what}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { account, day: dayOf(made), what, messages: 0, latest: at };
      this.#sums.set(key, sum);
    }
    sum.messages += 1;
    if (at > sum.latest) sum.latest = at;
  }
}
