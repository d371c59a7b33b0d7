/**
 * The counters of mailboxes in the writer: read with what a filing must know, written with what
 * every commit reports. Remembered from one piece of work to the next, and forgotten with every
 * piece that may change them, or what accounts and organisations are, in another way (standing.ts).
 */
import { type MailboxChange, deletedAllowed, quotaOf } from '../changes/services.ts';
import type { Db } from './database.ts';
import { remembered } from './standing.ts';
import { type Sql, sqlOf } from './statements.ts';

export { deletedAllowed, quotaOf };

export interface MailboxRow {
  readonly octets: number;
  readonly messages: number;
  readonly next_uid: number;
  readonly changes: number;
  /** Octets of deleted entries that can still be handed out again. */
  readonly hidden_octets: number;
  /**
   * Nothing that was deleted here is dropped before this moment; null: nothing is deleted
   * (deleted-mail.ts).
   */
  readonly sweep_at: number | null;
  readonly state: string;
  /** 1: it takes no new mail, since its account or organisation is ending. */
  readonly ending: 0 | 1;
  readonly settings: string | null;
  readonly organisation: string | null;
}

export class MailboxCounters {
  readonly #sql: Sql;
  readonly #known = new Map<number, MailboxRow | undefined>();

  constructor(db: Db) {
    this.#sql = sqlOf(db);
  }

  get(account: number): MailboxRow | undefined {
    return remembered(this.#known, account, () => this.#read(account));
  }

  #read(account: number): MailboxRow | undefined {
    return this.#sql.first<MailboxRow>`
      SELECT m.octets, m.messages, m.next_uid, m.changes, m.hidden_octets, m.sweep_at, iif(o.state = 'active', a.state, o.state) AS state,
        (a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL) AS ending,
        iif(instr(a.settings, '"quota"') > 0, a.settings, NULL) AS settings,
        iif(instr(o.settings, '"quota"') > 0, o.settings, NULL) AS organisation
        FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation WHERE m.account = ${account}`;
  }

  forget(): void {
    this.#known.clear();
  }

  /**
   * Adds to the counters, and to `numbers` what they are now: where only deleted mail is other than
   * it was, nobody else remembers it.
   */
  add(numbers: number[], account: number, row: MailboxRow, by: MailboxChange): void {
    const { octets = 0, messages = 0, hidden = 0, sweepAt = row.sweep_at } = by;
    const listed = octets !== 0 || messages !== 0;
    const now = {
      ...row,
      octets: row.octets + octets,
      messages: row.messages + messages,
      next_uid: row.next_uid + Math.max(0, messages),
      changes: row.changes + (listed ? 1 : 0),
      hidden_octets: row.hidden_octets + hidden,
      sweep_at: sweepAt,
    };
    const { next_uid: next, messages: count, octets: size, changes, hidden_octets: deleted } = now;
    // Written only if it changes, since its index has a page of its own.
    if (sweepAt === row.sweep_at)
      this.#sql.run`UPDATE mailbox SET next_uid = ${next}, messages = ${count}, octets = ${size}, changes = ${changes},
        hidden_octets = ${deleted} WHERE account = ${account}`;
    else
      this.#sql.run`UPDATE mailbox SET next_uid = ${next}, messages = ${count}, octets = ${size}, changes = ${changes},
        hidden_octets = ${deleted}, sweep_at = ${sweepAt} WHERE account = ${account}`;
    this.#known.set(account, now);
    if (listed) numbers.push(account, now.octets, now.messages, now.next_uid, now.changes);
  }
}
