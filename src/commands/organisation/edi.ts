/**
 * `sluis organisation edi`: the identities that organisations, or single accounts of theirs, have
 * in the envelopes of interchanges.
 */
import { z } from '../../config/zod.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { agree, many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import type { CsvProblem } from '../../domain/csv-problem.ts';
import { formatIdentity, parseIdentity } from '../../domain/edi-identity.ts';
import type { RegisteredIdentity } from '../../store/edi-identities.ts';
import { allOrLines, recordsOf, refuseEntries } from '../core/csv.ts';
import { ediIdentity, login, organisation } from '../core/kinds.ts';
import { type Values, arg, flag, old, opt } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';

const identityView = z.object({
  identity: z.string().meta({ description: '`ID` or `ID:QUALIFIER`.' }),
  organisation: z.string(),
  account: z.string().optional().meta({ description: 'Login, if it belongs to one account only.' }),
});

/** Most lines of one file. */
const MAX_LINES = 5000;

const identityInput = {
  organisation: arg(organisation, 'whose it is'),
  identity: arg(ediIdentity, 'ID or ID:QUALIFIER, as UNB or MSH has it'),
  account: opt(login, 'of this account alone, not of the whole organisation'),
};

const registered = ({ identity: of, organisation: whose, account }: Values<typeof identityInput>) => ({
  ...of,
  organisation: whose,
  ...defined({ login: account }),
});

const viewIdentity = (of: RegisteredIdentity): z.infer<typeof identityView> => ({
  identity: formatIdentity(of),
  organisation: of.organisation,
  ...defined({ account: of.login }),
});

export const identities = subject(
  'edi',
  'what organisations are called in EDIFACT and HL7 envelopes',
  {
    add: changes({
      api: {
        method: 'POST',
        path: '/organisations/{organisationId}/edi-identities',
        ids: { ediIdentityId: 'identity', organisationId: 'organisation', accountId: 'account' },
      },
      about: 'register an identity, such as 500123456:ZZ; without a qualifier any qualifier means the same party',
      in: identityInput,
      out: identityView,
      right: 'registry',
      trail: ['registry.edi-identity-added'],
      undo: 'organisation edi remove',
      examples: ['praktijk-jansen 500123456:ZZ', 'lab-noord 500123457 --account laboratorium'],
      run: async ({ store }, input, { actor }) => {
        const added = registered(input);
        await store.registry.addIdentities([added], actor);
        return viewIdentity(added);
      },
      say: (added) =>
        `${added.identity} is ${added.account === undefined ? added.organisation : `account ${added.account}`}.`,
    }),

    import: changes({
      api: { method: 'POST', path: '/edi-identity-imports', without: ['dryRun'] },
      about: 'register many identities from a CSV file: all or none; what is registered already stays',
      in: { dryRun: flag('check every line and change nothing') },
      isLook: ({ dryRun }) => dryRun,
      upload: { about: 'header "organisation,identity,account"', needed: true, as: 'argument' },
      out: z.object({ read: z.number() }),
      right: 'registry',
      trail: ['registry.edi-identity-added'],
      undo: 'organisation edi remove, for each',
      examples: ['identities.csv --dry-run', 'identities.csv'],
      run: async ({ store, clock }, { dryRun }, { actor, upload }) => {
        const action = 'register EDI identities';
        const file = { action, columns: identityInput, most: MAX_LINES };
        const problems: CsvProblem[] = [];
        const lines = await recordsOf(upload, { ...file, now: () => clock.now(), ...(dryRun && { problems }) });
        const read = lines.map(registered);
        if (dryRun) refuseEntries(action, problems, lines, await store.registry.judgeIdentities(read));
        else if (read.length > 0)
          await allOrLines(
            action,
            lines,
            () => store.registry.addIdentities(read, actor),
            () => store.registry.judgeIdentities(read),
          );
        return { read: read.length };
      },
      say: ({ read }, { dryRun }) =>
        dryRun
          ? `The file is right: ${many(read, 'identity')} of it would be registered, or ${agree(read, 'is', 'are')} so already. Nothing was changed.`
          : `The ${many(read, 'identity')} of the file ${agree(read, 'is', 'are')} registered.`,
    }),

    list: lists({
      api: {
        method: 'GET',
        path: '/edi-identities',
        id: 'listEdiIdentities',
        without: ['identity'],
        ids: { ediIdentityId: 'identity', organisationId: 'organisation', accountId: 'account' },
      },
      about: 'list identities and whose they are',
      in: {
        organisation: opt(organisation, 'of this organisation only'),
        identity: old(opt(ediIdentity, 'who is called so, with any qualifier'), 'id'),
      },
      out: identityView,
      right: 'read',
      examples: ['', '--organisation lab-noord', '--identity 500123456'],
      run: async ({ store: { registry } }, { limit, after, organisation: of, identity: named }) => {
        if (of !== undefined) await organisationOf(registry, of);
        const behind = after === undefined ? undefined : parseIdentity(after);
        const query = {
          limit,
          ...defined({ organisation: of, id: named?.id }),
          ...(behind?.ok === true && { after: behind.value }),
        };
        return (await registry.listIdentities(query)).map(viewIdentity);
      },
      header: ['IDENTITY', 'ORGANISATION', 'ACCOUNT'],
      cells: (i) => [i.identity, i.organisation, i.account],
      after: (i) => i.identity,
    }),

    remove: changes({
      api: { method: 'DELETE', path: '/organisations/{organisationId}/edi-identities/{ediIdentityId}' },
      about: 'take an identity away',
      in: { identity: arg(ediIdentity, 'ID or ID:QUALIFIER, as "list" shows it') },
      out: z.object({ identity: z.string() }),
      right: 'registry',
      trail: ['registry.edi-identity-removed'],
      undo: 'organisation edi add',
      examples: ['500123456:ZZ'],
      run: async ({ store }, { identity: of }, { actor }) => {
        await store.registry.removeIdentity(of, actor);
        return { identity: formatIdentity(of) };
      },
      say: (removed) => `${removed.identity} is nobody's now.`,
    }),
  },
  { initial: 'add' },
);
