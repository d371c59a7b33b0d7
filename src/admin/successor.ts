/** Whether an address can take over the mail of one that ends: senders are sent there. The store judges again in the transaction. */
import type { Recipient } from '../store/registry.ts';

/** Why it cannot; undefined where it can. */
export function successorProblem(found: Recipient | undefined): string | undefined {
  if (found === undefined) return 'it was never registered';
  const { address, account } = found;
  if (address.state !== 'active' || account.state !== 'active') return 'it takes no mail';
  if (address.endsAt !== undefined || account.endsAt !== undefined) return 'it ends itself';
  return undefined;
}
