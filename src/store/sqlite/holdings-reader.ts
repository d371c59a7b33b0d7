/** What mailboxes hold of each day, in bounded steps: whoever asks why old days are still readable goes through all entries. */
import type Database from 'better-sqlite3';
import { dayOf } from '../../crypto/key-folder.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import type { Holding, Holdings } from '../deliveries.ts';
import { idTime } from '../message-ids.ts';
import type { Db } from './database.ts';

/** Entries of one step: some milliseconds. */
const ROWS = 5000;
/** `entry.retrieved` of what was collected. */
const COLLECTED = 2n;

type Entry = [account: bigint, uid: bigint, message: bigint, retrieved: bigint, restoredAt: bigint | null];
type Hidden = [account: bigint, hiddenAt: bigint, uid: bigint, message: bigint];
type Queued = [partner: bigint, id: bigint, message: bigint];

export class HoldingsReader {
  readonly #entries: Database.Statement<[number, number, number], Entry>;
  readonly #hidden: Database.Statement<[number, number, number, number], Hidden>;

  readonly #queue: Database.Statement<[number, number, number], Queued>;
  readonly #most: number;

  constructor(db: Db, most = ROWS) {
    this.#most = most;
    this.#entries = db
      .prepare<[number, number, number], Entry>(
        'SELECT account, uid, message, retrieved, restored_at FROM entry WHERE (account, uid) > (?, ?) ORDER BY account, uid LIMIT ?',
      )
      .raw(true)
      .safeIntegers(true);
    this.#hidden = db
      .prepare<[number, number, number, number], Hidden>(
        `SELECT account, hidden_at, uid, message FROM hidden_entry
           WHERE (account, hidden_at, uid) > (?, ?, ?) ORDER BY account, hidden_at, uid LIMIT ?`,
      )
      .raw(true)
      .safeIntegers(true);
    this.#queue = db
      .prepare<[number, number, number], Queued>(
        'SELECT partner, id, message FROM delivery WHERE settled_at IS NULL AND (partner, id) > (?, ?) ORDER BY partner, id LIMIT ?',
      )
      .raw(true)
      .safeIntegers(true);
  }

  /** `after`: account and uid of an entry; account, time and uid of a deleted one; or these and what is open of the queue. In that order. */
  step(after: readonly number[] = [0, 0]): Holdings {
    const sums = new Sums();
    const most = this.#most;
    if (after.length === 2) {
      const [account = 0, uid = 0] = after;
      const rows = this.#entries.all(account, uid, most);
      for (const [of, , message, retrieved, restoredAt] of rows) {
        const since = restoredAt === null ? idTime(message) : instant(Number(restoredAt));
        sums.add(of, message, retrieved === COLLECTED ? 'left' : 'uncollected', since);
      }
      return { rows: sums.rows, next: behind(rows, most, 2) ?? [0, 0, 0] };
    }
    if (after.length === 3) {
      const [account = 0, at = 0, uid = 0] = after;
      const rows = this.#hidden.all(account, at, uid, most);
      for (const [of, hiddenAt, , message] of rows) sums.add(of, message, 'deleted', instant(Number(hiddenAt)));
      return { rows: sums.rows, next: behind(rows, most, 3) ?? [-1, 0, 0, 0] };
    }
    const [partner = -1, id = 0] = after;
    const rows = this.#queue.all(partner, id, most);
    for (const [, , message] of rows) sums.add(0n, message, 'queue', idTime(message));
    const next = behind(rows, most, 2);
    return { rows: sums.rows, ...(next === undefined ? {} : { next: [...next, 0, 0] }) };
  }
}

/** Where the next step begins: the key of the last row, if there may be more. */
const behind = (rows: readonly (readonly (bigint | null)[])[], most: number, key: number): number[] | undefined =>
  rows.length < most ? undefined : rows.at(-1)?.slice(0, key).map(Number);

class Sums {
  readonly #sums = new Map<string, { -readonly [K in keyof Holding]: Holding[K] }>();

  get rows(): readonly Holding[] {
    return [...this.#sums.values()];
  }

  add(account: bigint, message: bigint, what: Holding['what'], at: Instant): void {
    const time = idTime(message);
    // A number: the text of a day costs more than the rest, and is the same for many.
    const key = `${account} ${Math.floor(time / days(1))} ${what}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { account: Number(account) as AccountId, day: dayOf(time), what, messages: 0, latest: at };
      this.#sums.set(key, sum);
    }
    sum.messages += 1;
    if (at > sum.latest) sum.latest = at;
  }
}
