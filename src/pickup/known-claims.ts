/**
 * Claims that are open or ended a while ago, so that a late request hears what became of its claim.
 * Bounded for each account and in all.
 */
import type { AccountId } from '../domain/ids.ts';
import type { Claim } from './claim.ts';

/**
 * Claims remembered of one account, and of all: beyond that the oldest ended ones are forgotten.
 */
export const REMEMBERED = 200;
export const REMEMBERED_IN_ALL = 20_000;

export interface KnownClaim<V> {
  readonly claim: Claim;
  readonly visitor: V;
  /** Key of the request that made the claim. */
  readonly key: string;
}

export class KnownClaims<V> {
  /** Claims by account; the account that made one last stands last. */
  readonly #of = new Map<AccountId, Map<string, KnownClaim<V>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(account: AccountId, id: string): KnownClaim<V> | undefined {
    return this.#of.get(account)?.get(id);
  }

  byKey(account: AccountId, key: string): KnownClaim<V> | undefined {
    for (const known of this.#of.get(account)?.values() ?? []) if (known.key === key) return known;
    return undefined;
  }

  add(account: AccountId, known: KnownClaim<V>): void {
    const its = this.#of.get(account) ?? new Map<string, KnownClaim<V>>();
    this.#of.delete(account);
    this.#of.set(account, its);
    its.set(known.claim.id, known);
    this.#size += 1;
    if (its.size > REMEMBERED) this.#forget(account, its, 1);
    for (const [oldest, claims] of this.#of) {
      if (this.#size <= REMEMBERED_IN_ALL) break;
      this.#forget(oldest, claims, this.#size - REMEMBERED_IN_ALL);
    }
  }

  /** Forgets claims that have ended, the oldest first. */
  #forget(account: AccountId, claims: Map<string, KnownClaim<V>>, most: number): void {
    let left = most;
    for (const [id, { claim }] of claims) {
      if (left === 0) break;
      if (claim.state === 'open') continue;
      claims.delete(id);
      this.#size -= 1;
      left -= 1;
    }
    if (claims.size === 0) this.#of.delete(account);
  }
}
