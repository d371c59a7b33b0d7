/**
 * Remembers from which networks each account has logged in lately. There only failures of that
 * network slow the owner down, and the network goes first when the gateway is busy. Only successes
 * fill this memory, so no flood of failures can push anybody out. Only the latest few networks of
 * an account are kept: nobody with an account can push out the others, or make more networks known
 * than these.
 *
 * Pure but for its memory: the caller says what time it is, and writes down what must survive a
 * restart when `add` says so.
 */
import type { Milliseconds } from '../domain/units.ts';
import { days } from '../domain/units.ts';
import { NETWORKS_OF_ACCOUNT } from '../store/registry.ts';

/**
 * A success is written down again if the last written one is this old, so that a poll each minute
 * costs one write a day.
 */
export const WRITE_EVERY = days(1);

interface Known {
  /**
   * The last success; `written`: the last one that was to be written down. Monotonic; below 0 if it
   * was before the start.
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
   * Most pairs of account and network. Above it, the account whose last success is the oldest loses
   * a network.
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

  /** How many pairs of account and network are held. */
  get size(): number {
    return this.#pairs;
  }

  has(login: string, network: string, now: number): boolean {
    return this.#recent(this.#accounts.get(login)?.get(network)?.at, now);
  }

  /** True if somebody has logged in from there. */
  knows(network: string, now: number): boolean {
    return this.#recent(this.#networks.get(network)?.at, now);
  }

  /**
   * About how many accounts have logged in from there: one whose trust has ended counts until it is
   * pushed out.
   */
  accountsOf(network: string, now: number): number {
    return this.knows(network, now) ? (this.#networks.get(network)?.accounts ?? 0) : 0;
  }

  /** Notes that the account has logged in from there. True if that is to be written down. */
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
