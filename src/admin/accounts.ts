/** Operations on accounts and their passwords. */
import { addressKey, parseAddress } from '../domain/address.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { AdminError } from './context.ts';
import { login, optionalMoment, optionalSecret, optionalText } from './input.ts';
import { newPassword, ofOrganisation } from './new-password.ts';
import { change, listing } from './operation.ts';
import { type CodeView, type PasswordView, viewCodes, viewPasswords } from './views.ts';

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
  'account.password.add': change(
    (input) => ({
      login: login(input, 'login'),
      name: optionalText(input, 'password-name', 64) ?? 'first',
      password: optionalSecret(input, 'password'),
      endsAt: optionalMoment(input, 'ends'),
    }),
    async (context, { password: text, ...input }, { actor }): Promise<{ login: string; name: string }> => {
      if (text === undefined) throw new AdminError('invalid', 'Cannot add a password: none was given');
      const { registry } = context.store;
      const { account, organisation } = await accountOf(registry, input.login);
      const { names, settings } = await ofOrganisation(context, organisation);
      const owner = { login: account.login, names, settings: [account.settings, ...settings] };
      const password = await newPassword(context, { ...input, password: text }, owner);
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
