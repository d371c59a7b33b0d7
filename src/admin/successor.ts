/**
 * Checks whether an address can take over the mail of one that ends. Senders will be sent to it.
 * The store checks again in the transaction.
 */
import { type Address, addressKey } from '../domain/address.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Recipient } from '../store/registry.ts';
import { AdminError } from './error.ts';

/** Why an address cannot be a successor; undefined if it can. */
export function successorProblem(found: Recipient | undefined): string | undefined {
  if (found === undefined) return 'it was never registered';
  const { address, account } = found;
  if (address.state !== 'active' || account.state !== 'active') return 'it accepts no mail';
  if (address.endsAt !== undefined || account.endsAt !== undefined) return 'it ends itself';
  return undefined;
}

/**
 * Checks the successor before a plan is shown, so that the plan says what will be done. `goesWith`:
 * true if the successor ends together with the address that it succeeds. Throws AdminError.
 */
export async function checkSuccessor(
  registry: Pick<Registry, 'findRecipient'>,
  successor: Address | undefined,
  what: string,
  goesWith: (found: Recipient) => boolean,
): Promise<void> {
  if (successor === undefined) return;
  const found = await registry.findRecipient(addressKey(successor));
  const why = found !== undefined && goesWith(found) ? 'it ends with it' : successorProblem(found);
  if (why !== undefined)
    throw new AdminError(
      'invalid',
      `"${successor}" cannot succeed ${what}: ${why}; name an address that is active and of another account`,
    );
}
