/** The registry's part for partners. Changes throw RegistryError and write their audit row in the same transaction. */
import type { PartnerId } from '../domain/ids.ts';
import type { Partner, PartnerServer, PartnerState } from '../domain/partner.ts';
import type { Octets } from '../domain/units.ts';
import type { Actor, Page } from './registry.ts';

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
  /** All of it; what it leaves out falls back to its default. */
  readonly server: PartnerServer;
  /** Absent: stays; null: removed. */
  readonly sealed?: Uint8Array | null;
}

export interface Partners {
  /** Its account of kind `partner` and itself, in one transaction. */
  addPartner(partner: NewPartner, actor: Actor): Promise<PartnerId>;
  changePartner(name: string, change: PartnerChange, actor: Actor): Promise<void>;
  /** `ended` ends its account and addresses with it, and cannot be undone. */
  setPartnerState(name: string, state: PartnerState, actor: Actor): Promise<void>;
  /**
   * `domain`: folded. A domain leads to one partner. `add` is refused where addresses of other organisations are registered in it, since
   * what is mistyped for one of them would reach the partner; `add-shared` takes that.
   */
  setPartnerDomain(name: string, domain: string, change: 'add' | 'add-shared' | 'remove', actor: Actor): Promise<void>;

  /** Current to the last commit, not cached. */
  findPartner(id: PartnerId): Promise<Partner | undefined>;
  findPartnerNamed(name: string): Promise<Partner | undefined>;
  listPartners(page: Page): Promise<readonly Partner[]>;
}
