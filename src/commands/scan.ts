/**
 * `sluis scan exempt`: accounts whose mail is not scanned for malware, or interchanges of an
 * account that are not. It takes two people to begin an exemption and one to end it (decision
 * 1973).
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import { accountsOf } from '../admin/organisation-accounts.ts';
import { exemptionView } from '../admin/views.ts';
import { readableTime, table } from '../cli/output.ts';
import { defined } from '../domain/defined.ts';
import { type EdiIdentity, formatIdentity } from '../domain/edi-identity.ts';
import type { Account } from '../domain/registry.ts';
import {
  type ExemptParties,
  NO_END,
  ediExemptions,
  exemptUntil,
  isExempt,
  isSameParties,
} from '../domain/scan-exemption.ts';
import { type Instant, iso } from '../domain/units.ts';
import { ediIdentity, login } from './core/kinds.ts';
import { ends } from './core/moments.ts';
import { arg, opt } from './core/params.ts';
import { changes, reads } from './core/row.ts';
import { subject } from './core/subject.ts';

const exemption = z.object({
  login: z.string(),
  ediFrom: z.string().optional().meta({
    description:
      'Only interchanges of this sender, `ID` or `ID:QUALIFIER`; all else that the account submits is scanned.',
  }),
  ediTo: z.string().optional().meta({ description: 'Of these only those for this recipient.' }),
  until: z.string().meta({ description: 'When it ends; "no end".' }),
});
type Exemption = z.infer<typeof exemption>;

const parties = {
  ediFrom: opt(ediIdentity, 'only its interchanges whose envelope (UNB, MSH) names this sender: ID or ID:QUALIFIER'),
  ediTo: opt(ediIdentity, 'of these only those for this recipient'),
};
interface Given {
  readonly ediFrom: EdiIdentity | undefined;
  readonly ediTo: EdiIdentity | undefined;
}

/** The parties of an exemption; undefined if it is for the whole account. */
function partiesOf({ ediFrom, ediTo }: Given): ExemptParties | undefined {
  if (ediFrom !== undefined)
    return { from: formatIdentity(ediFrom), to: ediTo === undefined ? '' : formatIdentity(ediTo) };
  if (ediTo === undefined) return undefined;
  throw new AdminError(
    'invalid',
    `Cannot exempt interchanges by their recipient "${formatIdentity(ediTo)}" alone: whose they are decides; add --edi-from ID`,
  );
}

const viewOf = ({ login: name }: Pick<Account, 'login'>, until: string, of?: ExemptParties): Exemption => ({
  login: name,
  ...(of !== undefined && { ediFrom: of.from, ...defined({ ediTo: of.to || undefined }) }),
  until,
});

const untilText = (until: string): string =>
  until === 'no end' ? 'until it is ended' : `until ${readableTime(until)}`;

const whatText = ({ login: name, ediFrom, ediTo }: Omit<Exemption, 'until'>): string =>
  ediFrom === undefined
    ? `What ${name} submits`
    : `What ${name} submits as interchanges of ${ediFrom}${ediTo === undefined ? '' : ` to ${ediTo}`}`;

const endText = ({ login: name, ediFrom, ediTo }: Omit<Exemption, 'until'>): string =>
  [
    `sluis scan exempt end ${name}`,
    ...(ediFrom === undefined ? [] : [`--edi-from ${ediFrom}`]),
    ...(ediTo === undefined ? [] : [`--edi-to ${ediTo}`]),
  ].join(' ');

const add = changes({
  api: {
    method: 'POST',
    path: '/accounts/{accountId}/scan-exemptions',
    id: 'addScanExemption',
    creates: true,
    ids: { accountId: 'login' },
  },
  about: 'let what an account submits pass unscanned, or interchanges of it; two people must stand behind it',
  in: {
    login: arg(login, 'the account'),
    ...parties,
    ends: opt(ends, 'when it ends by itself, such as 2027-12-31 or 14d; needed with --edi-from'),
  },
  out: exemption,
  right: 'security',
  // The second person judges the reason, and people need it if malware is found later.
  reason: 'needed',
  second: 'scan-exempt',
  trail: ['scan.exempted'],
  undo: 'scan exempt end',
  examples: [
    'huisarts --ends 14d --reason "ClamAV takes its laboratory files for malware"',
    'huisarts --edi-from 500123456:ZZ --ends 14d --reason "ClamAV takes its laboratory results for malware"',
  ],
  run: async ({ store, secondPerson, clock }, { login: name, ends: at, ...given }, { actor }) => {
    const { account } = await accountOf(store.registry, name);
    const of = partiesOf(given);
    const no = (why: string): never => {
      throw new AdminError('conflict', `Cannot exempt "${account.login}" from scanning: ${why}`);
    };
    // A second person is asked for only if the configuration says so. If it does not, one person
    // could decide alone, so the exemption is refused.
    if (!secondPerson.includes('scan-exempt'))
      return no(
        'it takes two people, and operators.second-person does not have "scan-exempt"; add it to the configuration, and register two operators ("sluis operator add")',
      );
    if (account.state === 'ended') return no('it has ended');
    if (at !== undefined && at <= clock.now()) return no(`${iso(at)} is not in the future; give a later --ends`);
    if (of === undefined) await store.registry.changeScanExemption(account.login, at ?? NO_END, actor);
    else if (at === undefined)
      return no('whoever submits writes the parties of an interchange himself, so it must have an end; add --ends');
    else await store.registry.changeEdiExemption(account.login, of, at, actor);
    return viewOf(account, iso(at) ?? 'no end', of);
  },
  say: (made) => `${whatText(made)} is not scanned, ${untilText(made.until)}. "${endText(made)}" ends it.`,
});

const end = changes({
  api: {
    method: 'DELETE',
    path: '/accounts/{accountId}/scan-exemptions',
    id: 'endScanExemption',
    ids: { accountId: 'login' },
  },
  about: 'have what an account submits scanned again',
  in: { login: arg(login, 'the account'), ...parties },
  out: exemption.omit({ until: true }),
  right: 'security',
  trail: ['scan.exemption-ended'],
  undo: 'scan exempt add, by two people',
  examples: ['huisarts', 'huisarts --edi-from 500123456:ZZ'],
  run: async ({ store }, { login: name, ...given }, { actor }) => {
    const { account } = await accountOf(store.registry, name);
    const of = partiesOf(given);
    const all = ediExemptions(account.settings);
    const has = of === undefined ? exemptUntil(account) !== undefined : all.some((one) => isSameParties(one, of));
    const { until: _, ...view } = viewOf(account, '', of);
    if (!has)
      throw new AdminError(
        'conflict',
        of === undefined && all.length > 0
          ? `Cannot end the exemption of "${account.login}": only interchanges of it are exempt; "${endText({ login: name, ediFrom: all[0]?.from })}" ends one, "sluis scan exempt list" shows them`
          : `Cannot end the exemption of "${account.login}": it has none${of === undefined ? '' : ' of these parties'}; "sluis scan exempt list" shows them`,
      );
    if (of === undefined) await store.registry.changeScanExemption(account.login, null, actor);
    else await store.registry.changeEdiExemption(account.login, of, null, actor);
    return view;
  },
  say: (ended) => `${whatText(ended)} is scanned.`,
});

/** The exemptions of an account that hold now. */
function exemptionsOf(account: Account, now: Instant): readonly Exemption[] {
  if (account.state === 'ended') return [];
  const until = isExempt(account, now) ? exemptionView(account) : undefined;
  const edi = ediExemptions(account.settings).filter((one) => one.until > now);
  return [
    ...(until === undefined ? [] : [viewOf(account, until)]),
    ...edi.map((one) => viewOf(account, iso(one.until), one)),
  ];
}

async function exempted({ store, clock }: AdminContext): Promise<Exemption[]> {
  const found: Exemption[] = [];
  for await (const { account } of accountsOf(store)) found.push(...exemptionsOf(account, clock.now()));
  return found;
}

const list = reads({
  api: { method: 'GET', path: '/scan-exemptions', id: 'listScanExemptions', ids: { accountId: 'login' } },
  about: 'accounts whose mail, or interchanges, pass unscanned',
  in: {},
  out: z.array(exemption),
  right: 'read',
  examples: [''],
  run: exempted,
  say: (all) =>
    all.length === 0
      ? 'No account is exempt from scanning.'
      : `${table(
          ['ACCOUNT', 'INTERCHANGES', 'UNTIL'],
          all.map(({ login: name, ediFrom, ediTo, until }) => [
            name,
            ediFrom === undefined ? 'all mail' : `${ediFrom} to ${ediTo ?? 'anybody'}`,
            until === 'no end' ? until : readableTime(until),
          ]),
        )}\n"sluis audit list --event scan.exempted" shows who decided it, and why.`,
});

export const scans = subject('scan', 'scanning for malware', {
  exempt: subject('exempt', 'accounts whose mail passes unscanned', { add, list, end }),
});
