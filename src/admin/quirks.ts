/** What an account deviates in, and what strictness would cost it. */
import { defined } from '../domain/defined.ts';
import { type Quirk, quirkFacts, tolerates } from '../domain/quirks.ts';
import { settingOf, settingsTable } from '../domain/settings.ts';
import { formatSetting } from '../domain/settings/value.ts';
import { type Instant, days } from '../domain/units.ts';
import type { QuirkDay } from '../store/quirks.ts';
import type { AccountSummary } from '../store/registry.ts';
import { accountOf } from './accounts.ts';
import type { AdminContext } from './context.ts';
import { login } from './input.ts';
import { listing } from './operation.ts';

/** One quirk of one account, over the days that are kept. */
export interface QuirkView {
  readonly quirk: Quirk;
  readonly about: string;
  readonly rfc: string;
  /** Messages or sessions. */
  readonly tolerated: number;
  readonly refused: number;
  readonly firstDay: string;
  readonly last: string;
  /** Whole days since `last`, by the calendar in UTC. */
  readonly daysAgo: number;
  /** What the program calls itself. */
  readonly client?: string;
  /** It is tolerated now. */
  readonly allowed: boolean;
  /** Where that is decided, what holds, and what would turn it round. Absent: the listener decides, or it is never tolerated. */
  readonly setting?: { readonly name: string; readonly value: string; readonly other: string };
}

export const quirkOperations = {
  'account.quirks': listing(
    (input) => login(input, 'login'),
    async (context, name): Promise<readonly QuirkView[]> =>
      quirksOf(context, await accountOf(context.store.registry, name)),
  ),
};

/** Counted from the day of `since` on; without it, over all that is kept. */
export async function quirksOf(
  { store, clock }: AdminContext,
  { account, organisation }: AccountSummary,
  since?: Instant,
): Promise<readonly QuirkView[]> {
  const owner = await store.registry.findOrganisation(organisation);
  if (owner === undefined) return [];
  const byQuirk = new Map<Quirk, QuirkDay[]>();
  const from = since === undefined ? '' : new Date(since).toISOString().slice(0, 10);
  for (const day of await store.quirks.of(account.id))
    if (day.day >= from) byQuirk.set(day.quirk, [...(byQuirk.get(day.quirk) ?? []), day]);
  const today = Math.floor(clock.now() / days(1));
  return [...byQuirk].map(([quirk, counted]) => {
    const allowed = tolerates(account, owner, quirk);
    const { about, rfc, by } = quirkFacts(quirk);
    const lastAt = Math.max(...counted.map((day) => day.lastAt));
    const client = counted.findLast((day) => day.client !== undefined)?.client;
    return {
      quirk,
      about,
      rfc,
      tolerated: counted.reduce((sum, day) => sum + day.tolerated, 0),
      refused: counted.reduce((sum, day) => sum + day.refused, 0),
      firstDay: counted[0]?.day ?? '',
      last: new Date(lastAt).toISOString(),
      daysAgo: Math.max(0, today - Math.floor(lastAt / days(1))),
      ...defined({ client }),
      allowed: by.kind === 'listener' || allowed,
      ...(by.kind === 'setting'
        ? {
            setting: {
              name: by.name,
              value: formatSetting(settingsTable[by.name].type, settingOf(by.name, account.settings, owner.settings)),
              other: allowed ? by.off : by.on,
            },
          }
        : {}),
    };
  });
}
