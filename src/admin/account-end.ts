/** The end of an account: its addresses at once, its log-in when its owner had time to collect what waits. */
import { days, instant } from '../domain/units.ts';
import { accountOf } from './accounts.ts';
import { AdminError } from './context.ts';
import { count, flag, login, optionalAddress } from './input.ts';
import { change } from './operation.ts';

/** What ending an account did, or would do. */
export interface AccountEnd {
  readonly login: string;
  /** Until then its owner collects; absent: it is closed. */
  readonly closes?: string;
  readonly successor?: string;
  /** Those that take no mail any more. */
  readonly addresses: readonly string[];
  /** Messages that its mailbox holds. */
  readonly waiting: number;
}

/** Longest time, in days, in which the owner of an account that ends collects what waits. */
export const MAX_GRACE = 366;

export const accountEndOperations = {
  'account.end': change(
    (input) => ({
      login: login(input, 'login'),
      grace: count(input, 'grace-days', { initial: 0, max: MAX_GRACE }),
      successor: optionalAddress(input, 'successor'),
      dryRun: flag(input, 'dry-run'),
    }),
    async ({ store: { registry }, clock }, input, { actor }): Promise<AccountEnd> => {
      const { grace, successor, dryRun } = input;
      const { account, addresses: its } = await accountOf(registry, input.login);
      if (account.kind === 'partner')
        throw new AdminError(
          'invalid',
          `Cannot end account "${input.login}": a partner logs in with it; "sluis partner end" ends it with all that is pushed there`,
        );
      const endsAt = grace === 0 ? undefined : instant(clock.now() + days(grace));
      const succeeded = successor === undefined ? {} : { successor };
      if (!dryRun)
        await registry.endAccount(input.login, { ...(endsAt === undefined ? {} : { endsAt }), ...succeeded }, actor);
      return {
        login: account.login,
        ...(endsAt === undefined ? {} : { closes: new Date(endsAt).toISOString() }),
        ...succeeded,
        addresses: its.filter((a) => a.state !== 'ended').map((a) => a.address),
        // Mail may have come until the end.
        waiting: (await accountOf(registry, input.login)).messages,
      };
    },
  ),
};
