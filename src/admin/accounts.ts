/** Operations on accounts and their passwords. */
import { addressKey, parseAddress } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type PasswordOwner, passwordSecrets } from '../enrol/password-secrets.ts';
import type { AccountSummary, NewAccount, NewPassword } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { type AdminContext, AdminError } from './context.ts';
import {
  type Input,
  addresses,
  login,
  oneOf,
  optionalMoment,
  optionalSecret,
  optionalText,
  organisationName,
  page,
} from './input.ts';
import { change, listing } from './operation.ts';
import { type AccountView, type CodeView, type PasswordView, viewAccount, viewCodes, viewPasswords } from './views.ts';

interface PasswordInput {
  readonly name: string;
  readonly password: string | undefined;
  readonly endsAt?: number;
}

const passwordInput = (input: Input): PasswordInput => {
  const ends = optionalMoment(input, 'ends');
  return {
    name: optionalText(input, 'password-name', 64) ?? 'first',
    password: optionalSecret(input, 'password'),
    ...defined({ endsAt: ends }),
  };
};

async function newPassword(
  context: AdminContext,
  input: PasswordInput,
  ends: NewPassword['endsAt'],
  owner: PasswordOwner,
): Promise<NewPassword> {
  if (input.password === undefined) throw new AdminError('invalid', 'Cannot add a password: none was given');
  if (ends !== undefined && ends <= context.clock.now())
    throw new AdminError(
      'invalid',
      `Cannot add password "${input.name}": its end, ${new Date(ends).toISOString()}, has passed`,
    );
  const { registry } = context.store;
  const secrets = await passwordSecrets({ registry, hash: context.hashPassword }, input.password, owner);
  if (!secrets.ok) throw unfitPassword(secrets.error);
  return { name: input.name, ...secrets.value, ...defined({ endsAt: ends }) };
}

async function ofOrganisation(
  { store }: AdminContext,
  name: string,
): Promise<{ readonly names: readonly string[]; readonly settings: PasswordOwner['settings'] }> {
  const organisation = await store.registry.findOrganisation(name);
  return { names: [name, organisation?.title ?? ''], settings: [organisation?.settings] };
}

export const unfitPassword = (why: string): AdminError => new AdminError('invalid', `Cannot use the password: ${why}`);

/** Finds an account; for an address of another account's, the error says whose it is. */
export async function accountOf(registry: Registry, name: string): Promise<AccountSummary> {
  const found = await registry.findAccount(name);
  if (found !== undefined) return found;
  const address = parseAddress(name);
  const owner = address.ok ? await registry.findRecipient(addressKey(address.value)) : undefined;
  const hint =
    owner === undefined ? '"sluis account list" shows them' : `the address belongs to account "${owner.account.login}"`;
  throw new AdminError('unknown', `Cannot find account "${name}": none logs in with that name; ${hint}`);
}

export const accountOperations = {
  'account.add': change(
    (input) => ({
      login: login(input, 'login'),
      organisation: organisationName(input, 'organisation'),
      kind: oneOf(input, 'kind', ['edi', 'mail'], 'mail'),
      addresses: addresses(input, 'addresses'),
      password: passwordInput(input),
      ends: optionalMoment(input, 'ends'),
    }),
    async (context, { password, ends, ...account }, { actor }): Promise<{ login: string }> => {
      const added: NewAccount =
        password.password === undefined
          ? account
          : {
              ...account,
              password: await newPassword(context, password, ends, {
                login: account.login,
                ...(await ofOrganisation(context, account.organisation)),
              }),
            };
      await context.store.registry.addAccount(added, actor);
      return { login: account.login };
    },
  ),
  'account.list': listing(
    (input) => {
      const organisation = optionalText(input, 'organisation');
      return organisation === undefined ? page(input) : { ...page(input), organisation };
    },
    async ({ store, clock }, at): Promise<AccountView[]> =>
      (await store.registry.listAccounts(at)).map((found) => viewAccount(found, clock.now())),
  ),
  'account.show': listing(
    (input) => login(input, 'login'),
    async ({ store, clock }, name): Promise<AccountView> => {
      // Log-ins are written a moment after they happen, and who asks for the head of the trail waits for them.
      await store.audit.head();
      return viewAccount(await accountOf(store.registry, name), clock.now());
    },
  ),
  'account.password.add': change(
    (input) => ({ login: login(input, 'login'), ...passwordInput(input), ends: optionalMoment(input, 'ends') }),
    async (context, input, { actor }): Promise<{ login: string; name: string }> => {
      const { registry } = context.store;
      const { account, organisation } = await accountOf(registry, input.login);
      const { names, settings } = await ofOrganisation(context, organisation);
      const owner = { login: account.login, names, settings: [account.settings, ...settings] };
      const password = await newPassword(context, input, input.ends, owner);
      await registry.addPassword(input.login, password, actor);
      return { login: input.login, name: input.name };
    },
  ),
  'account.password.list': listing(
    (input) => login(input, 'login'),
    async ({ store }, name): Promise<PasswordView[]> =>
      viewPasswords((await accountOf(store.registry, name)).passwords),
  ),
  'account.code.list': listing(
    (input) => login(input, 'login'),
    async ({ store }, name): Promise<CodeView[]> => viewCodes((await accountOf(store.registry, name)).codes),
  ),
  'account.password.revoke': change(
    (input) => ({ login: login(input, 'login'), name: optionalText(input, 'password-name', 64) ?? 'first' }),
    async ({ store }, input, { actor }): Promise<{ login: string; name: string }> => {
      const { passwords } = await accountOf(store.registry, input.login);
      if (!passwords.some((p) => p.name === input.name))
        throw new AdminError(
          'unknown',
          `Cannot revoke password "${input.name}" of account "${input.login}": it has none of that name; it has: ${passwords.map((p) => p.name).join(', ') || 'none'}`,
        );
      await store.registry.revokePassword(input.login, input.name, actor);
      return { login: input.login, name: input.name };
    },
  ),
};
