/** The figures of a month for the invoice. docs/commands.md says what is counted. */
import { z } from '../../config/zod.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { unknownOrganisation } from '../../admin/organisation-of.ts';
import { defined } from '../../domain/defined.ts';
import { type Month, firstDay, isoMonth, monthOf, monthStart, parseMonth } from '../../domain/months.ts';
import type { Organisation } from '../../domain/registry.ts';
import { type Day, isoDay } from '../../domain/working-days.ts';
import { type MonthlyUsage, USAGE_COUNTS, type UsageCounts } from '../../store/usage.ts';
import { organisation } from '../core/kinds.ts';
import { count, naming, ofText, text } from '../core/kind.ts';
import { need, opt } from '../core/params.ts';
import { reads } from '../core/row.ts';

/** Most organisations that one call looks at. */
const LOOKED_AT = 200;
const MAX_PAGE = 1000;

const counts = z.object(
  Object.fromEntries(USAGE_COUNTS.map((name) => [name, z.number()])) as Record<keyof UsageCounts, z.ZodNumber>,
);
export const usage = counts.extend({
  organisation: z.string(),
  account: z.string().optional().meta({
    description: 'Absent: accounts that left the organisation before it was erased, together.',
  }),
  kind: z.string().optional(),
  state: z.string().optional(),
  moved: z.literal(true).optional().meta({ description: 'It belongs to another organisation by now.' }),
  loginDays: z.number(),
  days: z.number(),
  lastLogin: z.string().optional().meta({ description: 'Today, a day such as 2026-11-25.' }),
  idleSince: z.string().optional().meta({
    description: 'Where it did nothing in the month: the last day before on which it did something, or `never`.',
  }),
});
export type UsageView = z.infer<typeof usage>;

export const period = z.object({
  month: z.string(),
  from: z.string().meta({ description: 'The month as it is counted.' }),
  to: z.string(),
  running: z.boolean().meta({ description: 'It has not ended: the figures are those so far.' }),
});
const total = counts.extend({
  accounts: z.number(),
  active: z.number().meta({ description: 'Those of them that did something.' }),
});
/** What the command prints. */
export const whole = period.extend({
  accounts: z.array(usage).optional().meta({ description: 'Left out with `--totals`.' }),
  organisations: z.array(total.extend({ organisation: z.string() })),
  total,
});
const page = period.extend({
  rows: z.array(usage),
  next: z.string().optional().meta({ description: 'For `after` of the next call; absent at the end.' }),
});
export type UsageReport = z.infer<typeof page>;

interface Wanted {
  readonly month: Month;
  readonly organisation: string | undefined;
  readonly limit: number;
  /**
   * The organisation in which the previous page ended, and the place in it. Without a place, that
   * organisation is done.
   */
  readonly after: { readonly organisation: string; readonly at: string | undefined } | undefined;
}

export const MONTH = {
  month: need(
    naming(
      'other',
      ofText<Month>('month', { en: 'a month such as 2026-11', nl: 'een maand zoals 2026-11' }, parseMonth, 20),
    ),
    'such as 2026-11; it begins and ends at midnight in Amsterdam',
  ),
  organisation: opt(organisation, 'of this organisation only'),
};

function placeOf(after: string | undefined): Wanted['after'] {
  const colon = after?.indexOf(':') ?? -1;
  if (after === undefined) return undefined;
  return colon < 0
    ? { organisation: after, at: undefined }
    : { organisation: after.slice(0, colon), at: after.slice(colon + 1) };
}

export const usagePageOf = reads({
  about: 'tell the figures of a month, page by page',
  in: {
    ...MONTH,
    limit: opt(count('number', { min: 1, max: MAX_PAGE }), 'most', MAX_PAGE),
    after: opt(text('row'), 'behind this'),
  },
  out: page,
  right: 'read',
  examples: ['--month 2026-11'],
  run: async (context, { month, after, ...wanted }) => {
    const { running } = await checkMonth(context, month);
    const iso = (of: Month): string => new Date(monthStart(of)).toISOString();
    return {
      month: isoMonth(month),
      from: iso(month),
      to: iso(month + 1),
      running,
      ...(await usagePage(context, { ...wanted, month, after: placeOf(after) })),
    };
  },
  say: () => '',
});

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

/**
 * The organisations that one call looks at: the one in which the previous page ended, if it is not
 * done, and those that follow.
 */
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

/**
 * Since when an account is idle. An account that did something since the month began is not idle.
 */
function idleSince({ account, days, lastUsed }: MonthlyUsage, first: Day): Pick<UsageView, 'idleSince'> {
  if (account === undefined || days > 0 || (lastUsed !== undefined && lastUsed >= first)) return {};
  return { idleSince: lastUsed === undefined ? 'never' : isoDay(lastUsed) };
}

const countsOf = (row: UsageCounts): UsageCounts =>
  Object.fromEntries(USAGE_COUNTS.map((name) => [name, row[name]])) as unknown as UsageCounts;
