/**
 * Reads of what accounts did by month, and of those that do nothing: a bounded number of rows a
 * step, since others wait behind each.
 */
import { defined } from '../../domain/defined.ts';
import type { AccountId, OrganisationId } from '../../domain/ids.ts';
import { type Month, monthStart } from '../../domain/months.ts';
import type { AccountKind, State } from '../../domain/registry.ts';
import { type Day, dayOf } from '../../domain/working-days.ts';
import { type Column, type Row, as, flag, int, optional, orNull, text, time } from '../sql/columns.ts';
import { columnOf, rowsOf, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { type IdleAccount, type MonthlyUsage, USAGE_COUNTS, type UsageCounts, type UsagePage } from '../usage.ts';

/** Rows that one step looks at: some milliseconds. */
const STEP = 2000;
const MOST = 1000;
/**
 * In front of the account's number, where the cursor is among those that left the organisation; no
 * login name has a space.
 */
const LEFT = 'left ';

const LAST = { lastLogin: optional(as<Day>(int)), lastUsed: optional(as<Day>(int)) };
const USAGE = {
  account: as<AccountId>(int),
  login: optional(text),
  kind: optional(as<AccountKind>(text)),
  state: optional(as<State>(text)),
  moved: flag,
  ...(Object.fromEntries(USAGE_COUNTS.map((name) => [name, int])) as Record<keyof UsageCounts, Column<number>>),
  // A bit for each day of the month.
  loginDays: int,
  days: int,
  ...LAST,
};
const IDLE = {
  login: text,
  organisation: text,
  kind: as<AccountKind>(text),
  state: as<State>(text),
  createdAt: time,
  ...LAST,
  messages: int,
};

/** The worse of the account's state and that of its organisation. */
const STATE = words(`CASE WHEN a.state = 'ended' OR o.state = 'ended' THEN 'ended'
  WHEN a.state = 'suspended' OR o.state = 'suspended' THEN 'suspended' ELSE 'active' END`);
/** 0 where nothing was counted. */
const COUNTED = words(
  [...USAGE_COUNTS, 'loginDays', 'days'].map((name) => `coalesce(u.${columnOf(name)}, 0) AS ${columnOf(name)}`).join(),
);
const IDLES = words('FROM account a JOIN organisation o ON o.id = a.organisation JOIN mailbox m ON m.account = a.id');

export class UsageReads {
  /**
   * Figures of one organisation in one month: its accounts by login name, then those that have left
   * it. At most `limit` (1 to 1000) rows a page. Accounts that were registered after the month are
   * left out.
   */
  *of(
    _now: Now,
    organisation: OrganisationId,
    month: Month,
    { limit, after = '' }: { readonly limit: number; readonly after?: string },
  ): Change<UsagePage> {
    checkLimit(limit);
    if (after.startsWith(LEFT)) return yield* whoLeft(organisation, month, limit, Number(after.slice(LEFT.length)));
    const rows = yield* sql.all(USAGE)`
      SELECT a.id AS account, a.login, a.kind, ${STATE} AS state, false AS moved, ${COUNTED}, a.last_login, a.last_used
        FROM account a JOIN organisation o ON o.id = a.organisation
        LEFT JOIN usage_month u ON u.month = ${month} AND u.organisation = a.organisation AND u.account = a.id
       WHERE a.organisation = ${organisation} AND a.login > ${after} AND a.kind <> 'probe'
         AND (u.account IS NOT NULL OR (${STATE} <> 'ended' AND a.created_at < ${monthStart(month + 1)}))
       ORDER BY a.login LIMIT ${limit}`;
    const next = rows.length < limit ? undefined : rows.at(-1)?.login;
    return { rows: rows.map(usageOf), next: next ?? `${LEFT}-1` };
  }

  /**
   * Accounts of a month by the days on which they did anything: a bit for each day, and how many
   * accounts have just these.
   */
  *activeDays(_now: Now, month: Month): Change<readonly { readonly days: number; readonly accounts: number }[]> {
    return yield* sql.all({ days: int, accounts: int })`
      SELECT u.days, count(*) AS accounts FROM usage_month u WHERE u.month = ${month} AND u.days <> 0 GROUP BY u.days`;
  }

  /** Months with figures, oldest first. */
  *months(_now: Now): Change<readonly Month[]> {
    const { first, last } = yield* sql.one({ first: orNull(int), last: orNull(int) })`
      SELECT (SELECT min(month) FROM usage_month) AS first, (SELECT max(month) FROM usage_month) AS last`;
    if (first === null || last === null) return [];
    const all = Array.from({ length: last - first + 1 }, (_, i) => ({ month: first + i }));
    // One index look-up each.
    const rows = yield* sql.all({ month: as<Month>(int) })`
      SELECT given.month FROM ${rowsOf({ month: int }, all)}
       WHERE EXISTS (SELECT 1 FROM usage_month u WHERE u.month = given.month) ORDER BY given.month`;
    return rows.map(({ month }) => month);
  }

  /**
   * Accounts that have not ended and neither logged in, sent nor took anything since the end of
   * `day`, by login name. A page may be empty and not the last: a bounded number of accounts is
   * looked at.
   */
  *idle(
    _now: Now,
    query: {
      readonly day: Day;
      readonly limit: number;
      readonly after?: string;
      readonly organisation?: string;
      /** True: only accounts for which mail waits. */
      readonly waiting?: boolean;
    },
  ): Change<{ readonly rows: readonly IdleAccount[]; readonly next?: string }> {
    const { day, limit, after = '', organisation, waiting = false } = query;
    const least = waiting ? 1 : 0;
    checkLimit(limit);
    const seen =
      organisation === undefined
        ? yield* sql.all(IDLE)`
            SELECT a.login, o.name AS organisation, a.kind, ${STATE} AS state, a.created_at, a.last_login, a.last_used, m.messages
              ${IDLES} WHERE a.login > ${after} AND m.messages >= ${least} ORDER BY a.login LIMIT ${STEP}`
        : yield* sql.all(IDLE)`
            SELECT a.login, o.name AS organisation, a.kind, ${STATE} AS state, a.created_at, a.last_login, a.last_used, m.messages
              ${IDLES} WHERE o.name = ${organisation} AND a.login > ${after} AND m.messages >= ${least} ORDER BY a.login LIMIT ${STEP}`;
    const rows: IdleAccount[] = [];
    for (const { createdAt, lastUsed, ...row } of seen) {
      const since = lastUsed ?? dayOf(createdAt);
      if (row.state === 'ended' || row.kind === 'probe' || since > day) continue;
      rows.push({ ...row, since, never: lastUsed === undefined });
      if (rows.length === limit) return { rows, next: row.login };
    }
    return { rows, ...defined({ next: seen.length < STEP ? undefined : seen.at(-1)?.login }) };
  }
}

function* whoLeft(organisation: OrganisationId, month: Month, limit: number, after: number): Change<UsagePage> {
  const seen = yield* sql.all(USAGE)`
    SELECT u.account, a.login, a.kind, ${STATE} AS state, (a.organisation IS DISTINCT FROM u.organisation) AS moved, ${COUNTED}, a.last_login, a.last_used
      FROM usage_month u LEFT JOIN account a ON a.id = u.account LEFT JOIN organisation o ON o.id = a.organisation
     WHERE u.month = ${month} AND u.organisation = ${organisation} AND u.account > ${after} AND (a.kind IS NULL OR a.kind <> 'probe')
      ORDER BY u.account LIMIT ${STEP}`;
  const rows: MonthlyUsage[] = [];
  for (const row of seen) {
    if (row.moved) rows.push(usageOf(row));
    if (rows.length === limit) return { rows, next: `${LEFT}${row.account}` };
  }
  const last = seen.length < STEP ? undefined : seen.at(-1);
  return { rows, ...(last === undefined ? {} : { next: `${LEFT}${last.account}` }) };
}

function checkLimit(limit: number): void {
  if (!(limit >= 1 && limit <= MOST)) throw new RangeError(`The limit of a page is ${limit}; expected 1 to ${MOST}`);
}

/** Account 0: those that left the organisation before it was erased, together. */
const usageOf = ({ account, loginDays, days, ...row }: Row<typeof USAGE>): MonthlyUsage => ({
  ...row,
  ...(account === 0 ? {} : { account }),
  loginDays: bitsIn(loginDays),
  days: bitsIn(days),
});

function bitsIn(value: number): number {
  let n = 0;
  for (let left = value; left !== 0; left &= left - 1) n += 1;
  return n;
}
