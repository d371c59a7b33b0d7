/**
 * What accounts do, added to one row for each account and month. Gathered while a transaction runs
 * and written at its end with two statements, in the order of accounts, so that two transactions do
 * not wait for each other.
 */
import { firstDay, monthOfDay } from '../../domain/months.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import { instant } from '../../domain/units.ts';
import { dayOf } from '../../domain/working-days.ts';
import { int } from '../sql/columns.ts';
import { columnOf, rowsOf, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../usage.ts';
import { countIn, lastIn } from '../core/usage-facts.ts';

/**
 * What is said of the account besides what is added: nothing (somebody else did it), that it was
 * there, that it logged in.
 */
type Doing = 'nothing' | 'used' | 'login';

/** Sums of one account and month. */
export type UsageSums = { -readonly [K in keyof UsageCounts]: number } & {
  readonly account: number;
  readonly month: number;
  /** A bit for each day. */
  loginDays: number;
  days: number;
  /** Days since 1970; -1: none. */
  lastLogin: number;
  lastUsed: number;
};

export class UsageNotes {
  #sums = new Map<string, UsageSums>();

  /** Counts a message that came to the account. `submitter` 0: the gateway itself. */
  received(account: number, submitter: number, octets: number, at: number): void {
    this.add(account, at, submitter === 0 ? { notices: 1 } : { received: 1, receivedOctets: octets });
  }

  collected(account: number, messages: number, at: number): void {
    if (messages > 0) this.add(account, at, { collected: messages }, 'used');
  }

  /** Counts a message that the account's own server took. */
  pushed(account: number, submitter: number, octets: number, at: number): void {
    this.received(account, submitter, octets, at);
    this.add(account, at, { pushed: 1 }, 'used');
  }

  /** A row of the trail. Those of logins and refusals come counted, many in one. */
  row({ event, account, at, facts }: AuditItem): void {
    if (account === null) return;
    // A row that stands for many logins comes at the end of their hour, which may be the next day.
    if (event === 'login.granted') this.add(account, lastIn(facts) ?? at, {}, 'login');
    else if (event === 'login.refused') this.add(account, at, { loginsRefused: countIn(facts) });
    else if (event === 'message.refused') this.add(account, at, { refused: countIn(facts) });
  }

  add(account: number, at: number, counts: Partial<UsageCounts>, doing: Doing = 'nothing'): void {
    const day = dayOf(instant(at));
    const month = monthOfDay(day);
    const key = `${account} ${month}`;
    let its = this.#sums.get(key);
    if (its === undefined) {
      its = { ...NO_USAGE, account, month, loginDays: 0, days: 0, lastLogin: -1, lastUsed: -1 };
      this.#sums.set(key, its);
    }
    for (const name of USAGE_COUNTS) its[name] += counts[name] ?? 0;
    if (doing === 'nothing') return;
    const bit = 1 << (day - firstDay(month));
    its.days |= bit;
    its.lastUsed = Math.max(its.lastUsed, day);
    if (doing !== 'login') return;
    its.loginDays |= bit;
    its.lastLogin = Math.max(its.lastLogin, day);
  }

  /** Takes all noted sums, in the order of accounts, and leaves none. */
  take(): readonly UsageSums[] {
    const sums = [...this.#sums.values()].sort((a, b) => a.account - b.account || a.month - b.month);
    this.#sums = new Map();
    return sums;
  }
}

export const USAGE_NUMBERS = {
  sent: int,
  sentRecipients: int,
  sentOctets: int,
  received: int,
  receivedOctets: int,
  notices: int,
  collected: int,
  pushed: int,
  refused: int,
  loginsRefused: int,
};
const SUMS = { account: int, month: int, ...USAGE_NUMBERS, loginDays: int, days: int, lastLogin: int, lastUsed: int };
export const USAGE_NAMES = words(USAGE_COUNTS.map(columnOf).join(', '));
export const USAGE_GIVEN = words(USAGE_COUNTS.map((name) => `given.${columnOf(name)}`).join(', '));
export const USAGE_ADDED = words(
  USAGE_COUNTS.map(columnOf)
    .map((name) => `${name} = usage_month.${name} + excluded.${name}`)
    .join(', '),
);

/** Adds figures to the stored ones; an account that is gone has none. */
export function* addUsage(sums: readonly UsageSums[]): Change<void> {
  if (sums.length === 0) return;
  yield* sql.run`
    INSERT INTO usage_month (month, organisation, account, ${USAGE_NAMES}, login_days, days)
    SELECT given.month, a.organisation, a.id, ${USAGE_GIVEN}, given.login_days, given.days
      FROM ${rowsOf(SUMS, sums)} JOIN account a ON a.id = given.account ORDER BY a.id, given.month
    ON CONFLICT (month, organisation, account) DO UPDATE SET ${USAGE_ADDED},
       login_days = usage_month.login_days | excluded.login_days, days = usage_month.days | excluded.days`;
  // Once a day.
  const used = sums.filter(({ lastUsed }) => lastUsed >= 0);
  if (used.length > 0)
    yield* sql.run`
      UPDATE account SET last_used = greatest(account.last_used, given.last_used),
             last_login = CASE WHEN given.last_login >= 0 THEN greatest(account.last_login, given.last_login) ELSE account.last_login END
        FROM ${rowsOf(SUMS, used)}
       WHERE account.id = given.account
         AND (coalesce(account.last_used, -1) < given.last_used OR coalesce(account.last_login, -1) < given.last_login)`;
}
