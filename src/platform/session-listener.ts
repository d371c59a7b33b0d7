/**
 * What listeners for our own sessions have in common: they admit connections (PROXY, networks,
 * places), use TLS of their profile, look at all deadlines once a second, and let sessions drain at
 * the end.
 */
import { randomBytes } from 'node:crypto';
import { type Server, type Socket, createServer } from 'node:net';
import { type SecureContext, type SecureContextOptions, createSecureContext } from 'node:tls';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import type { AdmittedConnection, ConnectionLimits, OpenSession, Turned } from './connections.ts';
import { listen, rest } from './listen.ts';
import { type Listener, type ListenerSpec, type TlsMaterial, leavesToOthers } from './listener.ts';
import { NetworkSet } from './network.ts';
import { ProxyGate } from './proxy-gate.ts';
import { serverTlsOptions } from './tls.ts';
import { TurnedAway } from './turned-away.ts';
import { Round, turns } from './turns.ts';

export interface SessionListenerOptions {
  readonly spec: ListenerSpec;
  /** One certificate, or one of each key type. */
  readonly tls: readonly TlsMaterial[];
  readonly connections: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a listener needs of one connection. */
export interface ListenedSession extends Pick<OpenSession, 'displace'> {
  start(tls: ListenerSpec['tls']): void;
  /** Called once a second. */
  tick(now: Milliseconds): void;
  /** Lets the command that runs end, then closes. */
  drain(): void;
  /** Ends the session at once. */
  cut(ending: 'shutdown'): void;
}

/** Why a connection was turned away. */
export type Refused = Turned | 'stopping' | 'not-on-listener';

const TICK = seconds(1);
/**
 * The kernel finds a silent peer whose NAT has forgotten it, so that what it holds is freed before
 * the idle time is over.
 */
const KEEP_ALIVE = seconds(60);
/** Connections that the kernel holds while the loop is busy: practices poll on the full minute. */
const BACKLOG = 1024;

export abstract class SessionListener<S extends ListenedSession> implements Listener {
  readonly spec: ListenerSpec;
  readonly log: Log;
  /** TLS context for new handshakes; replaced when the certificate is. */
  secureContext: SecureContext;
  /** Monotonic time of the last tick. */
  now: Milliseconds;
  protected readonly open = new Set<S>();
  readonly #round = new Round(this.open, (session) => session.tick(this.now));
  #tls: SecureContextOptions;
  readonly #options: SessionListenerOptions;
  readonly #event: string;
  readonly #gate: ProxyGate;
  readonly #turnedAway: TurnedAway;
  /** Networks that may connect; undefined: all. */
  readonly #networks: NetworkSet | undefined;
  readonly #server: Server;
  readonly #prefix = randomBytes(5).toString('hex');
  #port = 0;
  #count = 0;
  #stopping = false;
  #ticking: Timer | undefined;
  #emptied: (() => void) | undefined;

  /**
   * `events`: names for the log. `refused`: a connection got no place or lost it. `listener`: the
   * port cannot accept connections for a moment.
   */
  constructor(options: SessionListenerOptions, events: { readonly refused: string; readonly listener: string }) {
    this.#options = options;
    this.#event = events.listener;
    this.spec = options.spec;
    this.#networks = options.spec.networks === undefined ? undefined : new NetworkSet(options.spec.networks);
    this.log = options.log.with({ listener: options.spec.name });
    this.#gate = new ProxyGate({ networks: options.spec.proxy ?? [], clock: options.clock, log: this.log });
    this.#turnedAway = new TurnedAway(options.clock, this.log, events.refused);
    this.#tls = serverTlsOptions(options.tls, options.clock.now(), options.spec.profile);
    this.secureContext = createSecureContext(this.#tls);
    this.now = options.clock.monotonic();
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE }, (socket) =>
      this.#accept(socket),
    );
  }

  /**
   * `address`: that of the client; behind a load balancer it is not that of the socket. `id`: that
   * of the session, as in the log.
   */
  protected abstract begin(socket: Socket, address: string, place: AdmittedConnection, id: string): S;
  /** What a client that is turned away is told, outside TLS; undefined: nothing. */
  protected abstract farewell(why: Refused): string | Uint8Array | undefined;

  get sessions(): number {
    return this.open.size;
  }

  get port(): number {
    return this.#port;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get startTime(): Milliseconds {
    return this.#options.connections.startTime;
  }

  /** Resolves once the port is open. Rejects with what the system says. */
  async listen(): Promise<this> {
    this.#port = await listen(this.#server, this.spec, BACKLOG);
    // For example, no file descriptor is free: the listener continues with the sessions that it
    // has.
    this.#server.on('error', (error) => this.log.error(this.#event, { error: error.message }));
    return this;
  }

  updateTls(material: readonly TlsMaterial[]): void {
    this.#serve({ ...this.#tls, ...serverTlsOptions(material, this.#options.clock.now(), this.spec.profile) });
  }

  updateTicketKey(key: Buffer): void {
    this.#serve({ ...this.#tls, ticketKeys: key });
  }

  async stop(drain: Milliseconds): Promise<void> {
    this.#stopping = true;
    if (leavesToOthers(this.spec)) rest(this.#server);
    this.#gate.stop();
    const emptied = new Promise<void>((resolve) => (this.#emptied = resolve));
    const timer = this.#options.clock.after(drain, () => this.cut());
    turns.each(this.open, (session) => session.drain());
    if (this.open.size > 0) await emptied;
    this.#server.close();
    timer.cancel();
    this.#ticking?.cancel();
    this.#turnedAway.flush();
  }

  rest(): void {
    rest(this.#server);
  }

  async resume(): Promise<void> {
    if (!this.#stopping && !this.#server.listening)
      await listen(this.#server, { ...this.spec, port: this.#port }, BACKLOG);
  }

  cut(): void {
    if (this.#stopping) turns.each(this.open, (session) => session.cut('shutdown'));
  }

  /** Called when the connection has closed and holds nothing more. */
  readonly ended = (session: S): void => {
    this.open.delete(session);
    if (this.open.size > 0) return;
    this.#ticking?.cancel();
    this.#ticking = undefined;
    this.#emptied?.();
  };

  #serve(tls: SecureContextOptions): void {
    this.secureContext = createSecureContext(tls);
    this.#tls = tls;
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket;
    // The connection was reset before we looked at it.
    if (remoteAddress === undefined) return void socket.destroy();
    // The limits apply to a load balancer's connection once its header has told the client's
    // address.
    if (this.#gate.expects(socket) && this.#stopping) socket.destroy();
    else if (this.#gate.expects(socket)) this.#gate.take(socket, (address) => this.#admit(socket, address));
    else this.#admit(socket, remoteAddress);
  }

  #admit(socket: Socket, address: string): void {
    if (this.#networks?.has(address) === false) return this.#refuse(socket, address, 'not-on-listener');
    if (this.#stopping) return this.#refuse(socket, address, 'stopping');
    const admission = this.#options.connections.admit(address, {
      displaced: (attached) => {
        this.#turnedAway.note('displaced', address);
        (attached ?? session).displace();
      },
    });
    if (admission.kind === 'refused') return this.#refuse(socket, address, admission.why);
    if (this.#ticking === undefined) this.#tick();
    this.#count += 1;
    const session = this.begin(socket, address, admission.connection, `${this.#prefix}-${this.#count.toString(36)}`);
    this.open.add(session);
    session.start(this.spec.tls);
  }

  #refuse(socket: Socket, address: string, why: Refused): void {
    this.#turnedAway.note(why, address);
    socket.on('error', () => undefined);
    // With implicit TLS a reply would cost the handshake that the limit is there to save.
    const said = this.spec.tls === 'implicit' ? undefined : this.farewell(why);
    if (said === undefined) return void socket.destroy();
    socket.write(said, 'latin1');
    socket.destroySoon();
  }

  /** One timer for all sessions, and none while there is no session. */
  #tick(): void {
    this.now = this.#options.clock.monotonic();
    this.#round.begin();
    this.#ticking = this.#options.clock.after(TICK, () => this.#tick());
  }
}
