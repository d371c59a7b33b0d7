/** What submission asks of whoever tells owners that their mailboxes are nearly full. */
import type { AccountId } from '../domain/ids.ts';
import type { Octets } from '../domain/units.ts';

export interface Filling {
  readonly login: string;
  readonly used: Octets;
  readonly quota: Octets;
}

export interface Fullness {
  /** A message is about to come for this mailbox. Costs nothing where its owner was told, and is not waited for. */
  note(account: AccountId, filling: Filling): void;
}
