/**
 * Reads of what became of copies in mailboxes: which are overdue, who fetches, what mailboxes hold
 * of each day.
 */
import { defined } from '../../domain/defined.ts';
import { type AccountId, type EntryUid, type MessageId, messageNumber } from '../../domain/ids.ts';
import type { MessageParts } from '../../domain/message-part.ts';
import type { Instant } from '../../domain/units.ts';
import type {
  Consumer,
  Holdings,
  LatestEntry,
  MailboxEntry,
  MailboxQuery,
  UncollectedEntry,
  UncollectedMailbox,
  UncollectedQuery,
} from '../deliveries.ts';
import { BITS_BELOW_TIME } from '../message-ids.ts';
import { type Row, as, int, json, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { holdingsBehind } from './holdings.ts';
import { MESSAGE, MESSAGE_COLUMNS, byNewest } from './messages.ts';
import { limitOf } from './page.ts';
import { type HiddenWhy, recordOf } from './records.ts';
import type { Step } from './steps.ts';

/** Mailboxes, and entries in them, that one step looks at. */
const MAILBOXES = 500;
const ENTRIES = 50_000;
const MOST = 1000;
/** Rows of one step through what mailboxes hold: some milliseconds. */
const HELD = 5000;

/** Since when an entry waits: the moment when it was handed out again, or else came. */
export const SINCE = words(`coalesce(e.restored_at, e.message >> ${BITS_BELOW_TIME})`);

const ENTRY = {
  uid: as<EntryUid>(int),
  retrieved: int,
  receipt: int,
  since: time,
  parts: optional(json<MessageParts>()),
  ...MESSAGE,
};
const ENTRY_COLUMNS = words(
  `e.uid, e.retrieved, e.receipt, coalesce(e.restored_at, e.message >> ${BITS_BELOW_TIME}) AS since, coalesce(m.parts, o.parts) AS parts`,
);
/** What was submitted is known of the message, not of what protection made of it. */
const ITS_MESSAGE = words('JOIN message m ON m.id = e.message LEFT JOIN message o ON o.id = m.copy_of');

function entryOf({ uid, retrieved, receipt, since, parts, ...message }: Row<typeof ENTRY>): MailboxEntry {
  return {
    uid,
    since,
    sentBefore: retrieved > 0,
    receiptWanted: receipt > 0,
    message: recordOf(message),
    ...defined({ parts }),
  };
}

export class MailboxReads {
  /** A step through the mailboxes. */
  *uncollectedStep(
    _now: Now,
    { before, after, limit }: { readonly before: Instant; readonly after?: AccountId; readonly limit: number },
  ): Change<Step<UncollectedMailbox, AccountId>> {
    const first = after ?? (0 as AccountId);
    const mailboxes = yield* sql.all({ account: as<AccountId>(int), messages: int })`
      SELECT account, messages FROM mailbox WHERE account > ${first} ORDER BY account LIMIT ${MAILBOXES}`;
    let seen = 0;
    const full = mailboxes.findIndex(({ messages }) => (seen += messages) > ENTRIES);
    const last = (full < 0 ? mailboxes.at(-1) : mailboxes[full])?.account;
    if (last === undefined) return { rows: [] };
    const rows = yield* sql.all({ account: as<AccountId>(int), messages: int, oldest: time })`
      SELECT e.account, count(*) AS messages, min(${SINCE}) AS oldest FROM entry e
       WHERE e.account > ${first} AND e.account <= ${last} AND ${SINCE} < ${before} AND e.retrieved = 0 GROUP BY e.account ORDER BY e.account LIMIT ${limit}`;
    if (rows.length === limit) return { rows, next: rows.at(-1)?.account ?? last };
    return { rows, ...(full < 0 && mailboxes.length < MAILBOXES ? {} : { next: last }) };
  }

  /**
   * Overdue entries of one mailbox, oldest first; continue after `after`. Entries that were handed
   * out again are left out, since their senders were told before. With `restored`: only those that
   * were handed out again before `before`.
   */
  *uncollectedEntries(
    _now: Now,
    account: AccountId,
    { before, after, limit, restored }: UncollectedQuery,
  ): Change<readonly UncollectedEntry[]> {
    if (!(limit >= 1 && limit <= MOST))
      throw new RangeError(`The limit of a listing of entries is ${limit}; expected 1 to ${MOST}`);
    const rows = yield* sql.all({ uid: as<EntryUid>(int), ...MESSAGE })`
      SELECT e.uid, ${MESSAGE_COLUMNS} FROM entry e JOIN message m ON m.id = e.message
       WHERE e.account = ${account} AND e.uid > ${after ?? 0} AND ${SINCE} < ${before} AND e.retrieved = 0 AND (e.restored_at IS NOT NULL) = ${restored === true}
       ORDER BY e.uid LIMIT ${limit}`;
    return rows.map(({ uid, ...message }) => ({ account, uid, message: recordOf(message) }));
  }

  /** What lies in a mailbox, in the order in which it came there; continue after `after`. */
  *mailboxEntries(
    _now: Now,
    account: AccountId,
    { after = 0 as EntryUid, since, limit }: MailboxQuery,
  ): Change<readonly MailboxEntry[]> {
    if (!(limit >= 1 && limit <= MOST))
      throw new RangeError(`The limit of a listing of a mailbox is ${limit}; expected 1 to ${MOST}`);
    const rows = yield* sql.all(ENTRY)`
      SELECT ${ENTRY_COLUMNS}, ${MESSAGE_COLUMNS} FROM entry e ${ITS_MESSAGE}
       WHERE e.account = ${account} AND e.uid > ${after} AND ${SINCE} >= ${since ?? 0} ORDER BY e.uid LIMIT ${limit}`;
    return rows.map(entryOf);
  }

  /** The first entry of the message in the mailbox; undefined if there is none. */
  *mailboxEntry(_now: Now, account: AccountId, message: MessageId): Change<MailboxEntry | undefined> {
    const row = yield* sql.first(ENTRY)`
      SELECT ${ENTRY_COLUMNS}, ${MESSAGE_COLUMNS} FROM entry e ${ITS_MESSAGE}
       WHERE e.account = ${account} AND e.message = ${messageNumber(message)} ORDER BY e.uid LIMIT 1`;
    return row === undefined ? undefined : entryOf(row);
  }

  /**
   * The latest entries of a mailbox, and the latest that were taken out of it, newest first, at
   * most `limit` (1 to 1000). An entry that was handed out again counts once, as present.
   */
  *latestIn(_now: Now, account: AccountId, limit: number): Change<readonly LatestEntry[]> {
    const most = limitOf({ limit });
    const there = yield* sql.all({ retrieved: int, ...MESSAGE })`
      SELECT e.retrieved, ${MESSAGE_COLUMNS} FROM entry e JOIN message m ON m.id = e.message WHERE e.account = ${account} ORDER BY e.uid DESC LIMIT ${most}`;
    const hidden = yield* sql.all({ why: as<HiddenWhy>(text), ...MESSAGE })`
      SELECT h.why, ${MESSAGE_COLUMNS} FROM hidden_entry h JOIN message m ON m.id = h.message
       WHERE h.account = ${account} ORDER BY h.hidden_at DESC, h.uid DESC LIMIT ${most}`;
    const all = [
      ...there.map(({ retrieved, ...row }) => ({
        row,
        state: retrieved === 0 ? ('waiting' as const) : ('collected' as const),
      })),
      ...hidden.map(({ why, ...row }) => ({ row, state: why })),
    ];
    const known = new Set<bigint>();
    const each = all.filter(({ row: { id } }) => !known.has(id) && known.add(id));
    return each
      .sort((a, b) => byNewest(a.row, b.row))
      .slice(0, most)
      .map(({ row, state }) => ({ message: recordOf(row), state }));
  }

  *consumers(_now: Now, account: AccountId): Change<readonly Consumer[]> {
    return yield* sql.all({
      network: text,
      firstAt: time,
      lastAt: time,
      sessions: int,
      retrieved: int,
      deleted: int,
    })`
      SELECT network, first_at, last_at, sessions, retrieved, deleted FROM consumer WHERE account = ${account} ORDER BY last_at DESC, network`;
  }

  /** Accounts that are fetched from this network, counted up to `limit`. */
  *accountsAt(_now: Now, network: string, limit: number): Change<number> {
    const rows = yield* sql.all({ account: int })`
      SELECT account FROM consumer WHERE network = ${network} ORDER BY account LIMIT ${limit}`;
    return rows.length;
  }

  /** What all mailboxes hold, step by step; `after` is `next` of the step before. */
  *holdings(_now: Now, after?: readonly number[]): Change<Holdings> {
    return yield* holdingsBehind(after, HELD);
  }
}
