/**
 * The registry's part for organisations of which one becomes part of another. Changes throw
 * RegistryError and write their audit rows in the same transaction. Each may be asked for again:
 * what was done is passed over.
 */
import type { Address } from '../domain/address.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import type { SettingChanges } from './registry.ts';

/**
 * Accounts that go over in one transaction, each with some rows of the trail: tens of milliseconds
 * of the writer's time.
 */
export const MERGED_AT_ONCE = 100;

/** What becomes of one address that leads to an account which goes over. */
export interface AddressMerge {
  readonly address: Address;
  /** Login name of the account whose mailbox takes its mail from now on. */
  readonly mailbox?: string;
  /** From then on the address has ended, and senders are told the successor. */
  readonly endsAt?: Instant;
  /** Registered for the same account where nobody has it. */
  readonly successor?: Address;
}

export interface AccountMerge {
  readonly login: string;
  /** Settings that counted for it and that it is to keep. */
  readonly settings: SettingChanges;
  /** All its addresses that have not ended. */
  readonly addresses: readonly AddressMerge[];
}

/** An account that was another organisation's before. */
export interface FormerAccount {
  readonly account: AccountId;
  readonly login: string;
  /** The organisation that the account went to. */
  readonly organisation: string;
  /**
   * The trail of the account is the former organisation's behind `fromSeq`, up to and with
   * `untilSeq`.
   */
  readonly fromSeq: number;
  readonly untilSeq: number;
  readonly until: Instant;
}

export interface FormerOrganisation {
  readonly organisation: string;
  readonly untilSeq: number;
}
