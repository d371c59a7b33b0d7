/** Finds accounts by their logins. */
import { addressKey, parseAddress } from '../domain/address.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { AdminError } from './error.ts';

/**
 * Finds an account. Throws AdminError if there is none; if the name is an address of another
 * account, the error says which.
 */
export async function accountOf(registry: Registry, name: string): Promise<AccountSummary> {
  const found = await registry.findAccount(name);
  if (found !== undefined) return found;
  const address = parseAddress(name);
  const owner = address.ok ? await registry.findRecipient(addressKey(address.value)) : undefined;
  const hint =
    owner === undefined ? '"sluis account list" shows them' : `the address belongs to account "${owner.account.login}"`;
  throw new AdminError('unknown', `Cannot find account "${name}": none logs in with that name; ${hint}`);
}
