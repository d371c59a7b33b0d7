/**
 * `sluis account app-password`: passwords that the gateway makes for programs. Each has its own
 * rights and its own end.
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { AdminError } from '../admin/error.ts';
import { appPasswordView, viewAppPasswords } from '../admin/views.ts';
import { appPasswordTable } from '../cli/password.ts';
import { readableTime } from '../cli/output.ts';
import { makeAppPassword } from '../crypto/passwords/app-password.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { defined } from '../domain/defined.ts';
import { APP_SCOPES } from '../domain/registry.ts';
import { iso } from '../domain/units.ts';
import { login } from './core/kinds.ts';
import { choice, naming, text } from './core/kind.ts';
import { ends } from './core/moments.ts';
import { arg, need, opt } from './core/params.ts';
import { changes, reads } from './core/row.ts';
import { subject } from './core/subject.ts';

const appName = naming('other', text('name', 64));
const scope = choice('scope', APP_SCOPES);

export const appPasswords = subject(
  'app-password',
  'passwords of programs of an account, for the HTTPS API and for mail',
  {
    add: changes({
      api: {
        method: 'POST',
        path: '/accounts/{accountId}/app-passwords',
        creates: true,
        secret: true,
        ids: { accountId: 'login', appPasswordId: 'id' },
      },
      about: 'make a password for one program; it is shown once',
      in: {
        login: arg(login, 'the account'),
        name: need(appName, 'the program that uses it, such as the name of the system'),
        scope: opt(scope, 'what the program may do: submit messages, fetch them, or both', 'both'),
        ends: opt(ends, 'when it ends, such as 365d'),
      },
      out: z.object({
        password: z.string().meta({ description: 'Shown here alone: only its hash is kept.' }),
        id: z.string(),
        login: z.string(),
        name: z.string(),
        scope: z.enum(APP_SCOPES),
        ends: z.string().optional(),
      }),
      // Whoever hands the password out knows it, as with any password.
      right: 'registry',
      trail: ['registry.app-password-added'],
      undo: 'account app-password end',
      examples: ['huisarts --name dossier', 'huisarts --name archive --scope fetch --ends 365d'],
      run: async ({ store: { registry } }, { login: whose, name, scope: may, ends: endsAt }, { actor }) => {
        const { account } = await accountOf(registry, whose);
        const { token, id, hash } = makeAppPassword();
        await registry.addAppPassword(account.login, { id, name, hash, scope: may, ...defined({ endsAt }) }, actor);
        const shown = { id: grouped(id), login: account.login, name, scope: may, ...defined({ ends: iso(endsAt) }) };
        return { password: token, ...shown };
      },
      say: (made) =>
        `${made.password}\nApp password ${made.id} "${made.name}" of account ${made.login}, ${MAY[made.scope]}${made.ends === undefined ? '' : `, ends ${readableTime(made.ends)}`}. It is not shown again: put it where only the program reads it.`,
    }),

    list: reads({
      api: {
        method: 'GET',
        path: '/accounts/{accountId}/app-passwords',
        id: 'listAccountAppPasswords',
        ids: { 'passwords.appPasswordId': 'id' },
      },
      about: 'list app passwords with last use; never the password itself',
      in: { login: arg(login, 'the account') },
      out: z.object({ passwords: z.array(appPasswordView) }),
      right: 'read',
      examples: ['huisarts'],
      run: async ({ store }, { login: whose }) => ({
        passwords: viewAppPasswords((await accountOf(store.registry, whose)).appPasswords),
      }),
      json: { out: z.array(appPasswordView), of: (found) => found.passwords },
      say: ({ passwords }) => appPasswordTable(passwords),
    }),

    end: changes({
      api: {
        method: 'DELETE',
        path: '/accounts/{accountId}/app-passwords/{appPasswordId}',
        ids: { accountId: 'login' },
      },
      about: 'end an app password at once, with the sessions that it opened',
      in: { login: arg(login, 'the account'), name: need(appName, 'which one') },
      out: z.object({ login: z.string(), name: z.string() }),
      right: 'support',
      trail: ['registry.app-password-ended'],
      undo: 'account app-password add makes another',
      examples: ['huisarts --name dossier'],
      run: async ({ store: { registry } }, { login: whose, name }, { actor }) => {
        const { appPasswords: its } = await accountOf(registry, whose);
        if (!its.some((one) => one.name === name))
          throw new AdminError(
            'unknown',
            `Cannot end app password "${name}" of account "${whose}": it has none of that name; it has: ${its.map((one) => one.name).join(', ') || 'none'}`,
          );
        await registry.endAppPassword(whose, name, actor);
        return { login: whose, name };
      },
      say: (done) =>
        `Ended app password ${done.name} of account ${done.login}: no program can log in with it from now on.`,
    }),
  },
);

const MAY = { send: 'may send', fetch: 'may fetch', both: 'may send and fetch' };
