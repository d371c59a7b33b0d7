/**
 * What listeners of HTTPS have in common: connections are admitted like those of the mail (PROXY,
 * networks, places), TLS is of the same profile, and Node's HTTP parser gets a connection when its
 * handshake is done.
 *
 * Node's own deadlines are off: they are looked at every 30 seconds only, and on another clock. A
 * connection has one deadline, which whoever answers its requests moves. Who is turned away gets no
 * word: inside TLS it would cost the handshake that the limit is there to save.
 */
import {
  type IncomingMessage,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
  createServer as createHttp,
} from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { clientCertificateRequest } from '../platform/client-certificate.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import { type ListenedSession, SessionListener, type SessionListenerOptions } from '../platform/session-listener.ts';

/** What is done with the connections of one protocol. */
export interface HttpProtocol {
  /**
   * Events of the log: connections that got no place or lost it; a port that takes none for a
   * moment.
   */
  readonly events: { readonly refused: string; readonly listener: string };
  readonly http: ServerOptions & { readonly maxHeadersCount: number; readonly maxRequestsPerSocket: number };
  /** From the connect: until TLS is up, and until `secured` or a request moves it. */
  readonly startTime: Milliseconds;
  /** TLS is up: the first request may come. */
  secured?(guest: Guest): void;
  /**
   * One at a time. Node parses a second one behind the first before that is answered; it is never
   * handed over.
   */
  request(guest: Guest, request: IncomingMessage, response: ServerResponse): void;
  /**
   * With the header Expect: the client may hold its body back. Default: like `request`, and Node
   * tells the client to go on.
   */
  readonly expecting?: (guest: Guest, request: IncomingMessage, response: ServerResponse) => void;
  /** The whole answer to what is no HTTP, or too large; nothing is being answered then. */
  malformed(guest: Guest, code: string): string;
  closed?(guest: Guest): void;
}

/** Events that a connection reports to its listener. */
interface SessionEvents {
  secured(guest: Guest): void;
  closed(guest: Guest): void;
}

/** One connection, from the connect to the end. */
export class Guest implements ListenedSession {
  readonly socket: TLSSocket;
  readonly session: string;
  readonly address: string;
  readonly place: AdmittedConnection;
  /** True while its request is being answered. */
  busy = false;
  /** The answer that is under way is the last of the connection. */
  last = false;
  /** Requests that came behind the one that is being answered, before its answer. */
  behind = 0;
  readonly #clock: Clock;
  readonly #told: SessionEvents;
  readonly #gone = new AbortController();
  readonly #broken = new AbortController();
  #due: number;

  constructor(
    socket: TLSSocket,
    facts: Pick<Guest, 'session' | 'address' | 'place'>,
    {
      clock,
      startTime,
      told,
    }: { readonly clock: Clock; readonly startTime: Milliseconds; readonly told: SessionEvents },
  ) {
    this.socket = socket;
    this.session = facts.session;
    this.address = facts.address;
    this.place = facts.place;
    this.#clock = clock;
    this.#told = told;
    this.#due = clock.monotonic() + startTime;
  }

  /** `networkOf(address)`. */
  get network(): string {
    return this.place.network;
  }

  /** Aborted when the connection has closed. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Aborted when what comes is no HTTP any more: nothing of the body that is being read will come.
   */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** The connection ends `time` from now, or up to a second later, unless it is moved. */
  deadline(time: Milliseconds): void {
    this.#due = this.#clock.monotonic() + time;
  }

  start(): void {
    // Until the handshake is done, and after it, Node tells TLS errors of a server without
    // tls.Server only here.
    this.socket.on('error', ignore).on('_tlsError', () => this.end());
    this.socket.once('secure', () => this.#told.secured(this));
    this.socket.once('close', () => this.#closed());
  }

  tick(now: Milliseconds): void {
    if (now >= this.#due) this.end();
  }

  /** An answer that is under way says that it is the last one. */
  drain(): void {
    if (!this.busy) this.end();
  }

  displace(): void {
    this.end();
  }

  cut(): void {
    this.end();
  }

  /** Closes the connection at once, whatever is under way. */
  end(): void {
    this.socket.destroy();
  }

  /** Called by the listener only: the answer that is under way may still be written. */
  breaks(): void {
    this.last = true;
    this.#broken.abort();
  }

  #closed(): void {
    this.#gone.abort();
    this.place.release();
    this.#told.closed(this);
  }
}

/** `requestCertificate`: every client is asked for one; who shows none is as welcome. */
export interface TlsChoice {
  readonly requestCertificate?: boolean;
}

export class TlsListener extends SessionListener<Guest> {
  readonly #clock: Clock;
  readonly #protocol: HttpProtocol;
  readonly #asked: typeof clientCertificateRequest | undefined;
  readonly #http: HttpServer;
  readonly #guests = new WeakMap<Socket, Guest>();
  readonly #told: SessionEvents = {
    secured: (guest) => {
      this.#protocol.secured?.(guest);
      this.#http.emit('connection', guest.socket);
    },
    closed: (guest) => {
      this.#protocol.closed?.(guest);
      this.ended(guest);
    },
  };

  constructor(options: SessionListenerOptions, protocol: HttpProtocol, { requestCertificate = false }: TlsChoice = {}) {
    super(options, protocol.events);
    this.#clock = options.clock;
    this.#protocol = protocol;
    this.#asked = requestCertificate ? clientCertificateRequest : undefined;
    this.#http = this.#parser();
  }

  protected begin(socket: Socket, address: string, place: AdmittedConnection, session: string): Guest {
    socket.on('error', ignore);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: this.secureContext, ...this.#asked });
    const { startTime } = this.#protocol;
    const guest = new Guest(secure, { session, address, place }, { clock: this.#clock, startTime, told: this.#told });
    socket.once('close', () => guest.end());
    this.#guests.set(secure, guest);
    return guest;
  }

  protected farewell(): undefined {
    return undefined;
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

  /**
   * Node hands over what comes behind a request before that is answered: nothing may stand behind
   * it, and whoever answers closes the line.
   */
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
