/**
 * The registry's part for absences and substitutes. Changes throw RegistryError and write their
 * audit rows in the same transaction.
 */
import type { Absence } from '../domain/absence.ts';
import type { Address } from '../domain/address.ts';
import type { Instant } from '../domain/units.ts';

export interface AddressAbsence extends Absence {
  readonly address: Address;
}

export interface AbsenceQuery {
  /** At most this many, 1 to 1000; by address, then by time. */
  readonly limit: number;
  /** Continue behind this one. */
  readonly after?: Pick<AddressAbsence, 'address' | 'from'>;
  readonly address?: Address;
  /** Only absences that end after this moment. */
  readonly endsAfter: Instant;
}

export interface Consent {
  /** The substitute who agreed. */
  readonly substitute: Address;
  /** The address that the substitute agreed for. */
  readonly address: Address;
  readonly givenAt: Instant;
}
