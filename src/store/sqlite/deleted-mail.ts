/**
 * Deleted mail that is past its time, or beyond what its mailbox may hold, in the writer.
 *
 * Each mailbox has a time before which nothing in it is due (`mailbox.sweep_at`), and an index by that time: a step of a sweep asks the mailboxes that are due, however
 * many others have deleted mail (docs/decisions/1523). The times follow from how long mail is kept; once that has changed, for an organisation or for all, a sweep looks
 * into every mailbox with deleted mail, in steps as well.
 */
import type Database from 'better-sqlite3';
import type { Settings } from '../../domain/settings/setting.ts';
import { days } from '../../domain/units.ts';
import { factOf, setFact } from './check-database.ts';
import type { Db } from './database.ts';
import { type MailboxRow, deletedAllowed } from './mailbox-counters.ts';

/** Entries that one step drops: a few milliseconds of the writer's time. */
export const ROWS = 200;
/** Mailboxes that one step looks into: 20 microseconds each where nothing is due. */
const MAILBOXES = 500;
/** Counted up by the database itself when the settings of an organisation change. */
const RULES = 'kept_rules';
/** The rules by which all mailboxes were looked into, and how far: an account, or `end`. */
const WALKED = 'kept_walked';

interface HiddenRow {
  readonly hidden_at: bigint;
  readonly uid: bigint;
  readonly message: bigint;
  readonly octets: bigint;
}
/** Another setting that decides how long deleted mail is kept has to be named in the triggers of migration 0046 as well. */
type HiddenOf = Pick<MailboxRow, 'hidden_octets' | 'settings' | 'organisation'>;

interface Dropped {
  readonly rows: number;
  /** Deleted mail that it holds now. */
  readonly octets: number;
  /** What was deleted earlier was past its time. */
  readonly since: number;
}

export class DeletedMail {
  readonly #db: Db;
  readonly #due: Database.Statement<[number, number], number>;
  readonly #next: Database.Statement<[number], number>;
  readonly #of: Database.Statement<[number], HiddenOf>;
  readonly #oldest: Database.Statement<[number, number, number], HiddenRow>;
  readonly #delete: Database.Statement;
  readonly #dropReference: Database.Statement;
  readonly #count: Database.Statement;
  readonly #schedule: Database.Statement;

  constructor(db: Db) {
    this.#db = db;
    this.#due = db
      .prepare<[number, number], number>('SELECT account FROM mailbox WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?')
      .pluck(true);
    this.#next = db
      .prepare<[number], number>('SELECT account FROM hidden_entry WHERE account > ? ORDER BY account LIMIT 1')
      .pluck(true);
    this.#of = db.prepare(
      `SELECT m.hidden_octets, iif(instr(a.settings, '"quota"') > 0, a.settings, NULL) AS settings,
         iif(instr(o.settings, '"quota"') + instr(o.settings, '"keep-deleted"') > 0, o.settings, NULL) AS organisation
         FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation WHERE m.account = ?`,
    );
    this.#oldest = db
      .prepare<[number, number, number], HiddenRow>(
        `SELECT hidden_at, uid, message, octets FROM hidden_entry
           WHERE account = ? AND hidden_at < ? ORDER BY hidden_at, uid LIMIT ?`,
      )
      .safeIntegers(true);
    this.#delete = db.prepare('DELETE FROM hidden_entry WHERE account = ? AND hidden_at = ? AND uid = ?');
    this.#dropReference = db.prepare('UPDATE content SET refs = refs - 1 WHERE message = ?');
    this.#count = db.prepare('UPDATE mailbox SET hidden_octets = ? WHERE account = ?');
    this.#schedule = db.prepare(
      `UPDATE mailbox SET hidden_octets = ?,
         sweep_at = coalesce(?, (SELECT min(h.hidden_at) FROM hidden_entry h WHERE h.account = mailbox.account) + ?)
         WHERE account = ?`,
    );
  }

  /** `before`: what was deleted earlier is past its time, unless the organisation has a time of its own. True while there is more. */
  step(at: number, before: number): boolean {
    const rules = `${Number(factOf(this.#db, RULES) ?? 0)}/${at - before}`;
    const done = factOf(this.#db, WALKED);
    const [walked, place] = typeof done === 'string' ? done.split(':') : [];
    if (walked !== rules) return this.#walk(at, before, rules, 0);
    if (place !== 'end') return this.#walk(at, before, rules, Number(place));
    const accounts = this.#due.all(at, MAILBOXES);
    let rows = 0;
    for (const account of accounts) {
      rows += this.#look(account, at, before, ROWS - rows);
      if (rows >= ROWS) return true;
    }
    return accounts.length === MAILBOXES;
  }

  /** Of one account what is beyond its quota, at most `ROWS` entries. Returns how many. */
  trim(account: number, at: number): number {
    const dropped = this.#drop(account, at, 0, ROWS);
    if (dropped === undefined || dropped.rows === 0) return 0;
    this.#count.run(dropped.octets, account);
    return dropped.rows;
  }

  /** Into every mailbox with deleted mail, from account to account. How far it came stands with what it did: a step that is undone is done again. */
  #walk(at: number, before: number, rules: string, after: number): boolean {
    let [account, rows] = [after, 0];
    for (let looks = 0; looks < MAILBOXES; looks += 1) {
      const next = this.#next.get(account);
      if (next === undefined) {
        setFact(this.#db, WALKED, `${rules}:end`);
        return true;
      }
      rows += this.#look(next, at, before, ROWS - rows);
      if (rows >= ROWS) break;
      account = next;
    }
    setFact(this.#db, WALKED, `${rules}:${account}`);
    return true;
  }

  /** Drops at most `most` entries and writes down when to look again: at once where there may be more. */
  #look(account: number, at: number, before: number, most: number): number {
    const dropped = this.#drop(account, at, before, most);
    if (dropped === undefined) return 0;
    // The first moment at which the oldest that is left is past its time.
    this.#schedule.run(dropped.octets, dropped.rows === most ? at : null, at - dropped.since + 1, account);
    return dropped.rows;
  }

  /** Oldest first: those past their time, and those beyond what it may hold. Undefined where there is no such mailbox. */
  #drop(account: number, at: number, before: number, most: number): Dropped | undefined {
    const its = this.#of.get(account);
    if (its === undefined) return undefined;
    const since = keptSince(its, at) ?? before;
    const allowed = deletedAllowed(its);
    let [octets, rows] = [its.hidden_octets, 0];
    for (const row of this.#oldest.all(account, octets > allowed ? Number.MAX_SAFE_INTEGER : since, most)) {
      if (Number(row.hidden_at) >= since && octets <= allowed) break;
      this.#delete.run(account, row.hidden_at, row.uid);
      this.#dropReference.run(row.message);
      octets -= Number(row.octets);
      rows += 1;
    }
    return { rows, octets, since };
  }
}

/** Where the organisation of the account has a time of its own: what was hidden earlier goes. */
function keptSince({ organisation }: HiddenOf, at: number): number | undefined {
  const kept = organisation === null ? undefined : (JSON.parse(organisation) as Settings)['keep-deleted'];
  return typeof kept === 'number' ? at - days(kept) : undefined;
}
