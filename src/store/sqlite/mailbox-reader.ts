/** Reads what became of copies in mailboxes, in the reader thread: where they are, which are overdue, who fetches. */
import type Database from 'better-sqlite3';
import type { Consumer } from '../deliveries.ts';
import { BITS_BELOW_TIME } from '../message-ids.ts';
import type { Db } from './database.ts';
import { MESSAGE, type RawMessage, messageOf, rawStatement } from './message-rows.ts';
import type { HiddenWhy, OverdueRow, ReaderWork, WhereaboutsData } from './reader-protocol.ts';

/** Mailboxes, and entries in them, that one step looks at. */
const MAILBOXES = 500;
const ENTRIES = 50_000;

/** Since when an entry waits: it was handed out again, or it came. The upper bits of an id are milliseconds (message-ids.ts). */
const SINCE = `ifnull(e.restored_at, e.message >> ${BITS_BELOW_TIME})`;

interface OverdueCounts {
  readonly n: number;
  readonly oldest: number;
}

export class MailboxReader {
  readonly #entry: Database.Statement<
    [number, bigint],
    { uid: number; retrieved: number; since: number; restored: number }
  >;
  readonly #hidden: Database.Statement<[number, bigint], { uid: number; why: HiddenWhy }>;
  readonly #mailboxes: Database.Statement<[number, number], { account: number; messages: number }>;
  readonly #waiting: Database.Statement<[number, number], OverdueCounts>;
  readonly #entries: Database.Statement<[number, number, number, number, number], [bigint, ...RawMessage]>;
  readonly #accountsAt: Database.Statement<[string, number], { n: number }>;
  readonly #consumers: Database.Statement<[number], Consumer>;

  constructor(db: Db) {
    this.#entry = db.prepare(`SELECT uid, retrieved, ${SINCE} AS since, restored_at IS NOT NULL AS restored FROM entry e
         WHERE account = ? AND message = ? ORDER BY uid`);
    this.#hidden = db.prepare(
      'SELECT uid, why FROM hidden_entry WHERE account = ? AND message = ? ORDER BY hidden_at, uid',
    );
    this.#mailboxes = db.prepare('SELECT account, messages FROM mailbox WHERE account > ? ORDER BY account LIMIT ?');
    this.#waiting = db.prepare(
      `SELECT count(*) AS n, min(${SINCE}) AS oldest FROM entry e WHERE account = ? AND ${SINCE} < ? AND retrieved = 0`,
    );
    const columns = MESSAGE.split(', ')
      .map((column) => `m.${column}`)
      .join(', ');
    this.#entries = rawStatement(
      db,
      `SELECT e.uid, ${columns} FROM entry e JOIN message m ON m.id = e.message
         WHERE e.account = ? AND e.uid > ? AND ${SINCE} < ? AND e.retrieved = 0 AND (e.restored_at IS NOT NULL) = ?
         ORDER BY e.uid LIMIT ?`,
    );
    this.#accountsAt = db.prepare(
      'SELECT count(*) AS n FROM (SELECT 1 FROM consumer WHERE network = ? ORDER BY account LIMIT ?)',
    );
    this.#consumers = db.prepare(
      `SELECT network, first_at AS firstAt, last_at AS lastAt, sessions, retrieved, deleted
         FROM consumer WHERE account = ? ORDER BY last_at DESC, network`,
    );
  }

  copies(message: bigint, accounts: readonly number[]): Pick<WhereaboutsData, 'entries' | 'hidden'> {
    return {
      entries: accounts.flatMap((account) => this.#entry.all(account, message).map((row) => ({ account, ...row }))),
      hidden: accounts.flatMap((account) => this.#hidden.all(account, message).map((row) => ({ account, ...row }))),
    };
  }

  overdue({ before, after, limit }: ReaderWork['overdue']['in']): ReaderWork['overdue']['out'] {
    const rows: OverdueRow[] = [];
    let seen = 0;
    const mailboxes = this.#mailboxes.all(after, MAILBOXES);
    for (const { account, messages } of mailboxes) {
      seen += messages;
      const found = messages === 0 ? undefined : this.#waiting.get(account, before);
      if (found !== undefined && found.n > 0) rows.push({ account, messages: found.n, oldest: found.oldest });
      if (rows.length === limit || seen > ENTRIES) return { rows, next: account };
    }
    return { rows, next: mailboxes.length < MAILBOXES ? null : (mailboxes.at(-1)?.account ?? null) };
  }

  overdueEntries({
    account,
    before,
    after,
    limit,
    restored,
  }: ReaderWork['overdueEntries']['in']): ReaderWork['overdueEntries']['out'] {
    return this.#entries
      .all(account, after, before, restored ? 1 : 0, limit)
      .map(([uid, ...message]) => ({ uid: Number(uid), message: messageOf(message) }));
  }

  consumers(account: number): readonly Consumer[] {
    return this.#consumers.all(account);
  }

  accountsAt(network: string, limit: number): number {
    return this.#accountsAt.get(network, limit)?.n ?? 0;
  }
}
