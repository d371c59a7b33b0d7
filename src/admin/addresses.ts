/** Finds the holder of an address. */
import { type Address, addressKey } from '../domain/address.ts';
import type { Recipient } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { AdminError } from './error.ts';

export async function recipientOf(registry: Registry, of: Address): Promise<Recipient> {
  const found = await registry.findRecipient(addressKey(of));
  if (found === undefined)
    throw new AdminError(
      'unknown',
      `Cannot find address "${of}": it was never registered; "sluis address list" shows them`,
    );
  return found;
}
