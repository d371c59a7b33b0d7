/** The usage port on SQLite. */
import { defined } from '../../domain/defined.ts';
import type { AccountId, OrganisationId } from '../../domain/ids.ts';
import { type Month, monthStart } from '../../domain/months.ts';
import type { Day } from '../../domain/working-days.ts';
import type { IdleAccount, MonthlyUsage, Usage, UsagePage } from '../usage.ts';
import type { SqliteAudit } from './audit.ts';
import type { Reader } from './reader.ts';
import type { UsageRow } from './usage-reader.ts';
import type { Writer } from './writer.ts';

const MOST = 1000;
/** In front of the account's number, where the cursor is among those that left the organisation; no log-in name has a space. */
const LEFT = 'left ';

export interface UsageParts {
  readonly reader: Pick<Reader, 'ask'>;
  readonly writer: Pick<Writer, 'must'>;
  readonly audit: Pick<SqliteAudit, 'flush'>;
}

export class SqliteUsage implements Usage {
  readonly #p: UsageParts;

  constructor(parts: UsageParts) {
    this.#p = parts;
  }

  async of(
    organisation: OrganisationId,
    month: Month,
    { limit, after = '' }: { readonly limit: number; readonly after?: string },
  ): Promise<UsagePage> {
    await this.#settle();
    const left = after.startsWith(LEFT);
    const { rows, nextLogin, nextAccount } = await this.#p.reader.ask('usage', {
      organisation,
      month,
      ends: monthStart(month + 1),
      limit: checked(limit),
      afterLogin: left ? null : after,
      afterAccount: left ? Number(after.slice(LEFT.length)) : -1,
    });
    const next = nextLogin ?? (nextAccount === null ? undefined : `${LEFT}${nextAccount}`);
    return { rows: rows.map(usageOf), ...defined({ next }) };
  }

  async months(): Promise<readonly Month[]> {
    await this.#settle();
    return await this.#p.reader.ask('usageMonths', {});
  }

  async idle(query: {
    readonly day: Day;
    readonly limit: number;
    readonly after?: string;
    readonly organisation?: string;
  }): Promise<{ readonly rows: readonly IdleAccount[]; readonly next?: string }> {
    await this.#settle();
    const { day, limit, after = '', organisation = null } = query;
    const { rows, next } = await this.#p.reader.ask('idle', { day, limit: checked(limit), after, organisation });
    return { rows, ...(next === null ? {} : { next }) };
  }

  /** Refusals and log-ins are counted with their rows; what acceptances counted may wait to be written. */
  async #settle(): Promise<void> {
    await this.#p.audit.flush();
    await this.#p.writer.must({ kind: 'usage' });
  }
}

function checked(limit: number): number {
  if (!(limit >= 1 && limit <= MOST)) throw new RangeError(`The limit of a page is ${limit}; expected 1 to ${MOST}`);
  return limit;
}

const usageOf = ({
  account,
  login,
  kind,
  state,
  moved,
  counts,
  loginDays,
  days,
  lastLogin,
  lastUsed,
}: UsageRow): MonthlyUsage => ({
  ...(account === 0 ? {} : { account: account as AccountId }),
  ...(login === null ? {} : { login }),
  ...(kind === null ? {} : { kind }),
  ...(state === null ? {} : { state }),
  moved,
  ...counts,
  loginDays: bitsIn(loginDays),
  days: bitsIn(days),
  ...(lastLogin === null ? {} : { lastLogin }),
  ...(lastUsed === null ? {} : { lastUsed }),
});

function bitsIn(value: number): number {
  let n = 0;
  for (let left = value; left !== 0; left &= left - 1) n += 1;
  return n;
}
