/**
 * Counts what accounts do, in the writer, one row for each account and month.
 *
 * What an acceptance counts is written every few seconds, since its rows tell it again
 * (usage-recount.ts): `usage_seq` is the row of the trail up to which acceptances are in the
 * figures, written in the transaction of the figures. What stands behind it is counted again after
 * a crash, and after a transaction that was undone. Everything else is gathered while a transaction
 * runs and written at its end.
 *
 * What a piece of work counted goes with the piece when that is undone.
 */
import { firstDay, monthOfDay } from '../../domain/months.ts';
import { instant } from '../../domain/units.ts';
import { dayOf } from '../../domain/working-days.ts';
import { columnOf, words } from '../sql/parts.ts';
import type { FiledCopy } from '../core/filing-rules.ts';
import { NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../usage.ts';
import { factOf, setFact } from './check-database.ts';
import type { Db } from './database.ts';
import { type Sql, sqlOf } from './statements.ts';
import { ACCEPTED, type Accepted, UsageRecount, isToldAgain } from './usage-recount.ts';
import type { Reach } from '../core/reach.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AcceptWork } from '../changes/accept-work.ts';
import { countIn, lastIn } from '../core/usage-facts.ts';

/**
 * What an event says of the account besides what it adds: nothing (somebody else did it), that it
 * was there, that it logged in.
 */
type Doing = 'nothing' | 'used' | 'login';

interface Noted {
  readonly account: number;
  readonly at: number;
  readonly counts: Partial<UsageCounts>;
  readonly doing: Doing;
  /** Its rows can be counted again, so it may be written later. */
  readonly told: boolean;
}

interface Sums {
  readonly account: number;
  readonly month: number;
  readonly counts: { -readonly [K in keyof UsageCounts]: number };
  loginDays: number;
  days: number;
  /** Days since 1970; -1: none. */
  lastLogin: number;
  lastUsed: number;
}

/** In Amsterdam a day begins at a full hour of UTC: the latest hour that was asked for. */
interface Today {
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  /** Bit of the day in `days`. */
  readonly bit: number;
}

interface Owner {
  readonly organisation: number;
  last_login: number | null;
  last_used: number | null;
}

const NOTHING: Partial<UsageCounts> = {};
const HOUR = 3_600_000;
/** Accounts that are remembered with their organisations. */
const OWNERS = 50_000;
/** Milliseconds after which the figures of acceptances are written, with the next commit. */
const EVERY = 5000;
/** Rows of figures that wait to be written: some milliseconds of the writer's time. */
const WAITING = 1000;
const MARK = 'usage_seq';

/** Factor of a key from account and month; larger than any number of accounts. */
const MONTHS = 2 ** 32;

const COLUMNS = USAGE_COUNTS.map(columnOf);
const ROW = words(['month', 'organisation', 'account', ...COLUMNS, 'login_days', 'days'].join(', '));
const ADDED = words(COLUMNS.map((column) => `${column} = ${column} + excluded.${column}`).join(', '));

type AllSums = Map<number, Sums>;

export interface UsageParts {
  /** The last row of the trail. */
  readonly seq: () => number;
  readonly every?: number | undefined;
  /** For the control of the crash tests: the mark is written by itself (`mark`). */
  readonly markApart?: boolean | undefined;
}

export class UsageChanges {
  readonly #db: Db;
  readonly #p: UsageParts;
  readonly #recount: UsageRecount;
  readonly #sql: Sql;
  #piece: Noted[] = [];
  /**
   * Rows of acceptances that this piece of work has put into the trail, but for those whose figures
   * wait.
   */
  #strangers = 0;
  /** Sums of this transaction. */
  readonly #sums: AllSums = new Map();
  /** Sums of acceptances since the mark. */
  readonly #waiting: AllSums = new Map();
  /** Since when something waits. */
  #since = 0;
  /** True if `#waiting` is everything that stands after the mark. */
  #known = false;
  #marked = true;
  readonly #owners = new Map<number, Owner>();
  #today: Today = { hour: -1, day: 0, month: 0, bit: 0 };

  constructor(db: Db, parts: UsageParts) {
    this.#db = db;
    this.#p = parts;
    this.#recount = new UsageRecount(db);
    this.#sql = sqlOf(db);
  }

  /** A message that was filed: `filed` says into which mailboxes, each with its octets. */
  accepted(work: AcceptWork, recipients: number, filed: readonly FiledCopy[]): void {
    const { submitter, submitted, receivedAt } = work;
    const told = isToldAgain(work);
    if (told) this.#strangers -= 1;
    this.#accepted({ submitter, at: receivedAt, recipients, submitted, filed }, told);
  }

  #accepted({ submitter, at, recipients, submitted, filed }: Accepted, told: boolean): void {
    for (const { account, octets } of filed) this.#received(account, submitter, octets, at, told);
    if (submitter === 0) return;
    const counts = { sent: 1, sentRecipients: recipients, sentOctets: submitted };
    this.#piece.push({ account: submitter, at, counts, doing: 'used', told });
  }

  /**
   * Counts a message that came to the account later than it was accepted. `submitter` 0: the
   * gateway itself.
   */
  received(account: number, submitter: number, octets: number, at: number): void {
    this.#received(account, submitter, octets, at, false);
  }

  #received(account: number, submitter: number, octets: number, at: number, told: boolean): void {
    const counts = submitter === 0 ? { notices: 1 } : { received: 1, receivedOctets: octets };
    this.#piece.push({ account, at, counts, doing: 'nothing', told });
  }

  collected(account: number, messages: number, at: number): void {
    if (messages > 0) this.#note(account, at, { collected: messages }, 'used');
  }

  /** Counts a message that the account's own server took. */
  pushed(account: number, submitter: number, octets: number, at: number): void {
    this.received(account, submitter, octets, at);
    this.#note(account, at, { pushed: 1 }, 'used');
  }

  /** A row of the trail. Those of logins and refusals come counted, many in one. */
  row({ event, message, account, at, facts }: AuditItem): void {
    if (event === ACCEPTED && message !== null) this.#strangers += 1;
    if (account === null) return;
    // A row that stands for many logins comes at the end of their hour, which may be the next day.
    if (event === 'login.granted') this.#note(account, lastIn(facts) ?? at, NOTHING, 'login');
    else if (event === 'login.refused') this.#note(account, at, { loginsRefused: countIn(facts) }, 'nothing');
    else if (event === 'message.refused') this.#note(account, at, { refused: countIn(facts) }, 'nothing');
  }

  #note(account: number, at: number, counts: Partial<UsageCounts>, doing: Doing): void {
    this.#piece.push({ account, at, counts, doing, told: false });
  }

  /**
   * Called before a piece of work, in its transaction; the previous piece stands. True if figures
   * were written: a piece that is undone must not undo them.
   */
  begin(reach: Reach): boolean {
    this.#keep();
    if (!this.#known) this.#countAgain();
    const writes = reach !== 'nothing' && this.#sums.size + this.#waiting.size > 0;
    if (writes) this.settle();
    // What accounts did so far counts for the organisations that they have now.
    if (reach === 'registry') this.#owners.clear();
    return writes;
  }

  /** The piece of work was undone. */
  drop(): void {
    this.#piece = [];
    this.#strangers = 0;
  }

  /** The transaction was undone. */
  forget(): void {
    this.drop();
    this.#sums.clear();
    this.#waiting.clear();
    this.#owners.clear();
    this.#known = false;
  }

  /** At the end of a transaction. Returns how many rows were written. */
  end(): number {
    this.#keep();
    const { every = EVERY } = this.#p;
    const due = this.#waiting.size >= WAITING || performance.now() - this.#since >= every;
    return this.#write(this.#sums) + (due ? this.#writeWaiting() : 0);
  }

  /** Writes everything that was counted, in a transaction. */
  settle(): void {
    this.#keep();
    if (!this.#known) this.#countAgain();
    this.#write(this.#sums);
    this.#writeWaiting();
  }

  /**
   * All that is behind it is counted: in the transaction of the figures, but for the control of the
   * crash tests.
   */
  mark(): void {
    if (this.#marked) return;
    setFact(this.#db, MARK, this.#p.seq());
    this.#marked = true;
  }

  #keep(): void {
    // The mark goes behind a row that would be counted again, with all that waits.
    if (this.#strangers !== 0) [this.#marked, this.#since] = [false, Number.NEGATIVE_INFINITY];
    this.#strangers = 0;
    if (this.#piece.length === 0) return;
    for (const noted of this.#piece) this.#sum(noted);
    this.#piece = [];
  }

  #countAgain(): void {
    const mark = factOf(this.#db, MARK);
    if (typeof mark !== 'number') throw new Error(`the store has no "${MARK}": its figures of usage cannot be told`);
    for (const accepted of this.#recount.since(mark)) {
      this.#accepted(accepted, true);
      this.#keep();
    }
    this.#known = true;
  }

  #writeWaiting(): number {
    const rows = this.#write(this.#waiting);
    if (rows > 0) this.#marked = false;
    if (this.#p.markApart !== true) this.mark();
    return rows;
  }

  #write(sums: AllSums): number {
    const rows = sums.size;
    for (const its of sums.values()) this.#writeRow(its);
    sums.clear();
    return rows;
  }

  #sum({ account, at, counts, doing, told }: Noted): void {
    const { day, month, bit } = this.#dayOf(at);
    if (told && this.#waiting.size === 0) this.#since = performance.now();
    const sums = sumsOf(told ? this.#waiting : this.#sums, account, month);
    for (const name in counts) sums.counts[name as keyof UsageCounts] += counts[name as keyof UsageCounts] ?? 0;
    if (doing === 'nothing') return;
    // The day of its last use stands with the account, and whoever reads it there is not made to
    // wait: once a day it is written at once.
    if (told && day > (this.#owner(account)?.last_used ?? -1)) this.#since = Number.NEGATIVE_INFINITY;
    sums.days |= bit;
    sums.lastUsed = Math.max(sums.lastUsed, day);
    if (doing !== 'login') return;
    sums.loginDays |= bit;
    sums.lastLogin = Math.max(sums.lastLogin, day);
  }

  #writeRow({ account, month, counts, loginDays, days, lastLogin, lastUsed }: Sums): void {
    const owner = this.#owner(account);
    if (owner === undefined) return;
    const { sent, sentRecipients, sentOctets, received, receivedOctets, notices } = counts;
    const { collected, pushed, refused, loginsRefused } = counts;
    this.#sql.run`INSERT INTO usage_month (${ROW}) VALUES (${month}, ${owner.organisation}, ${account},
      ${sent}, ${sentRecipients}, ${sentOctets}, ${received}, ${receivedOctets}, ${notices},
      ${collected}, ${pushed}, ${refused}, ${loginsRefused}, ${loginDays}, ${days})
      ON CONFLICT (month, organisation, account) DO UPDATE SET ${ADDED},
        login_days = login_days | excluded.login_days, days = days | excluded.days`;
    const [login, used] = [later(owner.last_login, lastLogin), later(owner.last_used, lastUsed)];
    // Once a day.
    if (login === owner.last_login && used === owner.last_used) return;
    this.#sql.run`UPDATE account SET last_login = ${login}, last_used = ${used} WHERE id = ${account}`;
    [owner.last_login, owner.last_used] = [login, used];
  }

  #owner(account: number): Owner | undefined {
    const known = this.#owners.get(account);
    if (known !== undefined) return known;
    const owner = this.#sql.first<Owner>`SELECT organisation, last_login, last_used FROM account WHERE id = ${account}`;
    if (this.#owners.size >= OWNERS) this.#owners.clear();
    if (owner !== undefined) this.#owners.set(account, owner);
    return owner;
  }

  #dayOf(at: number): Today {
    const hour = Math.floor(at / HOUR);
    if (hour === this.#today.hour) return this.#today;
    const day = dayOf(instant(at));
    const month = monthOfDay(day);
    return (this.#today = { hour, day, month, bit: 1 << (day - firstDay(month)) });
  }
}

function sumsOf(all: AllSums, account: number, month: number): Sums {
  const key = month * MONTHS + account;
  let sums = all.get(key);
  if (sums === undefined) {
    sums = { account, month, counts: { ...NO_USAGE }, loginDays: 0, days: 0, lastLogin: -1, lastUsed: -1 };
    all.set(key, sums);
  }
  return sums;
}

const later = (known: number | null, day: number): number | null => (day > (known ?? -1) ? day : known);
