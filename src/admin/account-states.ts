/** `account.suspend` and `account.resume`, of one account or of thousands: each part is one transaction. */
import { type AccountSummary, MAX_ACCOUNTS } from '../store/registry.ts';
import { loginsOf, namedAccounts, partsOf } from './account-names.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, flag, login } from './input.ts';
import { change } from './operation.ts';

type State = 'active' | 'suspended';
const VERB = { active: 'resume', suspended: 'suspend' } as const;
/** Accounts without a way in that are named; of more the number alone. */
const NAMED = 1000;

export interface StatesView {
  /** False where it was only asked what would be. */
  readonly applied: boolean;
  readonly state: State;
  readonly accounts: number;
  /** Those that were not in that state already; a second run over the same list changes none. */
  readonly changed: number;
  /**
   * With `resume`, of accounts that are ending: how many ends were taken back; and how many are ending still, since they were suspended as well
   * and that was taken back first.
   */
  readonly ends?: { readonly takenBack: number; readonly still: number };
  /** Where it was about one. */
  readonly login?: string;
  /** With `resume`: those that nobody can log in to, since neither a password nor a certificate is left. `account contain` takes them. */
  readonly closed?: { readonly accounts: number; readonly logins: readonly string[] };
}

interface Kept {
  readonly login: string;
  readonly state: string;
  /** It is ending by itself. */
  readonly ends: boolean;
  readonly closed: boolean;
}

const keptOf = ({ account, passwords, certificates }: AccountSummary): Kept => ({
  login: account.login,
  state: account.state,
  ends: account.endsAt !== undefined,
  closed: passwords.length === 0 && certificates.every(({ revokedAt }) => revokedAt !== undefined),
});

/** An account of an organisation that is out cannot come back by itself. */
async function organisationsAllow({ store }: AdminContext, all: ReadonlyMap<string, string>): Promise<void> {
  for (const [organisation, name] of all) {
    const found = await store.registry.findOrganisation(organisation);
    const its = found?.state ?? (found?.endsAt === undefined ? undefined : 'ending');
    if (its === undefined) continue;
    const ended = its === 'ended';
    throw new AdminError(
      ended ? 'ended' : 'conflict',
      `Cannot resume account "${name}": its organisation "${organisation}" ${ended ? 'has ended, which cannot be undone' : `is ${its}; "sluis organisation resume ${organisation}" takes that back`}`,
    );
  }
}

const stateChange = (state: State) =>
  change(
    (input: Input) => ({
      logins: input.login === undefined ? loginsOf(input) : [login(input, 'login')],
      dryRun: flag(input, 'dry-run'),
    }),
    async (context, { logins, dryRun }, call): Promise<StatesView> => {
      /** One account of each organisation. */
      const organisations = new Map<string, string>();
      const keep = (summary: AccountSummary): Kept => {
        organisations.set(summary.organisation, organisations.get(summary.organisation) ?? summary.account.login);
        if (summary.account.state !== 'ended') return keptOf(summary);
        throw new AdminError(
          'ended',
          `Cannot ${VERB[state]} account "${summary.account.login}": it has ended, which cannot be undone; add a new account`,
        );
      };
      const all = await namedAccounts(context, { verb: VERB[state], logins, keep }, call);
      if (state === 'active') await organisationsAllow(context, organisations);
      let [changed, done] = [0, 0];
      for (const part of partsOf(all, MAX_ACCOUNTS)) {
        const names = part.map((kept) => kept.login);
        changed += dryRun
          ? part.filter((kept) => kept.state !== state || (state === 'active' && kept.ends)).length
          : await context.store.registry.setAccountStates(names, state, call.actor);
        call.progress((done += part.length), all.length);
      }
      const ending = state === 'active' ? all.filter((kept) => kept.ends) : [];
      const still = ending.filter((kept) => kept.state === 'suspended').length;
      const ends = { takenBack: ending.length - still, still };
      const closed = all.filter((kept) => kept.closed).map((kept) => kept.login);
      return {
        applied: !dryRun,
        state,
        accounts: all.length,
        changed,
        ...(all.length === 1 && all[0] !== undefined ? { login: all[0].login } : {}),
        ...(ending.length > 0 ? { ends } : {}),
        ...(state === 'active' ? { closed: { accounts: closed.length, logins: closed.slice(0, NAMED) } } : {}),
      };
    },
  );

export const accountStateOperations = {
  'account.suspend': stateChange('suspended'),
  'account.resume': stateChange('active'),
};
