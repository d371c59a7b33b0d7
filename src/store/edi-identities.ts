/**
 * The registry's part for EDI identities. Changes throw RegistryError and write their audit rows in
 * the same transaction.
 */
import type { EdiIdentity } from '../domain/edi-identity.ts';

/** Most identities of one organisation, those of its accounts included. */
export const MAX_IDENTITIES = 1000;

export interface RegisteredIdentity extends EdiIdentity {
  readonly organisation: string;
  /** Login name, where it is one account's alone. */
  readonly login?: string;
}

export interface IdentityQuery {
  /** At most this many, 1 to 1000; by id, then by qualifier. */
  readonly limit: number;
  /** Continue behind this one. */
  readonly after?: EdiIdentity;
  readonly organisation?: string;
  /** Only this id, with any qualifier. */
  readonly id?: string;
}
