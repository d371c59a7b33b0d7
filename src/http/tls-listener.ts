/**
 * What listeners of HTTPS have in common: connections are admitted like those of the mail (PROXY, networks, places), TLS is of the same profile, and
 * Node's HTTP parser gets a connection when its handshake is done.
 *
 * Node's own deadlines are off: they are looked at every 30 seconds only, and on another clock. A connection has one deadline, which whoever answers its
 * requests moves. Who is turned away gets no word: inside TLS it would cost the handshake that the limit is there to save.
 */
import { randomBytes } from 'node:crypto';
import {
  type IncomingMessage,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
  createServer as createHttp,
} from 'node:http';
import { type Server, type Socket, createServer } from 'node:net';
import { type SecureContext, type SecureContextOptions, TLSSocket, createSecureContext } from 'node:tls';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { clientCertificateRequest } from '../platform/client-certificate.ts';
import type { AdmittedConnection, ConnectionLimits, OpenSession } from '../platform/connections.ts';
import { listen, rest } from '../platform/listen.ts';
import type { Listener, ListenerSpec, TlsMaterial } from '../platform/listener.ts';
import { NetworkSet } from '../platform/network.ts';
import { ProxyGate } from '../platform/proxy-gate.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { TurnedAway } from '../platform/turned-away.ts';
import { turns } from '../platform/turns.ts';

export interface TlsListenerOptions {
  readonly spec: ListenerSpec;
  readonly tls: readonly TlsMaterial[];
  readonly connections: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is done with the connections of one protocol. */
export interface HttpProtocol {
  /** Events of the log: connections that got no place or lost it; a port that takes none for a moment. */
  readonly events: { readonly turnedAway: string; readonly listener: string };
  readonly http: ServerOptions & { readonly maxHeadersCount: number; readonly maxRequestsPerSocket: number };
  /** Connections that the kernel holds while the loop is busy. */
  readonly backlog: number;
  /** From the connect: until TLS is up, and until `secured` or a request moves it. */
  readonly startTime: Milliseconds;
  /** TLS is up: the first request may come. */
  secured?(guest: Guest): void;
  /** One at a time. Node parses a second one behind the first before that is answered; it is never handed over. */
  request(guest: Guest, request: IncomingMessage, response: ServerResponse): void;
  /** With the header Expect: the client may hold its body back. Default: like `request`, and Node tells the client to go on. */
  readonly expecting?: (guest: Guest, request: IncomingMessage, response: ServerResponse) => void;
  /** The whole answer to what is no HTTP, or too large; nothing is being answered then. */
  malformed(guest: Guest, code: string): string;
  closed?(guest: Guest): void;
}

/** One connection, from the connect to the end. */
export class Guest {
  readonly socket: TLSSocket;
  readonly session: string;
  readonly address: string;
  readonly place: AdmittedConnection;
  /** Its request is being answered. */
  busy = false;
  /** The answer that is under way is the last of the connection. */
  last = false;
  /** Requests that came behind the one that is being answered, before its answer. */
  behind = 0;
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #broken = new AbortController();
  #timer: Timer | undefined;

  constructor(
    socket: TLSSocket,
    facts: Pick<Guest, 'session' | 'address' | 'place'>,
    clock: Clock,
    startTime: Milliseconds,
  ) {
    this.socket = socket;
    this.session = facts.session;
    this.address = facts.address;
    this.place = facts.place;
    this.#clock = clock;
    this.deadline(startTime);
  }

  /** `networkOf(address)`. */
  get network(): string {
    return this.place.network;
  }

  /** Aborted when the connection has closed. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Aborted when what comes is no HTTP any more: nothing of the body that is being read will come. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** The connection ends `time` from now, unless it is moved. */
  deadline(time: Milliseconds): void {
    this.#timer?.cancel();
    // Those of many connections may pass in the same moment; one that is moved while it waits for its turn has not passed.
    const timer = this.#clock.after(time, () =>
      turns.soon(() => {
        if (this.#timer === timer) this.end();
      }),
    );
    this.#timer = timer;
  }

  /** Nothing is awaited of the peer. */
  noDeadline(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** At once, whatever is under way. */
  end(): void {
    this.socket.destroy();
  }

  /** Called by the listener only: the answer that is under way may still be written. */
  breaks(): void {
    this.last = true;
    this.#broken.abort();
  }

  /** Called by the listener only. */
  closed(): void {
    this.noDeadline();
    this.#gone.abort();
    this.place.release();
  }
}

/** `requestCertificate`: every client is asked for one; who shows none is as welcome. */
export interface TlsChoice {
  readonly requestCertificate?: boolean;
}

export class TlsListener implements Listener {
  readonly spec: ListenerSpec;
  readonly #options: TlsListenerOptions;
  readonly #protocol: HttpProtocol;
  readonly #asked: typeof clientCertificateRequest | undefined;
  readonly #log: Log;
  readonly #gate: ProxyGate;
  readonly #turnedAway: TurnedAway;
  readonly #networks: NetworkSet | undefined;
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #guests = new Map<Socket, Guest>();
  readonly #prefix = randomBytes(5).toString('hex');
  #tls: SecureContextOptions;
  #secureContext: SecureContext;
  #port = 0;
  #count = 0;
  #stopping = false;
  #emptied: (() => void) | undefined;

  constructor(options: TlsListenerOptions, protocol: HttpProtocol, { requestCertificate = false }: TlsChoice = {}) {
    const { spec, clock, tls } = options;
    this.#options = options;
    this.#protocol = protocol;
    this.#asked = requestCertificate ? clientCertificateRequest : undefined;
    this.spec = spec;
    this.#log = options.log.with({ listener: spec.name });
    this.#gate = new ProxyGate({ networks: spec.proxy ?? [], clock, log: this.#log });
    this.#turnedAway = new TurnedAway(clock, this.#log, protocol.events.turnedAway);
    this.#networks = spec.networks === undefined ? undefined : new NetworkSet(spec.networks);
    this.#tls = serverTlsOptions(tls, clock.now(), spec.profile);
    this.#secureContext = createSecureContext(this.#tls);
    this.#http = this.#parser();
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get sessions(): number {
    return this.#guests.size;
  }

  get port(): number {
    return this.#port;
  }

  /** No further request is taken: an answer says so to its client. */
  get stopping(): boolean {
    return this.#stopping;
  }

  async open(): Promise<void> {
    this.#port = await listen(this.#server, this.spec, this.#protocol.backlog);
    this.#server.on('error', (error) => this.#log.error(this.#protocol.events.listener, { error: error.message }));
  }

  updateTls(material: readonly TlsMaterial[]): void {
    this.#serve({ ...this.#tls, ...serverTlsOptions(material, this.#options.clock.now(), this.spec.profile) });
  }

  updateTicketKey(key: Buffer): void {
    this.#serve({ ...this.#tls, ticketKeys: key });
  }

  async stop(drain: Milliseconds): Promise<void> {
    this.#stopping = true;
    this.#server.close();
    this.#gate.stop();
    const emptied = new Promise<void>((resolve) => (this.#emptied = resolve));
    const timer = this.#options.clock.after(drain, () => this.cut());
    turns.each(this.#guests, (socket) => {
      const guest = this.#guests.get(socket);
      if (guest?.busy === false) guest.end();
    });
    if (this.#guests.size > 0) await emptied;
    timer.cancel();
    this.#turnedAway.flush();
  }

  rest(): void {
    rest(this.#server);
  }

  async resume(): Promise<void> {
    const place = { ...this.spec, port: this.#port };
    if (!this.#stopping && !this.#server.listening) await listen(this.#server, place, this.#protocol.backlog);
  }

  cut(): void {
    if (this.#stopping) turns.each(this.#guests, (socket) => this.#guests.get(socket)?.end());
  }

  #parser(): HttpServer {
    const { http, expecting } = this.#protocol;
    const { maxHeadersCount, maxRequestsPerSocket, ...options } = http;
    const server = createHttp(
      { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0, ...options },
      (request, response) => this.#request(request, (guest) => this.#protocol.request(guest, request, response)),
    );
    server.maxHeadersCount = maxHeadersCount;
    server.maxRequestsPerSocket = maxRequestsPerSocket;
    server.timeout = 0;
    // Of another expectation than 100-continue Node itself would say 417, in its own form.
    if (expecting !== undefined)
      for (const event of ['checkContinue', 'checkExpectation'])
        server.on(event, (request: IncomingMessage, response: ServerResponse) =>
          this.#request(request, (guest) => expecting(guest, request, response)),
        );
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#malformed(socket, error.code ?? ''),
    );
    return server;
  }

  #serve(tls: SecureContextOptions): void {
    this.#secureContext = createSecureContext(tls);
    this.#tls = tls;
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || this.#stopping) return void socket.destroy();
    if (this.#gate.expects(socket)) this.#gate.take(socket, (address) => this.#admit(socket, address));
    else this.#admit(socket, remoteAddress);
  }

  #admit(socket: Socket, address: string): void {
    if (this.#networks?.has(address) === false) return this.#refuse(socket, address, 'not-on-listener');
    const admission = this.#options.connections.admit(address, {
      displaced: (session) => {
        this.#turnedAway.note('displaced', address);
        this.#end(secure, session);
      },
    });
    if (admission.kind === 'refused') return this.#refuse(socket, address, admission.why);
    this.#count += 1;
    socket.on('error', ignore);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: this.#secureContext, ...this.#asked });
    const session = `${this.#prefix}-${this.#count.toString(36)}`;
    const { clock } = this.#options;
    const guest = new Guest(secure, { session, address, place: admission.connection }, clock, this.#protocol.startTime);
    this.#guests.set(secure, guest);
    // Until the handshake is done, and after it, Node tells TLS errors of a server without tls.Server only here.
    secure.on('error', ignore).on('_tlsError', () => guest.end());
    secure.once('close', () => this.#closed(guest));
    socket.once('close', () => guest.end());
    secure.once('secure', () => {
      this.#protocol.secured?.(guest);
      this.#http.emit('connection', secure);
    });
  }

  #end(socket: Socket, session: OpenSession | undefined): void {
    if (session === undefined) socket.destroy();
    else session.displace();
  }

  #refuse(socket: Socket, address: string, why: string): void {
    this.#turnedAway.note(why, address);
    socket.on('error', ignore);
    socket.destroy();
  }

  #closed(guest: Guest): void {
    if (!this.#guests.delete(guest.socket)) return;
    guest.closed();
    this.#protocol.closed?.(guest);
    if (this.#guests.size === 0) this.#emptied?.();
  }

  /** Node hands over what comes behind a request before that is answered: nothing may stand behind it, and whoever answers closes the line. */
  #request(request: IncomingMessage, take: (guest: Guest) => void): void {
    const guest = this.#guests.get(request.socket);
    if (guest === undefined) return void request.socket.destroy();
    if (guest.busy) {
      guest.last = true;
      guest.behind += 1;
      if (guest.behind > MOST_BEHIND) guest.end();
      else request.resume();
      return;
    }
    guest.busy = true;
    take(guest);
  }

  #malformed(socket: Socket, code: string): void {
    const guest = this.#guests.get(socket);
    if (guest === undefined || !socket.writable) return void socket.destroy();
    if (guest.busy) return guest.breaks();
    socket.end(this.#protocol.malformed(guest, code));
  }
}

/** Node keeps an answer for each. */
const MOST_BEHIND = 16;

const ignore = (): void => undefined;
