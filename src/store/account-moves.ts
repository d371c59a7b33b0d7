/**
 * The part of the store port for accounts that go to another organisation.
 *
 * A new account takes the login, the addresses that are open, with what hangs on them, and what
 * logs in; the old one stays where it was under another login, with the mail of before, what can be
 * handed out again, and its trail. That is one transaction: from its commit on, mail for the
 * addresses and logins reach the new account, also those of a transaction whose RCPT came before.
 * What was filed since `since` follows in bounded steps, which a crash does not lose; until they
 * are done, whoever opens one of the two mailboxes waits.
 */
import type { Address } from '../domain/address.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import type { DelegationReference, NamingReference, SubstituteReference } from './organisation-references.ts';
import type { Actor } from './actor.ts';

export interface AccountMove {
  readonly login: string;
  /** Name of the organisation that it goes to. */
  readonly organisation: string;
  /**
   * Mail that was received from then on goes along. Not ahead, and at most `MAX_MOVE_BACK` back.
   */
  readonly since: Instant;
  /** Until then the old account can be given a password again, to collect what stays. */
  readonly endsAt: Instant;
}

/** What an account takes along and leaves, apart from its mail. */
export interface AccountReferences {
  readonly from: string;
  readonly addresses: readonly Address[];
  readonly passwords: number;
  /** Certificates for login and mail, and OpenPGP keys, that go along. */
  readonly certificates: number;
  readonly pgpKeys: number;
  /** Certificates that name the old organisation: revoked. */
  readonly naming: readonly NamingReference[];
  /** Taken back, since they would cross the border of the new organisation. */
  readonly delegations: readonly DelegationReference[];
  readonly substitutes: readonly SubstituteReference[];
  /** Codes for new certificates that were not used yet: void. */
  readonly codes: number;
  /**
   * EDI identities of this account alone, which stay registered for the old organisation: as
   * `formatIdentity` writes them.
   */
  readonly identities: readonly string[];
  /** Exemptions from scanning that end: two people decided them of the account as it was. */
  readonly exemptions: number;
}

export interface MailboxShare {
  readonly messages: number;
  readonly octets: number;
}

export interface AccountMoved extends AccountReferences {
  readonly account: AccountId;
  /** The account where the old organisation finds the past. */
  readonly former: { readonly account: AccountId; readonly login: string };
  readonly moved: MailboxShare & { readonly held: number };
  readonly left: MailboxShare;
}

export interface AccountMoves {
  /** What would be. Throws RegistryError as `move` would. */
  plan(move: AccountMove): Promise<AccountReferences & { readonly moved: MailboxShare; readonly left: MailboxShare }>;
  /**
   * Ends the session that has the maildrop, which can delete nothing more. `progress` is told of
   * messages. Throws RegistryError.
   */
  move(move: AccountMove, actor: Actor, progress?: (done: number) => void): Promise<AccountMoved>;
}
