/** What submission asks of the part that tells owners that their mailboxes are nearly full. */
import type { AccountId } from '../domain/ids.ts';
import type { Octets } from '../domain/units.ts';

export interface Filling {
  readonly login: string;
  readonly used: Octets;
  readonly quota: Octets;
}

export interface Fullness {
  /**
   * A message is about to come for this mailbox. Costs nothing if its owner was told already, and
   * nothing waits for it.
   */
  note(account: AccountId, filling: Filling): void;
}
