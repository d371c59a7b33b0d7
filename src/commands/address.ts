/**
 * `sluis address`: where mail may go, and who may send as it. Nobody ever gets an address that has
 * ended.
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { recipientOf } from '../admin/addresses.ts';
import { AdminError } from '../admin/error.ts';
import { shownSettings } from '../admin/settings.ts';
import { checkSuccessor } from '../admin/successor.ts';
import { viewAddress } from '../admin/views.ts';
import { backText, sendersText, stateText } from '../cli/ending-text.ts';
import { facts } from '../cli/output.ts';
import { addressKey } from '../domain/address.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { State } from '../domain/registry.ts';
import { iso } from '../domain/units.ts';
import type { Recipient } from '../store/registry.ts';
import { absences } from './address/absence.ts';
import { consents } from './address/consent.ts';
import { move } from './address/move.ts';
import { ends, endsAt } from './core/ending.ts';
import { address, login } from './core/kinds.ts';
import { arg, flag, opt } from './core/params.ts';
import { changes, inApi, lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { ownSettings, settingViews } from './core/views.ts';
import { settable, settingsPart } from './settings.ts';

const view = z.object({
  address: z.string(),
  account: z.string(),
  state: z.string(),
  ends: z.string().optional().meta({
    description: 'From then on it has ended; one that is `ending` accepts no mail already, and is resumed until then.',
  }),
  successor: z.string().optional().meta({ description: 'Address that senders are told to use instead.' }),
});
const stateView = z.object({ address: z.string(), state: z.string() });
const delegationView = z.object({ address: z.string(), account: z.string(), allowed: z.boolean() });
const endView = z.object({
  ...stateView.shape,
  closes: z.string().optional().meta({ description: 'Until then it can be resumed; absent: it has ended for good.' }),
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  account: z.string(),
  successor: z.string().optional(),
  left: z
    .number()
    .meta({ description: 'Addresses that still lead to the account; with 0 it accepts no mail, and sends none.' }),
});

/** What the end of an address did, or would do. */
export type AddressEnd = z.infer<typeof endView>;

const one = { address: arg(address, 'the address') };

const stateChange = (state: State, about: string, say: (result: z.infer<typeof stateView>) => string) =>
  changes({
    about,
    in: one,
    out: stateView,
    right: 'registry',
    trail: ['registry.address-state'],
    undo: state === 'active' ? 'address suspend' : 'address resume',
    examples: ['lab@huisarts.example'],
    run: async ({ store }, { address: of }, { actor }) => {
      const { address: before } = await recipientOf(store.registry, of);
      await store.registry.setAddressState(of, state, actor);
      if (before.finalAt === undefined) return { address: of, state };
      // If it was suspended and also ending, it still ends: this call only undid the suspension.
      return { address: of, state: viewAddress((await recipientOf(store.registry, of)).address, '').state };
    },
    say,
  });

export const addresses = subject('address', 'registered addresses', {
  add: changes({
    api: {
      method: 'POST',
      path: '/accounts/{accountId}/addresses',
      creates: true,
      ids: { addressId: 'address', accountId: 'account' },
    },
    about: 'register an address that leads to an account',
    in: { login: arg(login, 'the account'), address: arg(address, 'such as name@example.nl') },
    out: z.object({ address: z.string(), account: z.string() }),
    right: 'registry',
    trail: ['registry.address-added'],
    undo: 'address end',
    examples: ['huisarts spoed@huisarts.example'],
    run: async ({ store }, input, { actor }) => {
      await accountOf(store.registry, input.login);
      await store.registry.addAddress(input.login, input.address, actor);
      return { address: input.address, account: input.login };
    },
    say: (added) => `Registered address ${added.address}; its mail goes to account ${added.account}.`,
  }),

  list: lists({
    api: {
      method: 'GET',
      path: '/accounts/{accountId}/addresses',
      id: 'listAddresses',
      ids: { addressId: 'address', accountId: 'account' },
    },
    about: 'list addresses',
    in: { account: opt(login, 'of this account only') },
    out: view.extend({ settings: ownSettings }),
    right: 'read',
    examples: ['', '--account huisarts'],
    run: async ({ store: { registry } }, { account, ...page }) => {
      if (account !== undefined) await accountOf(registry, account);
      const found = await registry.listAddresses(defined({ ...page, login: account }));
      return found.map((a) => viewAddress(a, a.login));
    },
    header: ['ADDRESS', 'ACCOUNT', 'STATE'],
    cells: (a) => [a.address, a.account, stateText(a.state, a.ends)],
    after: (a) => a.address,
  }),

  show: reads({
    api: [
      {
        method: 'GET',
        path: '/accounts/{accountId}/addresses/{addressId}',
        ids: { addressId: 'address', accountId: 'account' },
      },
      {
        method: 'POST',
        path: '/address-searches',
        id: 'searchAddress',
        about: 'find an address, with its id and that of its account',
        without: ['all'],
        ids: { addressId: 'address', accountId: 'account' },
      },
    ],
    about: 'show one address and its settings',
    in: { ...one, all: flag('show every setting, also those that are default') },
    out: view.extend(settingViews),
    right: 'read',
    examples: ['lab@huisarts.example', 'lab@huisarts.example --all'],
    run: async (context, { address: of, all }) => {
      const found = await recipientOf(context.store.registry, of);
      return {
        ...viewAddress(found.address, found.account.login),
        ...(await shownSettings(context, { scope: 'address', address: of }, all)),
      };
    },
    say: (a, { all }) =>
      [
        facts([
          ['Address', a.address],
          ['Account', a.account],
          ['State', stateText(a.state, a.ends)],
          ['Successor', a.successor],
        ]),
        settingsPart(a, all),
      ].join('\n'),
  }),

  set: inApi(settable('address', 'lab@huisarts.example'), {
    method: 'PATCH',
    about: 'change settings of an address',
    path: '/accounts/{accountId}/addresses/{addressId}',
    without: ['upload', 'dryRun'],
  }),

  suspend: inApi(
    stateChange('suspended', 'refuse its mail, until it is resumed', (a) => `Address ${a.address} is suspended.`),
    { method: 'POST', path: '/accounts/{accountId}/addresses/{addressId}/suspensions', ids: { addressId: 'address' } },
  ),
  resume: inApi(
    stateChange('active', 'take back a suspension, or an end that is not final', (a) =>
      a.state === 'active'
        ? `Address ${a.address} is active.`
        : `Address ${a.address} is resumed, and accepts no mail yet: it is ending still ("sluis address resume ${a.address}" once more), or its account or organisation is.`,
    ),
    { method: 'POST', path: '/accounts/{accountId}/addresses/{addressId}/resumptions', ids: { addressId: 'address' } },
  ),

  end: ends({
    api: { method: 'POST', path: '/accounts/{accountId}/addresses/{addressId}/endings', ids: { addressId: 'address' } },
    about: 'end an address: it is never given to anybody else; "resume" takes it back for 30 days',
    in: one,
    out: endView,
    right: 'registry',
    trail: ['registry.address-state'],
    undo: 'address resume, until the time of grace is over',
    examples: ['lab@huisarts.example --dry-run', 'lab@huisarts.example --yes --reason "the laboratory has closed"'],
    confirm: { name: ({ address: of }) => of, what: ({ address: of }) => `end address ${of}` },
    run: async (context, { address: of, successor, dryRun, ...when }, { actor }) => {
      const { registry } = context.store;
      const { address: before, account } = await recipientOf(registry, of);
      const isOver = before.state === 'ended' && before.finalAt === undefined;
      const at = isOver ? undefined : endsAt(context, { ...when, successor, dryRun });
      const isIt = ({ address: { address: its } }: Recipient): boolean => addressKey(its) === addressKey(of);
      await checkSuccessor(registry, successor, `address "${of}"`, isIt);
      if (dryRun && isOver && successor === undefined)
        throw new AdminError('ended', `The address "${of}" has ended, which cannot be undone; add another address`);
      if (!dryRun) await registry.endAddress(of, defined({ endsAt: at, successor }), actor);
      const left = (await accountOf(registry, account.login)).addresses.filter(
        (a) => a.state !== 'ended' && addressKey(a.address) !== addressKey(of),
      );
      return {
        address: of,
        state: dryRun ? viewAddress(before, '').state : at === undefined ? 'ended' : 'ending',
        ...defined({ closes: iso(at) }),
        applied: !dryRun,
        account: account.login,
        ...defined({ successor }),
        left: left.length,
      };
    },
    say: ({ address: of, applied, closes, successor, account, left }) =>
      [
        `Address ${of} of account ${account} ${applied ? (closes === undefined ? 'has ended' : 'is ending') : 'would end'}:`,
        `- ${sendersText('it', successor)}`,
        left === 0
          ? `- no address leads to account ${account} then: it accepts no mail, and sends none`
          : `- ${many(left, 'other address')} ${agree(left, 'leads', 'lead')} to account ${account} as before`,
        backText(closes, `address resume ${of}`),
      ].join('\n'),
  }),

  delegate: changes({
    api: [
      {
        method: 'PUT',
        path: '/accounts/{accountId}/addresses/{addressId}/delegates/{delegateId}',
        fills: { accountId: '' },
        without: ['takeBack'],
      },
      {
        method: 'DELETE',
        path: '/accounts/{accountId}/addresses/{addressId}/delegates/{delegateId}',
        id: 'removeAddressDelegate',
        fills: { accountId: '' },
        fixed: { takeBack: true },
      },
    ],
    about: 'let another account send as an address',
    in: { ...one, login: arg(login, 'the account that may send as it'), takeBack: flag('end the delegation') },
    out: delegationView,
    right: 'registry',
    trail: ['registry.delegation'],
    undo: 'the same with or without --take-back',
    examples: ['lab@huisarts.example assistent', 'lab@huisarts.example assistent --take-back'],
    run: async ({ store }, input, { actor }) => {
      await recipientOf(store.registry, input.address);
      await accountOf(store.registry, input.login);
      await store.registry.setDelegation(input.address, input.login, !input.takeBack, actor);
      return { address: input.address, account: input.login, allowed: !input.takeBack };
    },
    say: (done) =>
      done.allowed
        ? `Account ${done.account} may send as ${done.address}.`
        : `Account ${done.account} may no longer send as ${done.address}.`,
  }),

  move,

  absence: absences,
  consent: consents,
});
