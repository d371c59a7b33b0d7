/** Figures of a month for the invoice, and accounts that do nothing. docs/operations.md says what counts as what. */
import { defined } from '../domain/defined.ts';
import type { Organisation } from '../domain/registry.ts';
import { type Month, firstDay, isoMonth, monthOf, monthStart, parseMonth } from '../domain/months.ts';
import { type Day, isoDay } from '../domain/working-days.ts';
import { type MonthlyUsage, USAGE_COUNTS, type UsageCounts } from '../store/usage.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, organisationName, page, text } from './input.ts';
import { listing } from './operation.ts';
import { unknownOrganisation } from './organisations.ts';

/** Organisations that one call looks at. */
const LOOKED_AT = 200;

export interface UsageView extends UsageCounts {
  readonly organisation: string;
  /** Absent: accounts that left the organisation before it was erased, together. */
  readonly account?: string;
  readonly kind?: string;
  readonly state?: string;
  /** It belongs to another organisation by now. */
  readonly moved?: true;
  readonly loginDays: number;
  readonly days: number;
  /** Today, a day such as 2026-11-25. */
  readonly lastLogin?: string;
  /** Where it did nothing in the month: the last day before on which it did something, or `never`. */
  readonly idleSince?: string;
}

export interface UsageReport {
  readonly month: string;
  /** ISO 8601: the month as it is counted. */
  readonly from: string;
  readonly to: string;
  /** It has not ended: the figures are those so far. */
  readonly running: boolean;
  readonly rows: readonly UsageView[];
  /** For `after` of the next call; absent at the end. */
  readonly next?: string;
}

interface Wanted {
  readonly month: Month;
  readonly organisation: string | undefined;
  readonly limit: number;
  /** The organisation that the page before ended in, and where in it; nowhere: it is done. */
  readonly after: { readonly organisation: string; readonly at: string | undefined } | undefined;
}

const wantedOf = (input: Input): Wanted => {
  const named = text(input, 'month', 20);
  const month = parseMonth(named);
  if (month === undefined)
    throw new AdminError('invalid', `Cannot report on "${named}": expected a month such as 2026-11`);
  const { limit, after } = page(input);
  const colon = after?.indexOf(':') ?? -1;
  return {
    month,
    limit,
    organisation: input.organisation === undefined ? undefined : organisationName(input, 'organisation'),
    after:
      after === undefined
        ? undefined
        : colon < 0
          ? { organisation: after, at: undefined }
          : { organisation: after.slice(0, colon), at: after.slice(colon + 1) },
  };
};

async function checkMonth({ store, clock }: AdminContext, month: Month): Promise<{ readonly running: boolean }> {
  const now = monthOf(clock.now());
  if (month > now)
    throw new AdminError(
      'invalid',
      `Cannot report on ${isoMonth(month)}: it has not begun; the latest month is ${isoMonth(now)}, which is still running`,
    );
  const [first = now] = await store.usage.months();
  if (month < first)
    throw new AdminError(
      'unknown',
      `Cannot report on ${isoMonth(month)}: figures begin with ${isoMonth(first)}; those of earlier months were not counted, or are past store.keep-usage`,
    );
  return { running: month === now };
}

export const usageOperations = {
  'report.usage': listing(wantedOf, async (context, wanted): Promise<UsageReport> => {
    const { month } = wanted;
    const { running } = await checkMonth(context, month);
    const iso = (of: Month): string => new Date(monthStart(of)).toISOString();
    return {
      month: isoMonth(month),
      from: iso(month),
      to: iso(month + 1),
      running,
      ...(await usagePage(context, wanted)),
    };
  }),
};

async function usagePage(
  { store }: AdminContext,
  { month, organisation: only, limit, after }: Wanted,
): Promise<Pick<UsageReport, 'rows' | 'next'>> {
  const rows: UsageView[] = [];
  let at = after?.at;
  const found = await organisations(store.registry, only, after);
  for (const [i, { id, name }] of found.entries()) {
    for (;;) {
      const page = await store.usage.of(id, month, { limit: limit - rows.length, ...defined({ after: at }) });
      rows.push(...page.rows.map((row) => usageView(name, month, row)));
      at = page.next;
      if (rows.length === limit) return { rows, next: at === undefined ? name : `${name}:${at}` };
      if (at === undefined) break;
    }
    if (i === found.length - 1 && found.length >= LOOKED_AT) return { rows, next: name };
  }
  return { rows };
}

/** Those that one call looks at: the one that the page before ended in, where it was not done, and those behind it. */
async function organisations(
  registry: AdminContext['store']['registry'],
  only: string | undefined,
  after: Wanted['after'],
): Promise<readonly Organisation[]> {
  const begun = after?.at === undefined ? undefined : await registry.findOrganisation(after.organisation);
  if (only !== undefined) {
    if (after !== undefined) return begun === undefined ? [] : [begun];
    const named = await registry.findOrganisation(only);
    if (named === undefined) throw unknownOrganisation(only);
    return [named];
  }
  const next = await registry.listOrganisations({ limit: LOOKED_AT, ...defined({ after: after?.organisation }) });
  return begun === undefined ? next : [begun, ...next];
}

export function usageView(organisation: string, month: Month, row: MonthlyUsage): UsageView {
  const { login, account, kind, state, moved, loginDays, days, lastLogin } = row;
  const name = login ?? (account === undefined ? undefined : `account ${account}`);
  return {
    organisation,
    ...defined({ account: name, kind, state }),
    ...(moved ? { moved: true } : {}),
    ...countsOf(row),
    loginDays,
    days,
    ...defined({ lastLogin: isoDay(lastLogin) }),
    ...idleSince(row, firstDay(month)),
  };
}

/** What did something since the month began is not idle. */
function idleSince({ account, days, lastUsed }: MonthlyUsage, first: Day): Pick<UsageView, 'idleSince'> {
  if (account === undefined || days > 0 || (lastUsed !== undefined && lastUsed >= first)) return {};
  return { idleSince: lastUsed === undefined ? 'never' : isoDay(lastUsed) };
}

const countsOf = (row: UsageCounts): UsageCounts =>
  Object.fromEntries(USAGE_COUNTS.map((name) => [name, row[name]])) as unknown as UsageCounts;
