/**
 * Accounts that were imported with every tolerance on, to see for some weeks what their programs deviate in: who would break under which
 * rule, and the rules on again for the others.
 */
import { type ObservedAccount, observedPage } from '../delivery/observed.ts';
import { defined } from '../domain/defined.ts';
import { tolerances } from '../domain/quirks.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { type Instant, days } from '../domain/units.ts';
import { MAX_SETTINGS, type SettingChanges } from '../store/registry.ts';
import { flag, page } from './input.ts';
import { change, listing } from './operation.ts';

/** The counts of quirks are kept for 100 days. */
export const MAX_OBSERVED = 90;

export const observedFor = (forDays: number, now: Instant): Settings => ({
  ...Object.fromEntries([...tolerances.values()].map(({ name, value }) => [name, value])),
  'observed-until': new Date(now + days(forDays)).toISOString().slice(0, 10),
});

/** What the account deviates in stays tolerated; every other tolerance is taken back, and with it the mark. */
function enforced({ deviations }: ObservedAccount): SettingChanges {
  const needed = new Set<string>(deviations.map(({ setting }) => setting));
  const back = [...tolerances.values()]
    .filter(({ name }) => !needed.has(name))
    .map(({ name }) => [name, null] as const);
  return Object.fromEntries([...back, ['observed-until', null] as const]);
}

export type { ObservedAccount } from '../delivery/observed.ts';

export interface EnforcedPage {
  readonly accounts: number;
  /** Those of them that keep a tolerance. */
  readonly tolerant: number;
  readonly next?: string;
}

export const observedOperations = {
  'account.observed': listing(page, observedPage),
  /** One page is one transaction. */
  'account.enforce': change(
    (input) => {
      const { limit, ...rest } = page(input);
      return { ...rest, limit: Math.min(limit, MAX_SETTINGS), early: flag(input, 'early') };
    },
    async (context, { early, ...at }, { actor }): Promise<EnforcedPage> => {
      const { accounts, next } = await observedPage(context, at);
      const due = accounts.filter(({ over }) => over || early);
      if (due.length > 0)
        await context.store.registry.changeManySettings(
          due.map((account) => ({ target: { scope: 'account', login: account.login }, changes: enforced(account) })),
          actor,
        );
      return {
        accounts: due.length,
        tolerant: due.filter(({ deviations }) => deviations.length > 0).length,
        ...defined({ next }),
      };
    },
  ),
};
