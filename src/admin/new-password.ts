/**
 * A password as it is stored, made of one that was given. Apart from the rest of accounts: what
 * hashes is loaded where a password comes.
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

/** As it is stored. Throws AdminError for one that has ended, or that the account may not have. */
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

/** Words of an organisation that a password of its accounts may not be, and its settings. */
export async function ofOrganisation(
  { store }: AdminContext,
  name: string,
): Promise<{ readonly names: readonly string[]; readonly settings: PasswordOwner['settings'] }> {
  const organisation = await store.registry.findOrganisation(name);
  return { names: [name, organisation?.title ?? ''], settings: [organisation?.settings] };
}

export const unfitPassword = (why: string): AdminError => new AdminError('invalid', `Cannot use the password: ${why}`);
