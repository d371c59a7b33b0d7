/**
 * How many connections may be open at once: in all, without a login, from one network or range, for
 * one account.
 *
 * A peer opens a connection at no cost, so a place does not belong to the peer that came first. A
 * connection without a login may lose its place to another one. Strangers come from networks where
 * nobody has logged in before. They have `beforeLogin` places together, and the oldest of them
 * gives way to the next. A connection from a known network is not counted there. If all places are
 * taken, it takes the place of the oldest stranger, or else of the oldest other connection without
 * a login. A connection that is logged in keeps its place.
 *
 * The limit in all keeps memory bounded and holds for everybody. Those per network, range and
 * account keep one peer from taking everybody's places; networks that the operator exempted (a
 * hosting provider with hundreds of practices behind one address) are not counted there. Only open
 * connections are remembered, so nothing here outgrows the limit in all.
 */
import type { AccountId } from '../domain/ids.ts';
import { Counts } from '../domain/counts.ts';
import type { Milliseconds } from '../domain/units.ts';
import { type NetworkSet, networkOf, rangeOf } from './network.ts';

export interface ConnectionLimitOptions {
  /** Open connections in all. */
  readonly total: number;
  /**
   * Open connections of strangers: nobody is logged in on them, and nobody has logged in from their
   * network before.
   */
  readonly beforeLogin: number;
  /** Most of these from one range (an IPv4 /24, an IPv6 /48). */
  readonly perRange: number;
  /** Open connections from one network (an IPv4 address, an IPv6 /64). */
  readonly perNetwork: number;
  /** Open connections that are logged in to one account. */
  readonly perAccount: number;
  /** Networks to which `perNetwork`, `perRange`, `beforeLogin` and `perAccount` do not apply. */
  readonly exempt: NetworkSet;
  /** From connect until TLS is up, and from there to the first command. */
  readonly startTime: Milliseconds;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly connection: AdmittedConnection }
  /**
   * `total`: all places are taken, by connections that do not give way. `network`, `range`: that
   * has its share. To the peer all of them are temporary.
   */
  | { readonly kind: 'refused'; readonly why: Turned };

/** Why a connection got no place. */
export type Turned = 'total' | 'network' | 'range';

/** What a place needs of the session of its connection. */
export interface SlotOwner {
  /**
   * Called when the place goes to another: it ends the connection at once, by its session if one
   * has begun.
   */
  displaced(session: OpenSession | undefined): void;
  /** The place is free again. Called once. */
  released?(): void;
}

/** What an operator can see of an open connection. */
export interface SessionFacts {
  /** Id of the session, as in the log. */
  readonly id: string;
  readonly protocol: 'smtp' | 'pop3' | 'https' | 'ldap';
  readonly listener: string;
  readonly address: string;
  /** Time since it was opened; the figure is at most a second old. */
  readonly age: Milliseconds;
  /** Absent before the login. */
  readonly account?: { readonly id: AccountId; readonly login: string };
  /**
   * `login`: nobody has logged in yet. `idle`: between messages or commands. `transaction`: MAIL
   * was accepted. `content`: a message comes in. `filing`: the message is whole and is being
   * stored. `busy`: a command runs.
   */
  readonly state: 'login' | 'idle' | 'transaction' | 'content' | 'filing' | 'busy' | 'closing';
  /** For example `TLSv1.3`; absent outside TLS. */
  readonly tls?: string;
  readonly cipher?: string;
  /** What the client calls itself (EHLO). */
  readonly client?: string;
  /** Octets on the line, those of TLS included. */
  readonly octets: { readonly read: number; readonly written: number };
}

/** A session that an operator may look at and end. */
export interface OpenSession {
  /** The facts at this moment; read when an operator looks, so that nothing is kept twice. */
  facts(): SessionFacts;
  /** The account; absent before the login. It costs nothing; `facts` takes some microseconds. */
  readonly account?: { readonly login: string } | undefined;
  /**
   * Ends the session because an operator wants it. A message that is whole by then still gets its
   * reply; everything else ends at once.
   */
  kill(): void;
  /**
   * Ends the session at once, with a short reply if one can be sent, and without a line in the log.
   * Nobody is logged in on it, and its place goes to another.
   */
  displace(): void;
}

/** The place of one open connection. Its owner calls `release` when the connection has closed. */
export interface AdmittedConnection {
  readonly network: string;
  /** Tells which session has begun on the connection. */
  attach(session: OpenSession): void;
  /**
   * Counts the connection for an account, once it is logged in. False if the account has its share;
   * then nothing is counted.
   */
  login(account: AccountId): boolean;
  /**
   * Called when a person without an account is known, such as an operator: the connection no longer
   * counts as a stranger's.
   */
  known(): void;
  /** Frees the place. A second call does nothing. */
  release(): void;
}

export class ConnectionLimits {
  #options: ConnectionLimitOptions;
  readonly #knows: (network: string) => boolean;
  readonly #networks = new Map<string, number>();
  readonly #ranges = new Map<string, number>();
  readonly #accounts = new Map<AccountId, number>();
  /** Connections without a login, the oldest first. */
  readonly #strangers = new Set<ConnectionSlot>();
  readonly #expected = new Set<ConnectionSlot>();
  /** Connections that were turned away, or lost their place to another (`displaced`). */
  readonly refused = new Counts(['why']);
  readonly #sessions = new Set<OpenSession>();
  #open = 0;

  /** `knows`: true if somebody has logged in from that network before. */
  constructor(options: ConnectionLimitOptions, knows: (network: string) => boolean = () => false) {
    this.#options = options;
    this.#knows = knows;
  }

  /**
   * Sets other limits from now on. A connection that has a place keeps it, even above a lower
   * limit.
   */
  change(options: ConnectionLimitOptions): void {
    this.#options = options;
  }

  /** From connect until TLS is up, and from there to the first command. */
  get startTime(): Milliseconds {
    return this.#options.startTime;
  }

  /** Connections open now. */
  get open(): number {
    return this.#open;
  }

  /** How many of these belong to strangers. */
  get strangers(): number {
    return this.#strangers.size;
  }

  /** The sessions that are open now; one that is still in its TLS handshake may be missing. */
  get sessions(): readonly OpenSession[] {
    return [...this.#sessions];
  }

  admit(address: string, owner: SlotOwner): Admission {
    const { total, beforeLogin, perNetwork, perRange, exempt } = this.#options;
    const network = networkOf(address);
    const counted = !exempt.has(address);
    const stranger = counted && !this.#knows(network);
    const range = stranger ? rangeOf(address) : undefined;
    if (counted && (this.#networks.get(network) ?? 0) >= perNetwork) return this.#refuse('network');
    if (range !== undefined && (this.#ranges.get(range) ?? 0) >= perRange) return this.#refuse('range');
    if (this.#open >= total && !this.#makeRoom(!stranger)) return this.#refuse('total');
    if (stranger && this.#strangers.size >= beforeLogin) this.#makeRoom(false);
    this.#open += 1;
    if (counted) raise(this.#networks, network);
    if (range !== undefined) raise(this.#ranges, range);
    const place = new ConnectionSlot(this, { network, range, counted, owner });
    (stranger ? this.#strangers : this.#expected).add(place);
    return { kind: 'admitted', connection: place };
  }

  /**
   * Takes the place of the oldest stranger; for a known network, if there is no stranger, that of
   * the oldest other connection without a login. False if there is none.
   */
  #makeRoom(forKnown: boolean): boolean {
    const [oldest] = this.#strangers.size > 0 || !forKnown ? this.#strangers : this.#expected;
    if (oldest === undefined) return false;
    this.refused.add(['displaced']);
    oldest.displace();
    return true;
  }

  #refuse(why: Turned): Admission {
    this.refused.add([why]);
    return { kind: 'refused', why };
  }

  /** Called by a place only. */
  loginOf(account: AccountId): boolean {
    const held = this.#accounts.get(account) ?? 0;
    if (held >= this.#options.perAccount) return false;
    this.#accounts.set(account, held + 1);
    return true;
  }

  /** Called by a place only: when it is logged in, or when it is released. */
  finishedOf(place: ConnectionSlot, range: string | undefined): void {
    this.#strangers.delete(place);
    this.#expected.delete(place);
    if (range !== undefined) lower(this.#ranges, range);
  }

  /** Called by a place only. */
  attachOf(session: OpenSession): void {
    this.#sessions.add(session);
  }

  /** Called by a place only. */
  releaseOf(network: string | undefined, account: AccountId | undefined, session: OpenSession | undefined): void {
    this.#open -= 1;
    if (session !== undefined) this.#sessions.delete(session);
    if (network !== undefined) lower(this.#networks, network);
    if (account !== undefined) lower(this.#accounts, account);
  }
}

interface SlotFacts {
  readonly network: string;
  /** The range, if the connection is a stranger's. */
  readonly range: string | undefined;
  readonly counted: boolean;
  readonly owner: SlotOwner;
}

class ConnectionSlot implements AdmittedConnection {
  readonly #limits: ConnectionLimits;
  readonly #facts: SlotFacts;
  #account: AccountId | undefined;
  #session: OpenSession | undefined;
  #loggedIn = false;
  #released = false;

  constructor(limits: ConnectionLimits, facts: SlotFacts) {
    this.#limits = limits;
    this.#facts = facts;
  }

  get network(): string {
    return this.#facts.network;
  }

  attach(session: OpenSession): void {
    if (this.#released) return;
    this.#session = session;
    this.#limits.attachOf(session);
  }

  login(account: AccountId): boolean {
    if (this.#released) return false;
    if (this.#loggedIn && this.#account !== account && this.#facts.counted)
      throw new Error('a connection logs in to one account only');
    if (this.#loggedIn) return true;
    if (this.#facts.counted) {
      if (!this.#limits.loginOf(account)) {
        this.#limits.refused.add(['account']);
        return false;
      }
      this.#account = account;
    }
    this.#loggedIn = true;
    this.#limits.finishedOf(this, this.#facts.range);
    return true;
  }

  known(): void {
    if (this.#released || this.#loggedIn) return;
    this.#loggedIn = true;
    this.#limits.finishedOf(this, this.#facts.range);
  }

  /** Frees the place first, so that the counts are right whatever its owner does. */
  displace(): void {
    const session = this.#session;
    this.release();
    this.#facts.owner.displaced(session);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    const { network, range, counted, owner } = this.#facts;
    if (!this.#loggedIn) this.#limits.finishedOf(this, range);
    this.#limits.releaseOf(counted ? network : undefined, this.#account, this.#session);
    owner.released?.();
  }
}

function raise<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function lower<K>(counts: Map<K, number>, key: K): void {
  const held = counts.get(key) ?? 0;
  if (held <= 1) counts.delete(key);
  else counts.set(key, held - 1);
}
