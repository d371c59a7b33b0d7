/**
 * Makes the stored form of a given password. It is a file of its own, so that the code that hashes
 * is loaded only if there is a password.
 */
import { defined } from '../domain/defined.ts';
import { type Instant, iso } from '../domain/units.ts';
import { type PasswordOwner, passwordSecrets } from '../ca/enrol/password-secrets.ts';
import type { NewPassword } from '../store/registry.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';

export interface GivenPassword {
  readonly name: string;
  readonly password: string;
  readonly endsAt: Instant | undefined;
}

/**
 * The stored form. Throws AdminError if its end has passed, or if the account may not have this
 * password.
 */
export async function newPassword(
  { store: { registry }, clock, hashPassword: hash }: AdminContext,
  { name, password, endsAt }: GivenPassword,
  owner: PasswordOwner,
): Promise<NewPassword> {
  if (endsAt !== undefined && endsAt <= clock.now())
    throw new AdminError('invalid', `Cannot add password "${name}": its end, ${iso(endsAt)}, has passed`);
  const secrets = await passwordSecrets({ registry, hash }, password, owner);
  if (!secrets.ok) throw unfitPassword(secrets.error);
  return { name, ...secrets.value, ...defined({ endsAt }) };
}

/** Names of the organisation, which its accounts may not have as a password, and its settings. */
export async function ofOrganisation(
  { store }: AdminContext,
  name: string,
): Promise<{ readonly names: readonly string[]; readonly settings: PasswordOwner['settings'] }> {
  const organisation = await store.registry.findOrganisation(name);
  return { names: [name, organisation?.title ?? ''], settings: [organisation?.settings] };
}

export const unfitPassword = (why: string): AdminError => new AdminError('invalid', `Cannot use the password: ${why}`);
