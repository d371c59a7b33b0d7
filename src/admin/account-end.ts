/** The end of an account: its addresses at once, its log-in when its owner had time to collect what waits. */
import { tryToPublish } from '../ca/revocation-lists.ts';
import { days, instant } from '../domain/units.ts';
import type { EndTies } from '../store/organisation-ties.ts';
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
  /** Of our own authorities: revoked when it is closed. */
  readonly certificates: readonly { readonly use: string; readonly serial: string; readonly subject: string }[];
  /** Rights to send that are taken back when it is closed: as its addresses, and its own as others'. */
  readonly delegations: EndTies['delegations'];
  /** The revocation list could not be written: why. */
  readonly problem?: string;
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
    async (context, input, { actor }): Promise<AccountEnd> => {
      const { clock, ca } = context;
      const { registry } = context.store;
      const { grace, successor, dryRun } = input;
      const { account, addresses: its } = await accountOf(registry, input.login);
      if (account.kind === 'partner')
        throw new AdminError(
          'invalid',
          `Cannot end account "${input.login}": a partner logs in with it; "sluis partner end" ends it with all that is pushed there`,
        );
      const endsAt = grace === 0 ? undefined : instant(clock.now() + days(grace));
      const { certificates, delegations } = await registry.endTies(account.id);
      const succeeded = successor === undefined ? {} : { successor };
      if (!dryRun)
        await registry.endAccount(input.login, { ...(endsAt === undefined ? {} : { endsAt }), ...succeeded }, actor);
      const isListed = !dryRun && endsAt === undefined && certificates.length > 0;
      const problem = isListed ? await tryToPublish(ca) : undefined;
      return {
        login: account.login,
        ...(endsAt === undefined ? {} : { closes: new Date(endsAt).toISOString() }),
        ...succeeded,
        addresses: its.filter((a) => a.state !== 'ended').map((a) => a.address),
        // Mail may have come until the end.
        waiting: (await accountOf(registry, input.login)).messages,
        certificates: certificates.map(({ use, serial = '', subject }) => ({ use, serial, subject })),
        delegations,
        ...(problem === undefined ? {} : { problem }),
      };
    },
  ),
};
