/**
 * The registry's part for partners. Changes throw RegistryError and write their audit row in the
 * same transaction.
 */
import type { PartnerId } from '../domain/ids.ts';
import type { PartnerServer, PartnerState } from '../domain/partner.ts';
import type { Octets } from '../domain/units.ts';

/** A recipient whose mail is pushed: what RCPT needs to know of the partner. */
export interface RecipientPartner {
  readonly id: PartnerId;
  readonly name: string;
  readonly state: PartnerState;
  readonly maxMessage?: Octets;
}

export interface NewPartner {
  readonly name: string;
  readonly organisation: string;
  /** Login of the account that is made with it. */
  readonly login: string;
  readonly server: PartnerServer;
  readonly sealed?: Uint8Array;
}

export interface PartnerChange {
  /** The whole server; absent fields fall back to their defaults. */
  readonly server: PartnerServer;
  /** Absent: unchanged; null: removed. */
  readonly sealed?: Uint8Array | null;
}
