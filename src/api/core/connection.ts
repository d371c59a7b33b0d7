/** One connection of the API: who was last known on it, and what an operator sees of it. */
import type { Account } from '../../domain/registry.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds } from '../../domain/units.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { type ShownChain, shownChain } from '../../platform/client-certificate.ts';
import type { OpenSession, SessionFacts } from '../../platform/connections.ts';
import { type ListenerSpec, accessOf } from '../../platform/listener.ts';
import type { Peer } from '../../auth/authenticator.ts';
import { tlsLine } from '../../platform/tls-line.ts';
import type { AccountCaller, Caller } from './callers.ts';
import type { Remote } from './route.ts';

/**
 * A login that holds for the next requests of the connection, as long as nothing of the account
 * changes.
 */
export interface Remembered {
  /** The header Authorization; empty if the certificate alone was shown. */
  readonly shown: string;
  readonly caller: AccountCaller;
  /** Version of the login record. */
  readonly version: number;
  /** Monotonic. */
  readonly until: Milliseconds;
}

export class ApiConnection implements OpenSession {
  readonly guest: Guest;
  readonly peer: Peer;
  remembered: Remembered | undefined;
  /** Requests so far. */
  count = 0;
  #caller: Caller | undefined;
  readonly #clock: Clock;
  readonly #spec: ListenerSpec;
  readonly #openedAt: Milliseconds;
  /**
   * True if the request that is being answered has come to its last octet, changes something and
   * does not wait for anything: then its answer is worth waiting for.
   */
  worthAnswer: () => boolean = () => false;

  constructor(guest: Guest, spec: ListenerSpec, clock: Clock) {
    this.guest = guest;
    this.#spec = spec;
    this.#clock = clock;
    this.#openedAt = clock.monotonic();
    const certificate: ShownChain | undefined = shownChain(guest.socket);
    this.peer = {
      session: guest.session,
      protocol: 'https',
      address: guest.address,
      network: guest.network,
      line: () => this.#line(),
      ...defined({ certificate, access: accessOf(spec) }),
    };
    guest.place.attach(this);
  }

  /** The caller of the last request on this connection. */
  get caller(): Caller | undefined {
    return this.#caller;
  }

  get account(): Account | undefined {
    return this.#caller?.kind === 'account' ? this.#caller.account : undefined;
  }

  /** True if a caller has been known on this connection. */
  get known(): boolean {
    return this.#caller !== undefined;
  }

  /**
   * Notes the caller. False: the account has its share of connections. A connection counts for the
   * first account that is known on it.
   */
  becomes(caller: Caller): boolean {
    const first = this.#caller === undefined;
    if (first && caller.kind === 'account' && !this.guest.place.login(caller.account.id)) return false;
    if (first && caller.kind === 'operator') this.guest.place.known();
    this.#caller = caller;
    return true;
  }

  remote(client: string | undefined): Remote {
    const { session, address, network } = this.peer;
    const { tls = '', cipher } = this.#line();
    return { session, address, network, tls, listener: this.#spec.name, ...defined({ cipher, client }) };
  }

  facts(): SessionFacts {
    const { session, address } = this.peer;
    const { socket, busy } = this.guest;
    const { account } = this;
    const line = this.#line();
    return {
      id: session,
      protocol: 'https',
      listener: this.#spec.name,
      address,
      age: milliseconds(Math.max(0, this.#clock.monotonic() - this.#openedAt)),
      state: busy ? 'busy' : this.known ? 'idle' : 'login',
      octets: { read: socket.bytesRead, written: socket.bytesWritten },
      ...line,
      ...defined({ account: account && { id: account.id, login: account.login } }),
    };
  }

  kill(): void {
    if (this.guest.busy && this.worthAnswer()) this.guest.last = true;
    else this.guest.end();
  }

  displace(): void {
    this.guest.end();
  }

  #line(): { readonly tls?: string; readonly cipher?: string } {
    return tlsLine(this.guest.socket) ?? {};
  }
}
