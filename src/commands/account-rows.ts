/** `sluis account add` and `sluis account list`. */
import { z } from '../config/zod.ts';
import { organisationOf } from '../admin/organisation-of.ts';
import { accountView, viewAccount } from '../admin/views.ts';
import { stateText } from '../cli/ending-text.ts';
import { readableSize } from '../cli/output.ts';
import { parseAddress } from '../domain/address.ts';
import { many as counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { dayOf, isoDay } from '../domain/working-days.ts';
import type { AdminContext } from '../admin/context.ts';
import { address, login, organisation } from './core/kinds.ts';
import { choice, naming, text } from './core/kind.ts';
import { days, ends } from './core/moments.ts';
import { arg, flag, many, need, opt } from './core/params.ts';
import { changes, lists } from './core/row.ts';
import { maybePassword } from './core/secret.ts';
import { ACCOUNT_IDS } from './account-show.ts';

export const add = changes({
  api: {
    method: 'POST',
    path: '/accounts',
    names: { address: 'addresses' },
    creates: true,
    ids: { accountId: 'login' },
  },
  about: 'register an account; a login name that is an address is registered as its first address',
  in: {
    login: arg(login, 'what it logs in with'),
    organisation: need(organisation, 'whose account it is'),
    kind: opt(choice('kind', ['edi', 'mail']), 'edi: a system collects the mail; mail: people read it', 'mail'),
    address: many(address, 'an address that leads to it; may be given several times'),
    passwordName: opt(naming('other', text('name', 64)), 'name of the password', 'first'),
    ends: opt(ends, 'when the password ends, such as 2027-12-31'),
    password: maybePassword('add the account without a password'),
  },
  out: z.object({ login: z.string(), addresses: z.array(z.string()) }),
  right: 'registry',
  trail: ['registry.account-added'],
  undo: 'account end',
  examples: ['nieuw@huisarts.example --organisation praktijk-jansen --generate --out nieuw.txt'],
  run: async (context, { passwordName, ends: endsAt, password, address: named, ...account }, { actor }) => {
    const own = parseAddress(account.login);
    const addresses = named.length === 0 && own.ok ? [own.value] : [...named];
    let made = {};
    if (password !== undefined) {
      // The code that hashes is loaded only if there is a password.
      const { newPassword, ofOrganisation } = await import('../admin/new-password.ts');
      const owner = { login: account.login, ...(await ofOrganisation(context, account.organisation)) };
      made = { password: await newPassword(context, { name: passwordName, password, endsAt }, owner) };
    }
    await context.store.registry.addAccount({ ...account, addresses, ...made }, actor);
    return { login: account.login, addresses };
  },
  say: ({ login: name, addresses }, { organisation: whose }) =>
    `Registered account ${name} of ${whose}. ${
      addresses.length === 0
        ? 'It has no address yet: add one with "sluis address add".'
        : `Its addresses: ${addresses.join(', ')}.`
    }`,
});

const idleView = z.object({
  login: z.string(),
  organisation: z.string(),
  kind: z.string(),
  state: z.string(),
  since: z.iso.date().meta({ description: 'The last day on which it did something, or that of its registration.' }),
  never: z.boolean(),
  lastLogin: z.iso.date().optional(),
  messages: z.number().meta({ description: 'That wait in its mailbox.' }),
});
const listed = z.union([accountView, idleView]);
const IDLE = ['LOGIN', 'ORGANISATION', 'KIND', 'STATE', 'WAITING', 'IDLE SINCE'];

export const list = lists({
  api: {
    method: 'GET',
    path: '/accounts',
    id: 'listAccounts',
    ids: ACCOUNT_IDS,
  },
  about: 'list accounts',
  in: {
    organisation: opt(organisation, 'of this organisation only'),
    idle: opt(days(36_500), 'that neither logged in nor sent for so long, such as 30d'),
    waiting: flag('with --idle: those alone for which mail waits'),
  },
  out: listed,
  right: 'read',
  check: ({ idle, waiting }) =>
    waiting && idle === undefined ? 'Cannot list by waiting mail alone: expected --idle DAYS with it' : undefined,
  examples: ['', '--organisation praktijk-jansen', '--idle 30d', '--idle 7d --waiting'],
  run: async ({ store, clock }, { organisation: of, idle, waiting, ...page }): Promise<z.infer<typeof listed>[]> => {
    if (of !== undefined) await organisationOf(store.registry, of);
    const query = { limit: page.limit, ...defined({ after: page.after, organisation: of }) };
    if (idle !== undefined) return await idleOf(store, { ...query, waiting, day: dayOf(clock.now()) - idle });
    return (await store.registry.listAccounts(query)).map((found) => viewAccount(found, clock.now()));
  },
  header: ['LOGIN', 'ORGANISATION', 'KIND', 'STATE', 'MESSAGES', 'USED', 'ADDRESSES'],
  other: ({ idle }) =>
    idle === undefined ? undefined : { header: IDLE, none: `No account was idle for ${counted(idle, 'day')}.` },
  cells: (a) =>
    'since' in a
      ? [
          ...[a.login, a.organisation, a.kind, a.state, a.messages],
          a.never ? `never used, registered ${a.since}` : a.since,
        ]
      : [
          ...[a.login, a.organisation, a.kind, stateText(a.state, a.ends), a.messages, readableSize(a.used)],
          a.addresses.map((x) => x.address).join(' '),
        ],
  after: (a) => a.login,
});

/**
 * Reads one whole page, or the last. Of each batch of accounts the store answers only the idle
 * ones, so it is asked until the page is full.
 */
async function idleOf(
  { usage }: AdminContext['store'],
  query: Parameters<AdminContext['store']['usage']['idle']>[0],
): Promise<z.infer<typeof idleView>[]> {
  const found: z.infer<typeof idleView>[] = [];
  for (let after = query.after; ;) {
    const { rows, next } = await usage.idle({ ...query, limit: query.limit - found.length, ...defined({ after }) });
    for (const { since, lastLogin, ...account } of rows)
      found.push({ ...account, since: isoDay(since), ...defined({ lastLogin: isoDay(lastLogin) }) });
    if (next === undefined || found.length === query.limit) return found;
    after = next;
  }
}
