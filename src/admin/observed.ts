/**
 * Accounts that were imported with every tolerance on, so that for some weeks the gateway sees in
 * what their programs deviate. It shows which account would fail under which rule, and turns the
 * rules on again for the others.
 */
import { type ObservedAccount, observedPage } from '../notices/observed.ts';
import { defined } from '../domain/defined.ts';
import { tolerances } from '../domain/quirks.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { type Instant, days } from '../domain/units.ts';
import { MAX_SETTINGS, type SettingChanges } from '../store/registry.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';

const PAGE = Math.min(500, MAX_SETTINGS);

export const observedFor = (forDays: number, now: Instant): Settings => ({
  ...Object.fromEntries([...tolerances.values()].map(({ name, value }) => [name, value])),
  'observed-until': new Date(now + days(forDays)).toISOString().slice(0, 10),
});

/**
 * The settings after the observation: what the account deviates in stays tolerated. All other
 * tolerances are removed, and so is the mark of the observation.
 */
function enforced({ deviations }: ObservedAccount): SettingChanges {
  const needed = new Set<string>(deviations.map(({ setting }) => setting));
  const back = [...tolerances.values()]
    .filter(({ name }) => !needed.has(name))
    .map(({ name }) => [name, null] as const);
  return Object.fromEntries([...back, ['observed-until', null] as const]);
}

/**
 * Turns the rules on again for accounts whose observation is over, or for all with `early`. Each
 * page is one transaction.
 */
export async function enforceRules(
  context: AdminContext,
  { early }: { readonly early: boolean },
  { actor, gone, progress }: Pick<Call, 'actor' | 'gone' | 'progress'>,
): Promise<{ accounts: number; tolerant: number }> {
  const sum = { accounts: 0, tolerant: 0 };
  for (let after: string | undefined; ;) {
    if (gone?.aborted === true)
      throw new AdminError(
        'unavailable',
        `Cannot enforce the rest: the caller has gone; ${sum.accounts} accounts follow the rules, and the others do when it is asked again`,
      );
    const { accounts, next } = await observedPage(context, { limit: PAGE, ...defined({ after }) });
    const due = accounts.filter(({ over }) => over || early);
    const changes = due.map((account) => ({
      target: { scope: 'account', login: account.login } as const,
      changes: enforced(account),
    }));
    if (due.length > 0) await context.store.registry.changeManySettings(changes, actor);
    sum.accounts += due.length;
    sum.tolerant += due.filter(({ deviations }) => deviations.length > 0).length;
    progress(sum.accounts, 0);
    if (next === undefined) return sum;
    after = next;
  }
}
