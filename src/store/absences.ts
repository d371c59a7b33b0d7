/** The registry's part for absences and substitutes. Changes throw RegistryError and write their audit rows in the same transaction. */
import type { Absence } from '../domain/absence.ts';
import type { Address } from '../domain/address.ts';
import type { Instant } from '../domain/units.ts';
import type { Actor } from './registry.ts';

export interface AddressAbsence extends Absence {
  readonly address: Address;
}

export interface AbsenceQuery {
  /** At most this many, 1 to 1000; by address, then by time. */
  readonly limit: number;
  /** Continue behind this one. */
  readonly after?: Pick<AddressAbsence, 'address' | 'from'>;
  readonly address?: Address;
  /** Those that end after this moment. */
  readonly endsAfter: Instant;
}

export interface Consent {
  /** Who stands in. */
  readonly substitute: Address;
  /** For whom. */
  readonly address: Address;
  readonly givenAt: Instant;
}

export interface Absences {
  /**
   * All or none. Refused: an address or substitute that is not active, no consent, a substitute that is away itself or an absentee who
   * stands in for somebody in that time, the same mailbox, an overlap with another absence of the address. The error names the first.
   */
  addAbsences(absences: readonly AddressAbsence[], actor: Actor): Promise<void>;
  /** The one that begins at `from`: where it is under way it ends now, else it is taken back. */
  endAbsence(address: Address, from: Instant, actor: Actor): Promise<void>;
  /** Taking a consent back ends or takes back the absences that rest on it: the mail goes to its addressee again. Resolves to how many. */
  setConsent(substitute: Address, address: Address, given: boolean, actor: Actor): Promise<number>;

  listAbsences(query: AbsenceQuery): Promise<readonly AddressAbsence[]>;
  /** Consents that were given for an address, or by it. */
  listConsents(address: Address): Promise<readonly Consent[]>;
}
