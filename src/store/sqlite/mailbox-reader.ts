/** Reads what became of copies in mailboxes, in the reader thread: where they are, which are overdue, who fetches. */
import type Database from 'better-sqlite3';
import type { Consumer } from '../deliveries.ts';
import type { Db } from './database.ts';
import { MESSAGE, type RawMessage, messageOf, rawStatement } from './message-rows.ts';
import type { HiddenWhy, OverdueRow, ReaderWork, WhereaboutsData } from './reader-protocol.ts';

/** Mailboxes, and entries in them, that one step looks at. */
const MAILBOXES = 500;
const ENTRIES = 50_000;

interface OverdueCounts {
  readonly n: number;
  readonly oldest: number;
}

export class MailboxReader {
  readonly #entry: Database.Statement<[number, bigint], { uid: number; retrieved: number }>;
  readonly #hidden: Database.Statement<[number, bigint], { uid: number; why: HiddenWhy }>;
  readonly #mailboxes: Database.Statement<[number, number], { account: number; messages: number }>;
  readonly #waiting: Database.Statement<[number, bigint], OverdueCounts>;
  readonly #entries: Database.Statement<[number, number, bigint, number, number, number], [bigint, ...RawMessage]>;
  readonly #accountsAt: Database.Statement<[string, number], { n: number }>;
  readonly #consumers: Database.Statement<[number], Consumer>;

  constructor(db: Db) {
    this.#entry = db.prepare('SELECT uid, retrieved FROM entry WHERE account = ? AND message = ? ORDER BY uid');
    this.#hidden = db.prepare(
      'SELECT uid, why FROM hidden_entry WHERE account = ? AND message = ? ORDER BY hidden_at, uid',
    );
    this.#mailboxes = db.prepare('SELECT account, messages FROM mailbox WHERE account > ? ORDER BY account LIMIT ?');
    this.#waiting = db.prepare(
      `SELECT w.n, m.received_at AS oldest
         FROM (SELECT count(*) AS n, min(message) AS first FROM entry WHERE account = ? AND message < ? AND retrieved = 0) w
         JOIN message m ON m.id = w.first`,
    );
    const columns = MESSAGE.split(', ')
      .map((column) => `m.${column}`)
      .join(', ');
    // Handed out again or not, one statement: `at` of the note about it is below a moment, or there is none.
    this.#entries = rawStatement(
      db,
      `SELECT e.uid, ${columns} FROM entry e JOIN message m ON m.id = e.message
         WHERE e.account = ? AND e.uid > ? AND e.message < ? AND e.retrieved = 0
           AND ifnull((SELECT at FROM notice WHERE key = 'restored:' || e.account || ':' || e.uid), -1) BETWEEN ? AND ?
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

  overdue({ below, after, limit }: ReaderWork['overdue']['in']): ReaderWork['overdue']['out'] {
    const rows: OverdueRow[] = [];
    let seen = 0;
    const mailboxes = this.#mailboxes.all(after, MAILBOXES);
    for (const { account, messages } of mailboxes) {
      seen += messages;
      const found = messages === 0 ? undefined : this.#waiting.get(account, below);
      if (found !== undefined) rows.push({ account, messages: found.n, oldest: found.oldest });
      if (rows.length === limit || seen > ENTRIES) return { rows, next: account };
    }
    return { rows, next: mailboxes.length < MAILBOXES ? null : (mailboxes.at(-1)?.account ?? null) };
  }

  overdueEntries({
    account,
    below,
    after,
    limit,
    restoredBefore,
  }: ReaderWork['overdueEntries']['in']): ReaderWork['overdueEntries']['out'] {
    const [from, to] = restoredBefore === null ? [-1, -1] : [0, restoredBefore - 1];
    return this.#entries
      .all(account, after, below, from, to, limit)
      .map(([uid, ...message]) => ({ uid: Number(uid), message: messageOf(message) }));
  }

  consumers(account: number): readonly Consumer[] {
    return this.#consumers.all(account);
  }

  accountsAt(network: string, limit: number): number {
    return this.#accountsAt.get(network, limit)?.n ?? 0;
  }
}
