/**
 * App passwords of an account, which it makes and ends itself: the operations of the command table,
 * with the rights that its own pages have (admin/own-account.ts).
 *
 * The caller must use the account's password or certificate. An app password cannot make, show or
 * end one: a person who has the password of one program must not get another that outlives it, or
 * stop the other programs.
 */
import type { Input } from '../../admin/input.ts';
import { type OperationName, type OperationResult, runOperation } from '../../admin/operations.ts';
import type { AppPasswordView } from '../../admin/views.ts';
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { APP_SCOPES } from '../../domain/registry.ts';
import { jsonBody } from '../core/body.ts';
import type { AccountCaller } from '../core/callers.ts';
import { appPasswordId } from '../core/fields.ts';
import { notFound, problem } from '../core/problem.ts';
import { type Asked, type Route, route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';

type Services = Pick<ApiServices, 'admin' | 'log'>;

const scope = z
  .enum(APP_SCOPES)
  .meta({ description: 'What the program may do: submit messages, fetch them, or both.' });

const appPassword = z
  .object({
    appPasswordId: z.string(),
    name: z.string(),
    scope,
    createdAt: z.iso.datetime(),
    endsAt: z.iso.datetime().optional().meta({ description: 'Absent: it has no end.' }),
    lastUsedAt: z.iso
      .datetime()
      .optional()
      .meta({ description: 'When it was last used, noted once an hour; absent: never.' }),
  })
  .meta({ id: 'AppPassword' });

const newAppPassword = appPassword
  .omit({ createdAt: true, lastUsedAt: true })
  .extend({ password: z.string().meta({ description: 'Shown only here: the gateway keeps its hash alone.' }) })
  .meta({ id: 'NewAppPassword' });

const viewOf = ({ id, name, scope: may, created, ends, lastUsed }: AppPasswordView): z.infer<typeof appPassword> => ({
  appPasswordId: id,
  name,
  scope: may,
  createdAt: created,
  ...defined({ endsAt: ends, lastUsedAt: lastUsed }),
});

type By = Asked<unknown, unknown, unknown, unknown, AccountCaller>;

/**
 * Runs an operation with the caller's login in the input: an account does this only for itself.
 * Throws Problem (403) and AdminError.
 */
async function operate<N extends OperationName>(
  name: N,
  input: Input,
  { caller, signal }: By,
  { admin, log }: Services,
): Promise<OperationResult<N>> {
  if (caller.by === 'app-password')
    throw problem(403, 'app-password', 'Not by an app password', `${APP}; use the password or the certificate`);
  const { login } = caller.account;
  const who = { role: 'read', proof: 'log-in', account: login } as const;
  const call = { actor: { name: login }, who, gone: signal, progress: () => undefined };
  return await runOperation(name, admin, { login, ...input }, call, log);
}

const APP = 'App passwords are made, shown and ended by the account itself';
const access = { kind: 'account', scope: 'any' } as const;
const tag = 'account';

export const ownAppPasswordRoutes: readonly Route[] = [
  route({
    ...({ id: 'listOwnAppPasswords', method: 'GET', path: '/app-passwords', tag, access } as const),
    summary: 'List your app passwords, with last use and end',
    description: 'Never the passwords themselves.',
    answers: {
      200: {
        about: 'All of them',
        json: z.object({ appPasswords: z.array(appPassword) }).meta({ id: 'AppPasswords' }),
      },
      403: APP,
    },
    run: async (asked, services: Services) => {
      const { passwords } = await operate('account.app-password.list', {}, asked, services);
      return { status: 200, json: { appPasswords: passwords.map(viewOf) } };
    },
  }),
  route({
    ...({ id: 'addOwnAppPassword', method: 'POST', path: '/app-passwords', tag, access } as const),
    idempotent: 'secret',
    summary: 'Make a password for one program of yours',
    description:
      'The answer shows it once. To renew one, make another under another name, give it to the program, and end the old one when its last use no longer changes.',
    body: jsonBody(
      z.strictObject({
        name: z.string().min(1).max(64).meta({ description: 'The program that uses it.' }),
        scope: scope.default('both'),
        endsAt: z.iso
          .datetime({ offset: true })
          .optional()
          .meta({ description: 'Without it the password has no end.' }),
      }),
    ),
    answers: {
      201: { about: 'The app password', json: newAppPassword },
      403: APP,
      409: 'One with that name exists, or you have as many as you may have',
      422: 'The name holds control characters, or the end has passed',
    },
    run: async (asked, services: Services) => {
      const { name, scope: may, endsAt } = asked.body;
      const input = { name, scope: may, ...defined({ ends: endsAt }) };
      const made = await operate('account.app-password.add', input, asked, services);
      const json = { appPasswordId: made.id, name: made.name, scope: made.scope, password: made.password };
      return { status: 201, json: { ...json, ...defined({ endsAt: made.ends }) } };
    },
  }),
  route({
    ...({ id: 'endOwnAppPassword', method: 'DELETE', path: '/app-passwords/{appPasswordId}', tag, access } as const),
    summary: 'End an app password of yours at once',
    description: 'With the sessions that it opened.',
    params: { appPasswordId },
    answers: {
      204: { about: 'No program can log in with it from now on' },
      403: APP,
      404: 'You have no such app password',
    },
    run: async (asked, services: Services) => {
      const { passwords } = await operate('account.app-password.list', {}, asked, services);
      const found = passwords.find(({ id }) => id === asked.params.appPasswordId);
      if (found === undefined) throw notFound();
      await operate('account.app-password.end', { name: found.name }, asked, services);
      return { status: 204 };
    },
  }),
];
