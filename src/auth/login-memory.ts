/**
 * Remembers which credentials were right, so that polling costs no hash.
 *
 * What is kept is an HMAC-SHA-256 of login, password, network and the version of the login record,
 * under a key that this process made and never writes. The network is in it because the memory
 * answers before the throttle: without it a stranger could try passwords as fast as his line
 * allows, for an hour after each login of the owner.
 *
 * A change of anything that a hash decides changes the version, so that an old entry is not found
 * again. A change of what every login checks anyway, such as the account's state and its settings,
 * does not: a quota set for 20,000 accounts would cost both cores minutes of hashes.
 *
 * `forget` frees the entries of the accounts that a change names. A change that touches 'many'
 * frees nothing: it would cost every practice a hash in the next minute (5,000 of them: half a
 * minute of both cores) to find out that nothing has changed for it.
 *
 * Only successes are kept, for an hour after the last use. The password itself is not kept.
 */
import { createHmac } from 'node:crypto';
import type { AccountId } from '../domain/ids.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import { BoundedMap } from './bounded-map.ts';

export interface Remembered {
  readonly account: AccountId;
  /** Name of the password. */
  readonly name: string;
  readonly endsAt?: Instant;
  /** When the use of the password was last noted; monotonic. */
  notedAt: Milliseconds;
}

interface Entry {
  readonly remembered: Remembered;
  until: number;
}

export class LoginMemory {
  readonly #key: Uint8Array;
  readonly #keep: Milliseconds;
  readonly #entries: BoundedMap<string, Entry>;
  readonly #ofAccount = new Map<AccountId, Set<string>>();

  /**
   * `key`: 32 octets of this process alone. `keep`: how long after the last use. `limit`: entries.
   */
  constructor(key: Uint8Array, keep: Milliseconds, limit: number) {
    this.#key = key;
    this.#keep = keep;
    this.#entries = new BoundedMap(limit, (digest, { remembered }) => this.#unlink(digest, remembered.account));
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * The digest under which a success is kept. Only the password may have a NUL, so no two
   * quadruples share a text.
   */
  digest(login: string, password: string, network: string, version: number | string): string {
    return createHmac('sha256', this.#key).update(`${login}\0${network}\0${version}\0${password}`).digest('base64');
  }

  /**
   * The success that was remembered, if it still counts. `now` is monotonic and starts the hour
   * again; `at` is the wall clock, for the password's end.
   */
  find(digest: string, account: AccountId, now: Milliseconds, at: Instant): Remembered | undefined {
    const entry = this.#entries.get(digest);
    // The account is compared too: a later one with the same login name begins with the same
    // versions.
    if (entry?.remembered.account !== account) return undefined;
    const { remembered } = entry;
    if (now >= entry.until || (remembered.endsAt !== undefined && at >= remembered.endsAt)) {
      this.#entries.delete(digest);
      this.#unlink(digest, account);
      return undefined;
    }
    entry.until = now + this.#keep;
    this.#entries.set(digest, entry);
    return remembered;
  }

  remember(digest: string, remembered: Remembered, now: Milliseconds): void {
    this.#entries.set(digest, { remembered, until: now + this.#keep });
    const digests = this.#ofAccount.get(remembered.account);
    if (digests === undefined) this.#ofAccount.set(remembered.account, new Set([digest]));
    else digests.add(digest);
  }

  forget(accounts: readonly AccountId[] | 'many'): void {
    if (accounts === 'many') return;
    for (const account of accounts) {
      for (const digest of this.#ofAccount.get(account) ?? []) this.#entries.delete(digest);
      this.#ofAccount.delete(account);
    }
  }

  #unlink(digest: string, account: AccountId): void {
    const digests = this.#ofAccount.get(account);
    digests?.delete(digest);
    if (digests?.size === 0) this.#ofAccount.delete(account);
  }
}
