/**
 * Maildrops that claims hold open: the claims of an account share one lease, which stays as long as
 * one of them is open or somebody works under it.
 *
 * To POP3 and to other gateways a lease is a session of a network whose name no other process has,
 * so that a claim never takes over the maildrop of a process that lives.
 */
import type { RandomBytes } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Claim } from './claim.ts';
import { Lease, type LeaseStore } from './lease.ts';
import type { Receipts } from './receipts.ts';

export interface OpenMaildrop {
  /** Undefined once it is over. */
  lease: Lease | undefined;
  readonly claims: Set<Claim>;
  /** Operations under way that need the lease to stay. */
  busy: number;
}

export interface LeaseParts {
  readonly store: LeaseStore;
  readonly receipts: Receipts | undefined;
  readonly random: RandomBytes;
}

export class OpenMaildrops {
  readonly #p: LeaseParts;
  readonly #network: string;
  readonly #open = new Map<AccountId, Promise<OpenMaildrop | 'in-use'>>();
  #claims = 0;
  #leases = 0;

  constructor(parts: LeaseParts) {
    this.#p = parts;
    this.#network = `api ${Buffer.from(parts.random(9)).toString('base64url')}`;
  }

  /** Open claims of all accounts. */
  get claims(): number {
    return this.#claims;
  }

  get all(): readonly Promise<OpenMaildrop | 'in-use'>[] {
    return [...this.#open.values()];
  }

  /** Undefined: nobody has it open here. */
  async at(account: AccountId): Promise<OpenMaildrop | undefined> {
    const open = await this.#open.get(account);
    return open === 'in-use' ? undefined : open;
  }

  /** The maildrop of the account, opened where it is not; it stays until `leave`. */
  async enter(account: AccountId): Promise<OpenMaildrop | 'in-use'> {
    for (;;) {
      const opening = this.#open.get(account) ?? this.#begin(account);
      const open = await opening;
      if (open === 'in-use') return open;
      if (open.lease === undefined) continue;
      if (open.lease.lost) this.lose(account, open);
      else {
        open.busy += 1;
        open.lease.progress();
        return open;
      }
    }
  }

  /** Work under it has ended. The last one closes it, where no claim is open. */
  async leave(account: AccountId, open: OpenMaildrop): Promise<void> {
    open.busy -= 1;
    const { lease } = open;
    if (open.busy > 0 || open.claims.size > 0 || lease === undefined) return;
    open.lease = undefined;
    this.#open.delete(account);
    await lease.release();
  }

  /** The maildrop was lost to another session: what was claimed is no longer claimed. */
  lose(account: AccountId, open: OpenMaildrop): void {
    for (const claim of [...open.claims]) this.forget(open, claim, 'lapsed');
    open.lease = undefined;
    this.#open.delete(account);
  }

  add(open: OpenMaildrop, claim: Claim): void {
    open.claims.add(claim);
    this.#claims += 1;
  }

  forget(open: OpenMaildrop, claim: Claim, state: 'acknowledged' | 'released' | 'lapsed'): void {
    claim.end(state);
    if (open.claims.delete(claim)) this.#claims -= 1;
  }

  #begin(account: AccountId): Promise<OpenMaildrop | 'in-use'> {
    const opening = this.#begun(account).then(
      (open) => {
        if (open === 'in-use') this.#open.delete(account);
        return open;
      },
      (error: unknown) => {
        this.#open.delete(account);
        throw error;
      },
    );
    this.#open.set(account, opening);
    return opening;
  }

  async #begun(account: AccountId): Promise<OpenMaildrop | 'in-use'> {
    const { store, receipts } = this.#p;
    this.#leases += 1;
    const holder = { session: `api-${this.#leases}`, network: this.#network };
    const lock = await store.lockMaildrop(account, holder);
    if (lock === 'in-use') return lock;
    return { lease: new Lease(store, lock, receipts), claims: new Set(), busy: 0 };
  }
}
