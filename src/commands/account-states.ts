/**
 * `sluis account suspend` and `resume`, for one account or thousands. Each part is one transaction.
 */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import { agree, many } from '../domain/counted.ts';
import type { Organisation } from '../domain/registry.ts';
import { type AccountSummary, MAX_ACCOUNTS } from '../store/registry.ts';
import { manyAccounts, namedAccounts, partsOf } from './core/accounts.ts';
import { changes } from './core/row.ts';

type State = 'active' | 'suspended';
/**
 * Most login names that are listed of accounts to which nobody can log in; of more, only the
 * number.
 */
const NAMED = 1000;
/** Most accounts that the text lists. */
const SHOWN = 10;

const statesView = z.object({
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  state: z.enum(['active', 'suspended']),
  accounts: z.number(),
  changed: z.number().meta({
    description: 'Those that were not in that state already; a second run over the same list changes none.',
  }),
  login: z.string().optional().meta({ description: 'Where it was about one.' }),
  ends: z.object({ takenBack: z.number(), still: z.number() }).optional().meta({
    description:
      'With `resume`, of accounts that are ending: how many ends were taken back; and how many are ending still, since they were suspended as well and that was taken back first.',
  }),
  closed: z
    .object({ accounts: z.number(), logins: z.array(z.string()) })
    .optional()
    .meta({
      description: 'With `resume`: those that nobody can log in to, since "account contain" took what let them in.',
    }),
});
export type StatesView = z.infer<typeof statesView>;

interface Kept {
  readonly login: string;
  readonly state: string;
  /** True if the account itself is ending, and not only its organisation. */
  readonly ends: boolean;
  readonly closed: boolean;
}

const keptOf = ({ account, passwords, certificates }: AccountSummary): Kept => ({
  login: account.login,
  state: account.state,
  ends: account.endsAt !== undefined,
  closed: passwords.length === 0 && certificates.every(({ revokedAt }) => revokedAt !== undefined),
});

/**
 * Makes a check that throws AdminError for an account whose organisation is not active: such an
 * account cannot be resumed on its own. Each organisation is looked up once.
 */
function organisationsAllow({ store }: AdminContext): (summary: AccountSummary) => Promise<void> {
  const known = new Map<string, Promise<Organisation | undefined>>();
  return async ({ organisation, account }) => {
    const asked = known.get(organisation) ?? store.registry.findOrganisation(organisation);
    known.set(organisation, asked);
    const found = await asked;
    const its = found?.state ?? (found?.endsAt === undefined ? undefined : 'ending');
    if (its === undefined) return;
    const ended = its === 'ended';
    throw new AdminError(
      ended ? 'ended' : 'conflict',
      `Cannot resume account "${account.login}": its organisation "${organisation}" ${ended ? 'has ended, which cannot be undone' : `is ${its}; "sluis organisation resume ${organisation}" takes that back`}`,
    );
  };
}

const stateChange = (
  state: State,
  verb: 'suspend' | 'resume',
  row: Pick<Parameters<typeof changes>[0], 'api' | 'about' | 'right' | 'undo' | 'examples'> & {
    readonly phase: string;
  },
) => {
  const { phase, ...said } = row;
  return changes({
    ...said,
    ...manyAccounts,
    out: statesView,
    trail: ['registry.account-state'],
    progress: { phase, unit: 'accounts' },
    run: async (context, { login: logins, dryRun }, call): Promise<StatesView> => {
      const allow = state === 'active' ? organisationsAllow(context) : undefined;
      const keep = async (summary: AccountSummary): Promise<Kept> => {
        if (summary.account.state !== 'ended') {
          await allow?.(summary);
          return keptOf(summary);
        }
        throw new AdminError(
          'ended',
          `Cannot ${verb} account "${summary.account.login}": it has ended, which cannot be undone; add a new account`,
        );
      };
      const all = await namedAccounts(context, { verb, logins, keep }, call);
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
      const closed = all.filter((kept) => kept.closed).map((kept) => kept.login);
      return {
        applied: !dryRun,
        state,
        accounts: all.length,
        changed,
        ...(all.length === 1 && all[0] !== undefined ? { login: all[0].login } : {}),
        ...(ending.length > 0 ? { ends: { takenBack: ending.length - still, still } } : {}),
        ...(state === 'active' ? { closed: { accounts: closed.length, logins: closed.slice(0, NAMED) } } : {}),
      };
    },
    say: (done) => [...statesText(done), ...closedText(done)].join('\n'),
  });
};

export const suspend = stateChange('suspended', 'suspend', {
  api: { method: 'POST', path: '/accounts/{accountId}/suspensions', without: ['upload'], ids: { accountId: 'login' } },
  about: 'refuse logins and mail, until they are resumed; what waits stays',
  right: 'support',
  undo: 'account resume',
  examples: ['huisarts --reason "ticket 7"', '--from accounts.csv --dry-run'],
  phase: 'Suspending',
});
export const resume = stateChange('active', 'resume', {
  api: { method: 'POST', path: '/accounts/{accountId}/resumptions', without: ['upload'], ids: { accountId: 'login' } },
  about:
    'take back a suspension, or an end that is not final; passwords and certificates that "contain" took stay away',
  right: 'registry',
  undo: 'account suspend',
  examples: ['huisarts', '--from accounts.csv --dry-run'],
  phase: 'Resuming',
});

function statesText({ applied, state, accounts, changed, login, ends }: StatesView): string[] {
  const before = accounts - changed;
  const were = before === 0 ? '' : login === undefined ? ` ${before} were before.` : ' It was before.';
  const subject = login === undefined ? many(accounts, 'account') : `Account ${login}`;
  const verb = applied ? (login === undefined ? agree(accounts, 'is', 'are') : 'is') : 'would be';
  return [
    `${subject} ${verb} ${state}.${ends === undefined ? were : ''}`,
    ...(ends === undefined ? [] : endsText(ends, login)),
    ...(applied ? [] : ['Nothing was changed.']),
  ];
}

/**
 * What became of accounts that were both suspended and ending. A first resume takes one of the two
 * back, a second one the other.
 */
function endsText({ takenBack, still }: NonNullable<StatesView['ends']>, login: string | undefined): string[] {
  const one = login !== undefined;
  const again = 'and collects what waits; once more "sluis account resume" takes that back';
  const back = one
    ? 'Its end is taken back.'
    : `${many(takenBack, 'end')} ${agree(takenBack, 'is', 'are')} taken back.`;
  const left = one ? 'It is ending still' : `${still} of them ${agree(still, 'is', 'are')} ending still`;
  return [...(takenBack === 0 ? [] : [back]), ...(still === 0 ? [] : [`${left}, ${again}.`])];
}

/**
 * Warns of accounts that were resumed but have no way to log in, so that nobody believes their
 * people can.
 */
function closedText({ closed, login }: StatesView): string[] {
  if (closed === undefined || closed.accounts === 0) return [];
  const named = closed.logins.slice(0, SHOWN);
  const more = closed.accounts > named.length ? ` and ${closed.accounts - named.length} more` : '';
  return [
    ...(login === undefined
      ? [
          `Nobody can log in to ${closed.accounts} of them, which have neither a password nor a certificate: ${named.join(' ')}${more}`,
          '"account contain" takes them for good; give each a new one:',
        ]
      : [
          'Nobody can log in to it: it has neither a password nor a certificate. "account contain" takes them for good; give new ones:',
        ]),
    `  sluis account password add ${login ?? 'LOGIN'} --name first --generate --out FILE`,
    `  sluis cert issue --account ${login ?? 'LOGIN'} --use login --code`,
  ];
}
