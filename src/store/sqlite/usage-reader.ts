/** Reads what accounts did by month, and which do nothing, in the reader thread: a bounded number of rows a step, others wait behind each. */
import type Database from 'better-sqlite3';
import type { AccountKind, State } from '../../domain/registry.ts';
import { instant } from '../../domain/units.ts';
import { dayOf } from '../../domain/working-days.ts';
import { type IdleAccount, NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../usage.ts';
import type { Db } from './database.ts';
import { usageColumn } from './usage-changes.ts';

/** Rows that one step looks at: some milliseconds. */
const STEP = 2000;

export interface UsageInput {
  readonly organisation: number;
  readonly month: number;
  /** Its end, in milliseconds: accounts that were registered later have no part in it. */
  readonly ends: number;
  readonly limit: number;
  /** The last log-in name of the page before; null: all of them were listed, those that left the organisation are next. */
  readonly afterLogin: string | null;
  readonly afterAccount: number;
}

/** `counts` is null where nothing was counted. */
export interface UsageRow {
  readonly account: number;
  readonly login: string | null;
  readonly kind: AccountKind | null;
  readonly state: State | null;
  readonly moved: boolean;
  readonly counts: UsageCounts;
  /** A bit for each day of the month. */
  readonly loginDays: number;
  readonly days: number;
  readonly lastLogin: number | null;
  readonly lastUsed: number | null;
}

export interface UsageStep {
  readonly rows: readonly UsageRow[];
  readonly nextLogin: string | null;
  /** Both null: that was all. */
  readonly nextAccount: number | null;
}

export interface IdleInput {
  readonly day: number;
  readonly limit: number;
  readonly after: string;
  readonly organisation: string | null;
}

export interface IdleStep {
  readonly rows: readonly IdleAccount[];
  readonly next: string | null;
}

type CountColumns = { readonly [K in keyof UsageCounts]: number | null };
interface DbRow extends CountColumns {
  readonly account: number;
  readonly login: string | null;
  readonly kind: AccountKind | null;
  readonly state: State | null;
  readonly moved: number;
  readonly loginDays: number | null;
  readonly days: number | null;
  readonly lastLogin: number | null;
  readonly lastUsed: number | null;
}
interface IdleRow {
  readonly login: string;
  readonly organisation: string;
  readonly kind: AccountKind;
  readonly state: State;
  readonly createdAt: number;
  readonly lastLogin: number | null;
  readonly lastUsed: number | null;
  readonly messages: number;
}

const COUNTS = [
  ...USAGE_COUNTS.map((name) => `u.${usageColumn(name)} AS ${name}`),
  'u.login_days AS loginDays, u.days',
].join(', ');
/** The worse of the account's state and that of its organisation. */
const STATE = `CASE WHEN a.state = 'ended' OR o.state = 'ended' THEN 'ended'
  WHEN a.state = 'suspended' OR o.state = 'suspended' THEN 'suspended' ELSE 'active' END`;
const LAST = 'a.last_login AS lastLogin, a.last_used AS lastUsed';

export class UsageReader {
  readonly #accounts: Database.Statement<[number, number, string, number, number], DbRow>;
  readonly #left: Database.Statement<[number, number, number, number], DbRow>;
  readonly #month: Database.Statement<[number], number>;
  readonly #all: Database.Statement<[string, number], IdleRow>;
  readonly #of: Database.Statement<[string, string, number], IdleRow>;

  constructor(db: Db) {
    this.#accounts = db.prepare(
      `SELECT a.id AS account, a.login, a.kind, ${STATE} AS state, 0 AS moved, ${COUNTS}, ${LAST}
         FROM account a JOIN organisation o ON o.id = a.organisation
         LEFT JOIN usage_month u ON u.month = ? AND u.organisation = a.organisation AND u.account = a.id
         WHERE a.organisation = ? AND a.login > ? AND (u.account IS NOT NULL OR (${STATE} <> 'ended' AND a.created_at < ?))
         ORDER BY a.login LIMIT ?`,
    );
    this.#left = db.prepare(
      `SELECT u.account, a.login, a.kind, ${STATE} AS state, a.organisation IS NOT u.organisation AS moved, ${COUNTS}, ${LAST}
         FROM usage_month u LEFT JOIN account a ON a.id = u.account LEFT JOIN organisation o ON o.id = a.organisation
         WHERE u.month = ? AND u.organisation = ? AND u.account > ? ORDER BY u.account LIMIT ?`,
    );
    this.#month = db
      .prepare<[number], number>('SELECT month FROM usage_month WHERE month > ? ORDER BY month LIMIT 1')
      .pluck(true);
    const idle = `SELECT a.login, o.name AS organisation, a.kind, ${STATE} AS state, a.created_at AS createdAt, ${LAST}, m.messages
      FROM account a JOIN organisation o ON o.id = a.organisation JOIN mailbox m ON m.account = a.id`;
    this.#all = db.prepare(`${idle} WHERE a.login > ? ORDER BY a.login LIMIT ?`);
    this.#of = db.prepare(`${idle} WHERE o.name = ? AND a.login > ? ORDER BY a.login LIMIT ?`);
  }

  of({ organisation, month, ends, limit, afterLogin, afterAccount }: UsageInput): UsageStep {
    if (afterLogin !== null) {
      const found = this.#accounts.all(month, organisation, afterLogin, ends, limit);
      const rows = found.map(rowOf);
      return found.length < limit
        ? { rows, nextLogin: null, nextAccount: -1 }
        : { rows, nextLogin: found.at(-1)?.login ?? null, nextAccount: null };
    }
    const rows: UsageRow[] = [];
    const seen = this.#left.all(month, organisation, afterAccount, STEP);
    for (const row of seen) {
      if (row.moved === 1) rows.push(rowOf(row));
      if (rows.length === limit) return { rows, nextLogin: null, nextAccount: row.account };
    }
    return { rows, nextLogin: null, nextAccount: seen.length < STEP ? null : (seen.at(-1)?.account ?? null) };
  }

  /** A seek each. */
  months(): number[] {
    const months: number[] = [];
    for (let month = this.#month.get(-1); month !== undefined; month = this.#month.get(month)) months.push(month);
    return months;
  }

  idle({ day, limit, after, organisation }: IdleInput): IdleStep {
    const rows: IdleAccount[] = [];
    const seen = organisation === null ? this.#all.all(after, STEP) : this.#of.all(organisation, after, STEP);
    for (const { createdAt, lastLogin, lastUsed, ...row } of seen) {
      const since = lastUsed ?? dayOf(instant(createdAt));
      if (row.state === 'ended' || since > day) continue;
      rows.push({ ...row, since, never: lastUsed === null, ...(lastLogin === null ? {} : { lastLogin }) });
      if (rows.length === limit) return { rows, next: row.login };
    }
    return { rows, next: seen.length < STEP ? null : (seen.at(-1)?.login ?? null) };
  }
}

const rowOf = ({
  account,
  login,
  kind,
  state,
  moved,
  loginDays,
  days,
  lastLogin,
  lastUsed,
  ...counted
}: DbRow): UsageRow => {
  const counts = { ...NO_USAGE };
  for (const name of USAGE_COUNTS) Object.assign(counts, { [name]: counted[name] ?? 0 });
  return {
    ...{ account, login, kind, state, moved: moved === 1, counts },
    ...{ loginDays: loginDays ?? 0, days: days ?? 0, lastLogin, lastUsed },
  };
};
