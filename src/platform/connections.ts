/**
 * How many connections may be open at once: in all, from one network, for one account.
 *
 * The limit in all keeps memory bounded and holds for everybody. The two others keep one peer from taking everybody's places; networks
 * that the operator exempted (a hosting provider with hundreds of practices behind one address) are not counted there. Only open
 * connections are remembered, so the maps never outgrow the limit in all.
 */
import type { AccountId } from '../domain/ids.ts';
import { Counts } from '../domain/counts.ts';
import type { Milliseconds } from '../domain/units.ts';
import { type NetworkSet, networkOf } from './network.ts';

export interface ConnectionLimitOptions {
  /** Open connections in all. */
  readonly total: number;
  /** Open connections from one network (an IPv4 address, an IPv6 /64). */
  readonly perNetwork: number;
  /** Open connections that are logged in to one account. */
  readonly perAccount: number;
  /** Not held to `perNetwork` and `perAccount`. */
  readonly exempt: NetworkSet;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly connection: AdmittedConnection }
  /** `total`: the gateway is full. `network`: this network has its share. Both temporary for the peer. */
  | { readonly kind: 'refused'; readonly why: 'total' | 'network' };

/** What there is to know of an open connection. */
export interface SessionFacts {
  /** As the log has it. */
  readonly id: string;
  readonly protocol: 'smtp' | 'pop3';
  readonly listener: string;
  readonly address: string;
  /** Since it was opened, a second old at most. */
  readonly age: Milliseconds;
  /** Absent before the log-in. */
  readonly account?: { readonly id: AccountId; readonly login: string };
  /** `login`: nobody yet. `idle`: between messages or commands. `transaction`: MAIL was taken. `content`: a message comes in. `filing`: it is whole. `busy`: a command runs. */
  readonly state: 'login' | 'idle' | 'transaction' | 'content' | 'filing' | 'busy' | 'closing';
  /** For example `TLSv1.3`; absent outside TLS. */
  readonly tls?: string;
  readonly cipher?: string;
  /** What the client calls itself (EHLO). */
  readonly client?: string;
  /** On the line, TLS and all. */
  readonly octets: { readonly read: number; readonly written: number };
}

/** A session, as far as an operator may look at it and end it. */
export interface OpenSession {
  /** Asked when somebody looks: nothing is kept twice. */
  facts(): SessionFacts;
  /** Whose it is; absent before the log-in. Costs nothing, where facts take some microseconds. */
  readonly account?: { readonly login: string } | undefined;
  /** Ends it by an operator's wish. A message that is whole by then still gets its reply; everything else ends at once. */
  kill(): void;
}

/** One open connection's place. Its owner calls `release` when the connection has closed. */
export interface AdmittedConnection {
  readonly network: string;
  /** The session that has begun on it. */
  attach(session: OpenSession): void;
  /** Counts the connection for an account, once it is logged in. False when the account has its share; nothing is counted then. */
  login(account: AccountId): boolean;
  /** Frees the place. A second call does nothing. */
  release(): void;
}

export class ConnectionLimits {
  #options: ConnectionLimitOptions;
  readonly #networks = new Map<string, number>();
  readonly #accounts = new Map<AccountId, number>();
  /** Connections that were turned away. */
  readonly refused = new Counts(['why']);
  readonly #sessions = new Set<OpenSession>();
  #open = 0;

  constructor(options: ConnectionLimitOptions) {
    this.#options = options;
  }

  /** Other limits from now on. Who has a place keeps it, also beyond a lower limit. */
  change(options: ConnectionLimitOptions): void {
    this.#options = options;
  }

  /** Connections open now. */
  get open(): number {
    return this.#open;
  }

  /** Those that are open now; one whose TLS handshake is under way may not stand here yet. */
  get sessions(): readonly OpenSession[] {
    return [...this.#sessions];
  }

  /** `released` is called once, when the place is free again. */
  admit(address: string, released: () => void = () => undefined): Admission {
    const { total, perNetwork, exempt } = this.#options;
    if (this.#open >= total) return this.#refuse('total');
    const network = networkOf(address);
    const counted = !exempt.has(address);
    if (counted && !take(this.#networks, network, perNetwork)) return this.#refuse('network');
    this.#open += 1;
    return { kind: 'admitted', connection: new Place(this, network, counted, released) };
  }

  #refuse(why: 'total' | 'network'): Admission {
    this.refused.add([why]);
    return { kind: 'refused', why };
  }

  /** Called by a place only. */
  loginOf(account: AccountId): boolean {
    return take(this.#accounts, account, this.#options.perAccount);
  }

  /** Called by a place only. */
  attachOf(session: OpenSession): void {
    this.#sessions.add(session);
  }

  /** Called by a place only. */
  releaseOf(network: string | undefined, account: AccountId | undefined, session: OpenSession | undefined): void {
    this.#open -= 1;
    if (session !== undefined) this.#sessions.delete(session);
    if (network !== undefined) give(this.#networks, network);
    if (account !== undefined) give(this.#accounts, account);
  }
}

class Place implements AdmittedConnection {
  readonly network: string;
  readonly #limits: ConnectionLimits;
  readonly #counted: boolean;
  readonly #onRelease: () => void;
  #account: AccountId | undefined;
  #session: OpenSession | undefined;
  #released = false;

  constructor(limits: ConnectionLimits, network: string, counted: boolean, onRelease: () => void) {
    this.#onRelease = onRelease;
    this.#limits = limits;
    this.network = network;
    this.#counted = counted;
  }

  attach(session: OpenSession): void {
    if (this.#released) return;
    this.#session = session;
    this.#limits.attachOf(session);
  }

  login(account: AccountId): boolean {
    if (this.#released) return false;
    if (!this.#counted || this.#account === account) return true;
    if (this.#account !== undefined) throw new Error('a connection logs in to one account only');
    if (!this.#limits.loginOf(account)) {
      this.#limits.refused.add(['account']);
      return false;
    }
    this.#account = account;
    return true;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#limits.releaseOf(this.#counted ? this.network : undefined, this.#account, this.#session);
    this.#onRelease();
  }
}

function take<K>(counts: Map<K, number>, key: K, limit: number): boolean {
  const held = counts.get(key) ?? 0;
  if (held >= limit) return false;
  counts.set(key, held + 1);
  return true;
}

function give<K>(counts: Map<K, number>, key: K): void {
  const held = counts.get(key) ?? 0;
  if (held <= 1) counts.delete(key);
  else counts.set(key, held - 1);
}
