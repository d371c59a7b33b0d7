/**
 * The listener of the page where codes are used: admits connections like those of the mail, TLS by the same profile, one request for each.
 *
 * Node's HTTP parser gets a connection when its handshake is done, and gives it back with the answer. A peer has `receive` from the connect to
 * the end of its request, whatever it does meanwhile, and `answer` to the end of it all.
 */
import { randomBytes } from 'node:crypto';
import {
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
  createServer as createHttp,
} from 'node:http';
import { type Server, type Socket, createServer } from 'node:net';
import { type SecureContext, type SecureContextOptions, TLSSocket, createSecureContext } from 'node:tls';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import type { AdmittedConnection, ConnectionLimits } from '../platform/connections.ts';
import { listen } from '../platform/listen.ts';
import { type Listener, type ListenerSpec, type TlsMaterial, accessOf } from '../platform/listener.ts';
import { logLines } from '../platform/log-lines.ts';
import { NetworkSet } from '../platform/network.ts';
import { ProxyGate } from '../platform/proxy-gate.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { TurnedAway } from '../platform/turned-away.ts';
import type { Visitor } from '../enrol/window-notes.ts';
import { type Answer, type AnswerParts, answerTo } from './enrolment-answers.ts';
import { pageHeaders } from './page-headers.ts';
import { STYLE } from './page.ts';

export interface EnrolmentListenerOptions extends Omit<AnswerParts, 'access' | 'gateway'> {
  readonly spec: ListenerSpec;
  readonly tls: readonly TlsMaterial[];
  readonly hostname: string;
  readonly connections: ConnectionLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly times?: { readonly receive: Milliseconds; readonly answer: Milliseconds };
}

const TIMES = { receive: seconds(20), answer: seconds(60) };
const MAX_HEADER = 8192;
const MAX_HEADERS = 50;
const BACKLOG = 256;

/** Resolves once the port is open. Rejects when the port cannot be opened; throws TlsMaterialError. */
export async function startEnrolmentListener(options: EnrolmentListenerOptions): Promise<Listener> {
  const listener = new EnrolmentListener(options);
  await listener.open();
  return listener;
}

/** One connection, from the connect to the end. */
interface Guest {
  readonly socket: Socket;
  readonly visitor: Visitor;
  readonly place: AdmittedConnection;
  readonly gone: AbortController;
  timer: Timer;
  /** Its request is being answered. */
  asked: boolean;
}

class EnrolmentListener implements Listener {
  readonly spec: ListenerSpec;
  readonly #options: EnrolmentListenerOptions;
  readonly #log: Log;
  readonly #answers: AnswerParts;
  readonly #headers = pageHeaders(STYLE);
  readonly #times: typeof TIMES;
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

  constructor(options: EnrolmentListenerOptions) {
    const { spec, hostname, window, letters, clock, tls } = options;
    this.#options = options;
    this.spec = spec;
    this.#log = options.log.with({ listener: spec.name });
    this.#answers = { window, letters, gateway: spec.hostname ?? hostname, access: accessOf(spec) };
    this.#times = options.times ?? TIMES;
    this.#gate = new ProxyGate({ networks: spec.proxy ?? [], clock, log: this.#log });
    this.#turnedAway = new TurnedAway(clock, this.#log, 'enrolment.turned-away');
    this.#networks = spec.networks === undefined ? undefined : new NetworkSet(spec.networks);
    this.#tls = serverTlsOptions(tls, clock.now(), spec.profile);
    this.#secureContext = createSecureContext(this.#tls);
    this.#http = createHttp({ maxHeaderSize: MAX_HEADER, keepAlive: false }, (request, response) =>
      this.#request(request, response),
    );
    this.#http.maxHeadersCount = MAX_HEADERS;
    this.#http.maxRequestsPerSocket = 1;
    this.#http.on('clientError', (_, socket: Socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  get sessions(): number {
    return this.#guests.size;
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    this.#port = await listen(this.#server, this.spec, BACKLOG);
    this.#server.on('error', (error) => this.#log.error('enrolment.listener', { error: error.message }));
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
    for (const guest of [...this.#guests.values()]) if (!guest.asked) guest.socket.destroy();
    if (this.#guests.size > 0) await emptied;
    timer.cancel();
    this.#turnedAway.flush();
  }

  cut(): void {
    if (this.#stopping) for (const { socket } of [...this.#guests.values()]) socket.destroy();
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

  /** Who is turned away gets no word: inside TLS it would cost the handshake that the limit is there to save. */
  #admit(socket: Socket, address: string): void {
    if (this.#networks?.has(address) === false) return this.#refuse(socket, address, 'not-on-listener');
    const admission = this.#options.connections.admit(address, {
      displaced: () => {
        this.#turnedAway.note('displaced', address);
        end();
      },
    });
    if (admission.kind === 'refused') return this.#refuse(socket, address, admission.why);
    this.#count += 1;
    const place = admission.connection;
    const visitor: Visitor = {
      session: `${this.#prefix}-${this.#count.toString(36)}`,
      listener: this.spec.name,
      address,
      network: place.network,
    };
    socket.on('error', ignore);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: this.#secureContext });
    const end = (): void => void secure.destroy();
    const timer = this.#options.clock.after(this.#times.receive, end);
    const guest: Guest = { socket: secure, visitor, place, timer, asked: false, gone: new AbortController() };
    this.#guests.set(secure, guest);
    // Until the handshake is done, and after it, Node tells TLS errors of a server without tls.Server only here.
    secure.on('error', ignore).on('_tlsError', end);
    secure.once('close', () => this.#closed(guest));
    socket.once('close', end);
    secure.once('secure', () => this.#http.emit('connection', secure));
  }

  #refuse(socket: Socket, address: string, why: string): void {
    this.#turnedAway.note(why, address);
    socket.on('error', ignore);
    socket.destroy();
  }

  #closed(guest: Guest): void {
    if (!this.#guests.delete(guest.socket)) return;
    guest.timer.cancel();
    guest.gone.abort();
    guest.place.release();
    if (this.#guests.size === 0) this.#emptied?.();
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const guest = this.#guests.get(request.socket);
    // A second request behind the first: the answer to the first closes the line, and nobody waits for another.
    if (guest === undefined || guest.asked) return void request.socket.destroy();
    guest.asked = true;
    request.once('end', () => {
      guest.timer.cancel();
      guest.timer = this.#options.clock.after(this.#times.answer, () => void guest.socket.destroy());
    });
    answerTo(this.#answers, request, guest.visitor, guest.gone.signal)
      .catch((error: unknown): Answer => {
        this.#log.error('enrolment.error', { session: guest.visitor.session, error: String(error) });
        return { status: 500, type: 'text/plain; charset=utf-8', body: 'something went wrong\n' };
      })
      .then((answer) => this.#send(request, response, answer))
      .catch(() => void guest.socket.destroy());
  }

  #send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
    response.writeHead(status, {
      ...this.#headers,
      ...headers,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
    });
    logLines.flush();
    response.end(request.method === 'HEAD' ? undefined : body);
    // What was not read of a request that is too large would make the line end with a reset, and take the answer along.
    if (!request.complete) request.resume();
  }
}

const ignore = (): void => undefined;
