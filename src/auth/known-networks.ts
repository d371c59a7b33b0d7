/**
 * Which networks each account has logged in from of late: there its owner sees only his own
 * failures, and the network goes first when the gateway is busy. Successes alone fill it, so no
 * flood of failures can push anybody out; and of one account the latest few networks are kept, so
 * whoever has an account cannot push out the others, nor make more networks known than these.
 *
 * Pure but for its memory: the caller says what time it is. What is to survive a restart is written
 * by the caller, when `add` says so.
 */
import type { Milliseconds } from '../domain/units.ts';
import { days } from '../domain/units.ts';
import { NETWORKS_OF_ACCOUNT } from '../store/registry.ts';

/**
 * A success is written down again when the last one that was is this old: a poll each minute is one
 * write a day.
 */
export const WRITE_EVERY = days(1);

interface Known {
  /**
   * Last success, and last one that was to be written down. Monotonic; before 0 where it was before
   * the start.
   */
  at: number;
  written: number;
}

interface Network {
  at: number;
  accounts: number;
}

export interface KnownNetworksLimits {
  /** How long a network stays known to an account after its last success. */
  readonly trustFor: Milliseconds;
  /**
   * Accounts and networks together, over all accounts; whose last success is the oldest goes first.
   */
  readonly pairs: number;
}

export class KnownNetworks {
  readonly #limits: KnownNetworksLimits;
  /** Networks by account, both in the order of their last success. */
  readonly #accounts = new Map<string, Map<string, Known>>();
  readonly #networks = new Map<string, Network>();
  #pairs = 0;

  constructor(limits: KnownNetworksLimits) {
    this.#limits = limits;
  }

  /** Accounts and networks together. */
  get size(): number {
    return this.#pairs;
  }

  has(login: string, network: string, now: number): boolean {
    return this.#recent(this.#accounts.get(login)?.get(network)?.at, now);
  }

  /** Somebody has logged in from there. */
  knows(network: string, now: number): boolean {
    return this.#recent(this.#networks.get(network)?.at, now);
  }

  /** How many accounts have, about: one whose trust has ended counts until it makes room. */
  accountsOf(network: string, now: number): number {
    return this.knows(network, now) ? (this.#networks.get(network)?.accounts ?? 0) : 0;
  }

  /** The account has logged in from there. True when that is to be written down. */
  add(login: string, network: string, now: number): boolean {
    const known = this.#accounts.get(login)?.get(network);
    const due = known === undefined || now - known.written >= WRITE_EVERY;
    this.#set(login, network, { at: now, written: due ? now : known.written });
    return due;
  }

  /** Takes over a network that an earlier start wrote down. `at`: as in `add`. */
  restore(login: string, network: string, at: number): void {
    const known = this.#accounts.get(login)?.get(network);
    if (known === undefined || known.at < at) this.#set(login, network, { at, written: at });
  }

  #set(login: string, network: string, known: Known): void {
    const networks = this.#accounts.get(login) ?? new Map<string, Known>();
    this.#accounts.delete(login);
    this.#accounts.set(login, networks);
    const isNew = !networks.delete(network);
    networks.set(network, known);
    const { at, accounts } = this.#networks.get(network) ?? { at: known.at, accounts: 0 };
    this.#networks.set(network, { at: Math.max(at, known.at), accounts: accounts + (isNew ? 1 : 0) });
    if (!isNew) return;
    this.#pairs += 1;
    if (networks.size > NETWORKS_OF_ACCOUNT) this.#forgetOldest(login, networks);
    while (this.#pairs > this.#limits.pairs) {
      const [first] = this.#accounts;
      if (first === undefined) return;
      this.#forgetOldest(...first);
    }
  }

  #forgetOldest(login: string, networks: Map<string, Known>): void {
    const [oldest] = [...networks].reduce((a, b) => (b[1].at < a[1].at ? b : a));
    networks.delete(oldest);
    this.#pairs -= 1;
    if (networks.size === 0) this.#accounts.delete(login);
    const { at, accounts } = this.#networks.get(oldest) ?? { at: 0, accounts: 0 };
    if (accounts <= 1) this.#networks.delete(oldest);
    else this.#networks.set(oldest, { at, accounts: accounts - 1 });
  }

  #recent(at: number | undefined, now: number): boolean {
    return at !== undefined && now - at < this.#limits.trustFor;
  }
}
