/**
 * Counts what accounts do, in the writer: gathered in memory while a transaction runs, and written at its end, one row for each account and month
 * that it touched, so that sixty-four messages of one laboratory cost one row and not sixty-four.
 *
 * What a piece of work counted goes with the piece when that is undone, and everything when the transaction is.
 */
import type Database from 'better-sqlite3';
import { firstDay, monthOfDay } from '../../domain/months.ts';
import { instant } from '../../domain/units.ts';
import { dayOf } from '../../domain/working-days.ts';
import { NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../usage.ts';
import type { Db } from './database.ts';
import type { AuditItem } from './writer-protocol.ts';

/** What an event says of the account besides what it adds: nothing (somebody else did it), that it was there, that it logged in. */
type Doing = 'nothing' | 'used' | 'login';

interface Noted {
  readonly account: number;
  readonly at: number;
  readonly counts: Partial<UsageCounts>;
  readonly doing: Doing;
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
  /** Of the day in `days`. */
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
/** More than there are accounts: a key of account and month. */
const MONTHS = 2 ** 32;

export const usageColumn = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const COLUMNS = USAGE_COUNTS.map(usageColumn);
const ROW = ['month', 'organisation', 'account', ...COLUMNS, 'login_days', 'days'];

/** Adds to a row, or makes it. Values: those of `ROW`. */
export const ADD_USAGE = `INSERT INTO usage_month (${ROW.join(', ')}) VALUES (${ROW.map(() => '?').join(', ')})
  ON CONFLICT (month, organisation, account) DO UPDATE SET ${COLUMNS.map((c) => `${c} = ${c} + excluded.${c}`).join(', ')},
    login_days = login_days | excluded.login_days, days = days | excluded.days`;

export class UsageChanges {
  readonly #ownerOf: Database.Statement<[number], Owner>;
  readonly #add: Database.Statement;
  readonly #use: Database.Statement;
  #piece: Noted[] = [];
  readonly #sums = new Map<number, Sums>();
  readonly #owners = new Map<number, Owner>();
  #today: Today = { hour: -1, day: 0, month: 0, bit: 0 };

  constructor(db: Db) {
    this.#ownerOf = db.prepare('SELECT organisation, last_login, last_used FROM account WHERE id = ?');
    this.#add = db.prepare(ADD_USAGE);
    this.#use = db.prepare('UPDATE account SET last_login = ?, last_used = ? WHERE id = ?');
  }

  /** A message that was filed. */
  sent(account: number, recipients: number, octets: number, at: number): void {
    if (account !== 0) this.#note(account, at, { sent: 1, sentRecipients: recipients, sentOctets: octets }, 'used');
  }

  /** A message that came to it. `submitter` 0: of the gateway itself. */
  received(account: number, submitter: number, octets: number, at: number): void {
    this.#note(account, at, submitter === 0 ? { notices: 1 } : { received: 1, receivedOctets: octets }, 'nothing');
  }

  collected(account: number, messages: number, at: number): void {
    if (messages > 0) this.#note(account, at, { collected: messages }, 'used');
  }

  /** Its server took one. */
  pushed(account: number, submitter: number, octets: number, at: number): void {
    this.received(account, submitter, octets, at);
    this.#note(account, at, { pushed: 1 }, 'used');
  }

  /** A row of the trail. Those of log-ins and refusals come counted, many in one. */
  row({ event, account, at, facts }: AuditItem): void {
    if (account === null) return;
    // The row of many comes at the end of their hour, which may be the next day.
    if (event === 'login.granted') this.#note(account, lastIn(facts) ?? at, NOTHING, 'login');
    else if (event === 'login.refused') this.#note(account, at, { loginsRefused: countIn(facts) }, 'nothing');
    else if (event === 'message.refused') this.#note(account, at, { refused: countIn(facts) }, 'nothing');
  }

  #note(account: number, at: number, counts: Partial<UsageCounts>, doing: Doing): void {
    this.#piece.push({ account, at, counts, doing });
  }

  /** The piece of work stands. */
  keep(): void {
    if (this.#piece.length === 0) return;
    for (const noted of this.#piece) this.#sum(noted);
    this.#piece = [];
  }

  /** It was undone. */
  drop(): void {
    this.#piece = [];
  }

  /** The transaction was undone. */
  forget(): void {
    this.#piece = [];
    this.#sums.clear();
    this.#owners.clear();
  }

  /** The registry is about to change: what accounts did so far belongs to the organisations that they have now. */
  settle(): void {
    this.write();
    this.#owners.clear();
  }

  /** At the end of a transaction. */
  write(): void {
    this.keep();
    if (this.#sums.size === 0) return;
    for (const sums of this.#sums.values()) this.#write(sums);
    this.#sums.clear();
  }

  #sum({ account, at, counts, doing }: Noted): void {
    const { day, month, bit } = this.#dayOf(at);
    const sums = this.#sumsOf(account, month);
    for (const name in counts) sums.counts[name as keyof UsageCounts] += counts[name as keyof UsageCounts] ?? 0;
    if (doing === 'nothing') return;
    sums.days |= bit;
    sums.lastUsed = Math.max(sums.lastUsed, day);
    if (doing !== 'login') return;
    sums.loginDays |= bit;
    sums.lastLogin = Math.max(sums.lastLogin, day);
  }

  #sumsOf(account: number, month: number): Sums {
    const key = month * MONTHS + account;
    let sums = this.#sums.get(key);
    if (sums === undefined) {
      sums = { account, month, counts: { ...NO_USAGE }, loginDays: 0, days: 0, lastLogin: -1, lastUsed: -1 };
      this.#sums.set(key, sums);
    }
    return sums;
  }

  #write({ account, month, counts, loginDays, days, lastLogin, lastUsed }: Sums): void {
    const owner = this.#owner(account);
    if (owner === undefined) return;
    const values = USAGE_COUNTS.map((name) => counts[name]);
    this.#add.run(month, owner.organisation, account, ...values, loginDays, days);
    const [login, used] = [later(owner.last_login, lastLogin), later(owner.last_used, lastUsed)];
    // Once a day.
    if (login === owner.last_login && used === owner.last_used) return;
    this.#use.run(login, used, account);
    [owner.last_login, owner.last_used] = [login, used];
  }

  #owner(account: number): Owner | undefined {
    const known = this.#owners.get(account);
    if (known !== undefined) return known;
    const owner = this.#ownerOf.get(account);
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

const later = (known: number | null, day: number): number | null => (day > (known ?? -1) ? day : known);

const factIn = (facts: string, name: string): unknown => (JSON.parse(facts) as Readonly<Record<string, unknown>>)[name];

function countIn(facts: string): number {
  const value = factIn(facts, 'count');
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 1;
}

function lastIn(facts: string): number | undefined {
  const value = factIn(facts, 'last');
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
