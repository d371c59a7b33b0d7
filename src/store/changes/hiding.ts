/** Removes entries from maildrops; they can be handed out again as long as they are hidden. */
import type { HiddenWhy } from '../reads/records.ts';
import { int, long } from '../sql/columns.ts';
import { among } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { addToMailbox, mailboxOf } from './services.ts';

/** Value of `entry.retrieved` for what was collected. */
export const COLLECTED = 2;

export interface Hidden {
  readonly uid: number;
  readonly message: bigint;
  /** Value of `retrieved` before. */
  readonly retrieved: number;
}

/** Hides those of `uids` that exist, in that order. `sent`: they were sent to their end now. */
export function* hideEntries(
  context: ChangeContext,
  account: number,
  uids: readonly number[],
  why: HiddenWhy,
  sent: readonly number[] = [],
): Change<readonly Hidden[]> {
  if (uids.length === 0) return [];
  yield* sql.run`
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved, receipt, why)
    SELECT account, ${context.at}, uid, message, octets, CASE WHEN uid ${among(int, sent)} THEN 2 ELSE retrieved END, receipt, ${why}
      FROM entry WHERE account = ${account} AND uid ${among(int, uids)}`;
  const rows = yield* sql.all({ uid: int, message: long, octets: int, retrieved: int })`
    DELETE FROM entry WHERE account = ${account} AND uid ${among(int, uids)} RETURNING uid, message, octets, retrieved`;
  const octets = rows.reduce((sum, row) => sum + row.octets, 0);
  yield* countHidden(context, account, rows.length, octets);
  const found = new Map(rows.map((row) => [row.uid, row]));
  return [...new Set(uids)].flatMap((uid) => found.get(uid) ?? []);
}

/** Messages, with their octets, are hidden and no longer in the mailbox. */
export function* countHidden(context: ChangeContext, account: number, messages: number, octets: number): Change<void> {
  const mailbox = messages === 0 ? undefined : yield* mailboxOf(account);
  if (mailbox === undefined) return;
  const crowded = mailbox.hiddenOctets + octets > mailbox.deletedAllowed;
  // What is beyond the quota is dropped now, and after a crash by the next sweep. Earlier deleted
  // mail is the oldest, or the sweep knows when the first of it is due.
  const sweepAt = crowded || mailbox.sweepAt === null ? { sweepAt: context.at } : {};
  yield* addToMailbox(context, account, { octets: -octets, messages: -messages, hidden: octets, ...sweepAt });
  if (crowded) context.tellCrowded(account);
}

/**
 * The copies of a message that lie in these mailboxes and were never sent to their end are
 * withdrawn. Returns the mailboxes that had one.
 */
export function* hideCopies(
  context: ChangeContext,
  accounts: readonly number[],
  message: bigint,
): Change<readonly number[]> {
  if (accounts.length === 0) return [];
  yield* sql.run`
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved, receipt, why)
    SELECT account, ${context.at}, uid, message, octets, retrieved, receipt, 'withdrawn'
      FROM entry WHERE account ${among(int, accounts)} AND message = ${message} AND retrieved = 0`;
  const rows = yield* sql.all({ account: int, octets: int })`
    DELETE FROM entry WHERE account ${among(int, accounts)} AND message = ${message} AND retrieved = 0 RETURNING account, octets`;
  const having = new Map<number, number[]>();
  for (const { account, octets } of rows) having.set(account, [...(having.get(account) ?? []), octets]);
  for (const [account, octets] of having)
    yield* countHidden(
      context,
      account,
      octets.length,
      octets.reduce((sum, one) => sum + one, 0),
    );
  return accounts.filter((account) => having.has(account));
}
