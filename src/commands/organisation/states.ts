/**
 * `sluis organisation suspend`, `resume` and `end`: for all accounts of an organisation at once.
 */
import { z } from '../../config/zod.ts';
import type { AdminContext } from '../../admin/context.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { checkSuccessor } from '../../admin/successor.ts';
import { backText, sendersText } from '../../cli/ending-text.ts';
import { readableTime } from '../../cli/output.ts';
import { many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import { MAX_IDENTITIES } from '../../store/edi-identities.ts';
import type { Recipient } from '../../store/registry.ts';
import { ends, endsAt } from '../core/ending.ts';
import { organisation } from '../core/kinds.ts';
import { arg, flag } from '../core/params.ts';
import { changes } from '../core/row.ts';
import type { InApi } from '../core/in-api.ts';

const changeView = z.object({
  name: z.string(),
  state: z.string(),
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  successor: z.string().optional(),
  accounts: z.number().meta({ description: 'Those that have not ended.' }),
  addresses: z.number().meta({ description: 'Their addresses that have not.' }),
  waiting: z.number().meta({ description: 'Messages in their mailboxes.' }),
  certificates: z.number().meta({ description: 'Client certificates that are valid.' }),
  identities: z.number().meta({ description: 'Identities in EDI.' }),
  closes: z.string().optional().meta({ description: 'Until then it can be resumed; only for `end`.' }),
  takenBack: z.literal(true).optional().meta({
    description:
      'True if `resume` took an end back. One that was also suspended is still ending: `resume` takes the suspension back first.',
  }),
  suspended: z.number().optional().meta({
    description: 'Accounts that stay suspended, since they are so themselves; only for `resume`.',
  }),
  problem: z.string().optional().meta({
    description: 'The revocation list could not be written: why; only for `end`.',
  }),
});
type ChangedState = z.infer<typeof changeView>;

const one = { name: arg(organisation, 'the organisation') };

/** Accounts that are read at the same time; each comes with its addresses and credentials. */
const PAGE = 200;

async function affected(
  { store: { registry } }: AdminContext,
  name: string,
): Promise<Omit<ChangedState, 'state' | 'applied'> & { readonly suspended: number }> {
  await organisationOf(registry, name);
  const sum = { name, accounts: 0, addresses: 0, waiting: 0, suspended: 0, certificates: 0, identities: 0 };
  sum.identities = (await registry.listIdentities({ organisation: name, limit: MAX_IDENTITIES })).length;
  for (let after: string | undefined; ;) {
    const found = await registry.listAccounts({ limit: PAGE, organisation: name, ...defined({ after }) });
    for (const { account, addresses, messages, certificates } of found) {
      sum.waiting += messages;
      if (account.state === 'ended') continue;
      sum.accounts += 1;
      sum.certificates += certificates.filter(({ revokedAt }) => revokedAt === undefined).length;
      if (account.state === 'suspended') sum.suspended += 1;
      sum.addresses += addresses.filter(({ state }) => state !== 'ended').length;
    }
    after = found.at(-1)?.account.login;
    if (found.length < PAGE) return sum;
  }
}

const stateChange = (
  state: 'active' | 'suspended',
  row: {
    readonly api: InApi;
    readonly about: string;
    readonly undo: string;
    say(done: ChangedState): readonly string[];
  },
) =>
  changes({
    ...row,
    in: { ...one, dryRun: flag('say what would be done, and do nothing') },
    out: changeView,
    right: 'registry',
    trail: ['registry.organisation-state'],
    isLook: ({ dryRun }) => dryRun,
    examples: ['praktijk-jansen --dry-run', 'praktijk-jansen'],
    run: async (context, { name, dryRun }, { actor }): Promise<ChangedState> => {
      const { registry } = context.store;
      const before = await registry.findOrganisation(name);
      const isEnding = state === 'active' && before?.endsAt !== undefined;
      const isTakenBack = isEnding && before.state === undefined;
      if (!dryRun) await registry.setOrganisationState(name, state, actor);
      const { suspended, ...now } = await affected(context, name);
      return {
        ...now,
        state: isEnding && !isTakenBack ? 'ending' : state,
        applied: !dryRun,
        ...(isTakenBack && { takenBack: true }),
        ...(state === 'active' && !dryRun && { suspended }),
      };
    },
    say: (done) => [...(done.applied ? [] : ['Nothing was done. This would happen:']), ...row.say(done)].join('\n'),
  });

export const suspend = stateChange('suspended', {
  api: { method: 'POST', path: '/organisations/{organisationId}/suspensions', ids: { organisationId: 'name' } },
  about: 'refuse logins and mail of all its accounts, until it is resumed; what waits stays',
  undo: 'organisation resume',
  say: ({ name, accounts, addresses, waiting }) => [
    `Organisation ${name} is suspended:`,
    `- ${many(accounts, 'account')} can no longer log in, and open sessions are closed`,
    `- mail for ${many(addresses, 'address')} is refused (550 5.2.1)`,
    `- ${many(waiting, 'message')} in its mailboxes wait until "sluis organisation resume ${name}"`,
  ],
});

export const resume = stateChange('active', {
  api: { method: 'POST', path: '/organisations/{organisationId}/resumptions', ids: { organisationId: 'name' } },
  about: 'take back a suspension, or an end that is not final',
  undo: 'organisation suspend',
  say: ({ name, state, takenBack, accounts, suspended = 0 }) => [
    state === 'ending'
      ? `Organisation ${name} is no longer suspended; it is ending still, and its accounts collect what waits. Once more "sluis organisation resume ${name}" takes that back.`
      : `${takenBack === true ? `The end of organisation ${name} is taken back. It` : `Organisation ${name}`} is active: ${many(accounts - suspended, 'account')} log in and accept mail again.`,
    ...(suspended === 0 ? [] : [`${many(suspended, 'account')} stay suspended, each by itself.`]),
  ],
});

export const end = ends({
  api: { method: 'POST', path: '/organisations/{organisationId}/endings', ids: { organisationId: 'name' } },
  about: 'end an organisation with all its accounts and addresses; "resume" takes it back for 30 days',
  in: one,
  out: changeView,
  right: 'registry',
  trail: ['registry.organisation-state', 'registry.account-ending', 'registry.account-state'],
  undo: 'organisation resume, until the time of grace is over',
  progress: { phase: 'Ending', unit: 'accounts' },
  examples: ['lab-noord --dry-run', 'lab-noord --grace 60d --yes --reason "the contract ends"'],
  confirm: { name: ({ name }) => name, what: ({ name }) => `end organisation "${name}"` },
  run: async (context, { name, dryRun, successor, ...when }, { actor, progress }): Promise<ChangedState> => {
    const before = await affected(context, name);
    const isIts = (found: Recipient): boolean => found.organisation.name === name;
    await checkSuccessor(context.store.registry, successor, `organisation "${name}"`, isIts);
    const at = endsAt(context, { ...when, dryRun, successor });
    if (!dryRun)
      await context.store.registry.endOrganisation(name, defined({ endsAt: at, successor }), actor, (done) =>
        progress(done, before.accounts),
      );
    return {
      ...before,
      state: at === undefined ? 'ended' : 'ending',
      applied: !dryRun,
      ...defined({ closes: iso(at), successor }),
      // Certificates that our own authorities issued for its accounts are revoked as well.
      ...defined({ problem: dryRun || at !== undefined ? undefined : await published(context) }),
    };
  },
  say: (done) => endText(done),
});

async function published({ ca }: AdminContext): Promise<string | undefined> {
  const { tryToPublish } = await import('../../ca/revocation-lists.ts');
  return await tryToPublish(ca);
}

function endText(done: ChangedState): string {
  const { name, applied, accounts, addresses, waiting, certificates, identities, closes, successor, problem } = done;
  const accountsText = many(accounts, 'account');
  return [
    `Organisation ${name} ${applied ? (closes === undefined ? 'has ended' : 'is ending') : 'would end'}:`,
    `- ${sendersText(many(addresses, 'address'), successor)}`,
    ...(closes === undefined
      ? [
          `- ${accountsText} can no longer log in, and open sessions are closed`,
          `- ${many(waiting, 'message')} in its mailboxes stay for their time; "sluis mailbox export" writes them to a file`,
        ]
      : [
          `- ${accountsText} no longer send anything, and collect what waits (${many(waiting, 'message')}) until ${readableTime(closes)}`,
        ]),
    `- ${closes === undefined ? '' : 'then '}${many(certificates, 'certificate')} for login, ${many(identities, 'EDI identity')} and all rights to send end`,
    backText(closes, `organisation resume ${name}`),
    ...(problem === undefined ? [] : [problem]),
  ].join('\n');
}
