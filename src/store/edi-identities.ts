/** The registry's part for EDI identities. Changes throw RegistryError and write their audit rows in the same transaction. */
import type { EdiIdentity } from '../domain/edi-identity.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Actor } from './registry.ts';

/** Most identities of one organisation, those of its accounts included. */
export const MAX_IDENTITIES = 1000;

export interface RegisteredIdentity extends EdiIdentity {
  readonly organisation: string;
  /** Log-in name, where it is one account's alone. */
  readonly login?: string;
}

export interface IdentityQuery {
  /** At most this many, 1 to 1000; by id, then by qualifier. */
  readonly limit: number;
  /** Continue behind this one. */
  readonly after?: EdiIdentity;
  readonly organisation?: string;
  /** With any qualifier. */
  readonly id?: string;
}

export interface EdiIdentities {
  /**
   * All or none; what is registered there already stays. Refused: an identity that another organisation or account has, also where one of
   * the two has no qualifier. The error names the first.
   */
  addIdentities(identities: readonly RegisteredIdentity[], actor: Actor): Promise<void>;
  removeIdentity(identity: EdiIdentity, actor: Actor): Promise<void>;
  listIdentities(query: IdentityQuery): Promise<readonly RegisteredIdentity[]>;

  /**
   * On the road, cached: what the account may be called, as `ID` or `ID:QUALIFIER`: its own identities and those of its whole organisation.
   */
  identitiesOf(account: AccountId): Promise<readonly string[]>;
}
