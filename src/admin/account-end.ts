/** The end of an account: its addresses take no mail at once; its log-in ends when its owner had time to collect what waits, or to say stop. */
import { tryToPublish } from '../ca/revocation-lists.ts';
import { defined } from '../domain/defined.ts';
import { iso } from '../domain/units.ts';
import type { EndTies } from '../store/organisation-ties.ts';
import { accountOf } from './accounts.ts';
import { contactOf, contactsIn } from './contacts-of.ts';
import { AdminError } from './context.ts';
import { endOf, endingBy, endingInput } from './ending.ts';
import { login } from './input.ts';
import { change } from './operation.ts';

/** What ending an account did, or would do. */
export interface AccountEnd {
  readonly login: string;
  /** Until then its owner collects, and `account resume` takes the end back; absent: it is closed. */
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
  /** Organisations that are reached at one of its addresses: they need another contact. */
  readonly contactOf: readonly string[];
  /** The revocation list could not be written: why. */
  readonly problem?: string;
}

export const accountEndOperations = {
  'account.end': endingBy(
    change(
      (input) => ({ login: login(input, 'login'), ...endingInput(input) }),
      async (context, input, { actor }): Promise<AccountEnd> => {
        const { ca } = context;
        const { registry } = context.store;
        const { grace, successor, dryRun } = input;
        const { account, addresses: its } = await accountOf(registry, input.login);
        if (account.kind === 'partner')
          throw new AdminError(
            'invalid',
            `Cannot end account "${input.login}": a partner logs in with it; "sluis partner end" ends it with all that is pushed there`,
          );
        const endsAt = endOf(context, grace);
        const { certificates, delegations } = await registry.endTies(account.id);
        const open = its.filter((a) => a.state !== 'ended').map((a) => a.address);
        const contacts = contactOf(await contactsIn(registry), open);
        const succeeded = successor === undefined ? {} : { successor };
        if (!dryRun) await registry.endAccount(input.login, { ...defined({ endsAt }), ...succeeded }, actor);
        const isListed = !dryRun && endsAt === undefined && certificates.length > 0;
        const problem = isListed ? await tryToPublish(ca) : undefined;
        return {
          login: account.login,
          ...defined({ closes: iso(endsAt) }),
          ...succeeded,
          addresses: open,
          // Mail may have come until the end.
          waiting: (await accountOf(registry, input.login)).messages,
          certificates: certificates.map(({ use, serial = '', subject }) => ({ use, serial, subject })),
          delegations,
          contactOf: contacts,
          ...defined({ problem }),
        };
      },
    ),
  ),
};
