/**
 * `sluis account password`: passwords with names, so that each workplace can have its own and lose
 * only that one.
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { AdminError } from '../admin/error.ts';
import { codeView, passwordView, viewCodes, viewPasswords } from '../admin/views.ts';
import { codeTable, passwordTable } from '../cli/password.ts';
import { login } from './core/kinds.ts';
import { naming, text } from './core/kind.ts';
import { ends } from './core/moments.ts';
import { arg, need, opt } from './core/params.ts';
import { changes, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { password } from './core/secret.ts';

const passwordName = naming('other', text('name', 64));
const named = z.object({ login: z.string(), name: z.string() });

export const passwords = subject('password', 'the passwords of an account', {
  add: changes({
    api: {
      method: 'POST',
      path: '/accounts/{accountId}/passwords',
      creates: true,
      ids: { accountId: 'login', passwordId: 'name' },
    },
    about: 'add a password; the others stay valid',
    in: {
      login: arg(login, 'the account'),
      name: need(passwordName, 'what it is called, such as the workplace that uses it'),
      ends: opt(ends, 'when it ends, such as 2027-12-31'),
      password,
    },
    out: named,
    // Whoever hands the password out knows it, so the helpdesk does not have this right. It can
    // send a code, which only the owner uses, and only once.
    right: 'registry',
    trail: ['registry.password-added'],
    undo: 'account password remove',
    examples: ['huisarts --name balie --ends 365d --generate --out balie.txt'],
    run: async (context, { login: whose, name, ends: endsAt, password: given }, { actor }) => {
      const { registry } = context.store;
      const { account, organisation } = await accountOf(registry, whose);
      // The code that hashes is loaded only if there is a password.
      const { newPassword, ofOrganisation } = await import('../admin/new-password.ts');
      const { names, settings } = await ofOrganisation(context, organisation);
      const owner = { login: account.login, names, settings: [account.settings, ...settings] };
      const added = await newPassword(context, { name, password: given, endsAt }, owner);
      await registry.addPassword(whose, added, actor);
      return { login: whose, name };
    },
    say: (done) => `Added password ${done.name} of account ${done.login}.`,
  }),

  list: reads({
    api: {
      method: 'GET',
      path: '/accounts/{accountId}/passwords',
      id: 'listAccountPasswords',
      ids: { 'passwords.passwordId': 'name' },
    },
    about: 'list names, ends and last use',
    in: { login: arg(login, 'the account') },
    out: z.object({ passwords: z.array(passwordView), codes: z.array(codeView) }),
    right: 'read',
    examples: ['huisarts'],
    run: async ({ store }, { login: whose }) => {
      const found = await accountOf(store.registry, whose);
      return { passwords: viewPasswords(found.passwords), codes: viewCodes(found.codes) };
    },
    json: { out: z.array(passwordView), of: (found) => found.passwords },
    say: ({ passwords: all, codes }) => {
      const open = codes.filter((code) => code.for === 'password');
      return [passwordTable(all), ...(open.length === 0 ? [] : ['', codeTable(open)])].join('\n');
    },
  }),

  remove: changes({
    api: { method: 'DELETE', path: '/accounts/{accountId}/passwords/{passwordId}', ids: { accountId: 'login' } },
    about: 'end a password at once',
    was: ['revoke'],
    in: { login: arg(login, 'the account'), name: need(passwordName, 'which one') },
    out: named,
    right: 'support',
    trail: ['registry.password-revoked'],
    undo: 'account reset, or account password add: with another password',
    examples: ['huisarts --name balie'],
    run: async ({ store: { registry } }, { login: whose, name }, { actor }) => {
      const { passwords: its } = await accountOf(registry, whose);
      if (!its.some((one) => one.name === name))
        throw new AdminError(
          'unknown',
          `Cannot remove password "${name}" of account "${whose}": it has none of that name; it has: ${its.map((one) => one.name).join(', ') || 'none'}`,
        );
      await registry.revokePassword(whose, name, actor);
      return { login: whose, name };
    },
    say: (done) => `Removed password ${done.name} of account ${done.login}.`,
  }),
});
