/**
 * The counters of mailboxes in the writer: read with what a filing must know, written with what every commit tells. Remembered from one piece of work
 * to the next, and forgotten with every piece that may change them, or what accounts and organisations are, in another way (standing.ts).
 */
import type Database from 'better-sqlite3';
import { settingOf } from '../../domain/settings.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import type { Db } from './database.ts';
import { remembered } from './standing.ts';

export interface MailboxRow {
  readonly octets: number;
  readonly messages: number;
  readonly next_uid: number;
  readonly changes: number;
  /** Of deleted entries that can still be handed out again. */
  readonly hidden_octets: number;
  /** Nothing that it deleted is to go before; null: it has nothing deleted (deleted-mail.ts). */
  readonly sweep_at: number | null;
  readonly state: string;
  /** 1: it takes no new mail, since its account or organisation is ending. */
  readonly ending: 0 | 1;
  readonly settings: string | null;
  readonly organisation: string | null;
}

/** Nearly no mailbox has a quota of its own: the settings of the others are not even read. */
export const quotaOf = (row: Pick<MailboxRow, 'settings' | 'organisation'>): number => {
  const read = (text: string | null): Settings | undefined =>
    text === null ? undefined : (JSON.parse(text) as Settings);
  return settingOf('quota', read(row.settings), read(row.organisation));
};

/**
 * Deleted mail that can be handed out again may hold this many times the quota; beyond it the oldest goes before its time. Without a limit one
 * account fills the disk through a small mailbox: it fetches, deletes and is sent the next.
 */
const DELETED_PER_QUOTA = 1;

export const deletedAllowed = (row: Pick<MailboxRow, 'settings' | 'organisation'>): number =>
  DELETED_PER_QUOTA * quotaOf(row);

export class MailboxCounters {
  readonly #get: Database.Statement<[number], MailboxRow>;
  readonly #set: Database.Statement;
  readonly #setBoth: Database.Statement;
  readonly #known = new Map<number, MailboxRow | undefined>();

  constructor(db: Db) {
    this.#get = db.prepare(
      `SELECT m.octets, m.messages, m.next_uid, m.changes, m.hidden_octets, m.sweep_at, iif(o.state = 'active', a.state, o.state) AS state,
         (a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL) AS ending,
         iif(instr(a.settings, '"quota"') > 0, a.settings, NULL) AS settings,
         iif(instr(o.settings, '"quota"') > 0, o.settings, NULL) AS organisation
         FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation WHERE m.account = ?`,
    );
    this.#set = db.prepare(
      'UPDATE mailbox SET next_uid = ?, messages = ?, octets = ?, changes = ?, hidden_octets = ? WHERE account = ?',
    );
    // Written only where it changes: the index by it has a page of its own.
    this.#setBoth = db.prepare(
      'UPDATE mailbox SET next_uid = ?, messages = ?, octets = ?, changes = ?, hidden_octets = ?, sweep_at = ? WHERE account = ?',
    );
  }

  get(account: number): MailboxRow | undefined {
    return remembered(this.#known, account, () => this.#get.get(account));
  }

  forget(): void {
    this.#known.clear();
  }

  /** Adds to the counters, and to `numbers` what they are now. The next uid rises by the messages that came. `hidden`: octets. `sweepAt`: when a sweep has to look. */
  add(
    numbers: number[],
    account: number,
    row: MailboxRow,
    by: { readonly octets: number; readonly messages: number; readonly hidden?: number; readonly sweepAt?: number },
  ): void {
    const now = {
      ...row,
      octets: row.octets + by.octets,
      messages: row.messages + by.messages,
      next_uid: row.next_uid + Math.max(0, by.messages),
      changes: row.changes + 1,
      hidden_octets: row.hidden_octets + (by.hidden ?? 0),
      sweep_at: by.sweepAt ?? row.sweep_at,
    };
    const { next_uid: next, messages, octets, changes, hidden_octets: hidden, sweep_at: sweepAt } = now;
    if (sweepAt === row.sweep_at) this.#set.run(next, messages, octets, changes, hidden, account);
    else this.#setBoth.run(next, messages, octets, changes, hidden, sweepAt, account);
    this.#known.set(account, now);
    numbers.push(account, now.octets, now.messages, now.next_uid, now.changes);
  }
}
