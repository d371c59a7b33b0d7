/**
 * The listener of the API: reads a request strictly, finds its route, asks who calls, and answers.
 *
 * Checks that cost little and reveal little come first: form, path, method, media types of the body
 * and the answer; then who calls, whether the caller may, and how often; then parameters; and only
 * then the body. Until then a client with `Expect: 100-continue` has sent nothing of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { defined } from '../domain/defined.ts';
import { Counts } from '../domain/counts.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Guest, TlsListener } from '../http/tls-listener.ts';
import type { Milliseconds } from '../domain/units.ts';
import type { Listener } from '../platform/listener.ts';
import type { SessionListenerOptions } from '../platform/session-listener.ts';
import { turns } from '../platform/turns.ts';
import { ApiConnection } from './core/connection.ts';
import type { Callers } from './core/caller.ts';
import { type ApiTimes, MAX_HEADER, MAX_HEADERS } from './core/limits.ts';
import { type Outcome, Performance, type PerformParts } from './core/perform.ts';
import { problem } from './core/problem.ts';
import type { RateLimit } from './core/rate.ts';
import { API_VERSION, PROBLEM_TYPE } from './core/respond.ts';
import type { Router } from './core/router.ts';
import type { ApiServices } from './core/services.ts';

/** Answers by area and class, over all listeners. */
export type ApiCounts = Counts<'area' | 'class'>;
export const newApiCounts = (): ApiCounts => new Counts(['area', 'class']);

export interface ApiListenerOptions extends SessionListenerOptions {
  readonly router: Router;
  readonly services: ApiServices;
  readonly callers: Callers;
  readonly rate: RateLimit;
  readonly times: ApiTimes;
  readonly counts: ApiCounts;
}

const HTTP = {
  maxHeaderSize: MAX_HEADER,
  maxHeadersCount: MAX_HEADERS,
  maxRequestsPerSocket: 0,
  // Node would answer a request without Host by itself, and then continue with the octets behind
  // it. We judge it instead (head.ts).
  requireHostHeader: false,
};

/**
 * Resolves once the port is open. Rejects if the port cannot be opened; throws TlsMaterialError.
 */
export async function startApiListener(options: ApiListenerOptions): Promise<Listener> {
  const server = new ApiServer(options);
  const { spec, connections } = options;
  const listener = new TlsListener(
    options,
    {
      events: { refused: 'https.turned-away', listener: 'https.listener' },
      http: HTTP,
      startTime: connections.startTime,
      secured: (guest) => server.secured(guest),
      request: (guest, request, response) => server.request(guest, request, response),
      expecting: (guest, request, response) => server.request(guest, request, response),
      malformed: (guest, code) => server.malformed(guest, code),
      closed: (guest) => server.closed(guest),
    },
    { requestCertificate: spec.clientCertificates === true },
  );
  server.stopping = () => listener.stopping;
  return await listener.listen();
}

class ApiServer {
  readonly #options: ApiListenerOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: PerformParts;
  readonly #connections = new Map<Guest, ApiConnection>();
  stopping = (): boolean => false;

  constructor(options: ApiListenerOptions) {
    const { router, services, callers, rate, times, clock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#log = options.log.with({ listener: options.spec.name });
    this.#parts = { router, services, callers, rate, times, clock, log: this.#log, stopping: () => this.stopping() };
    services.store.registry.onChange((changed, what) => {
      if (what === 'settings') return;
      this.#expel(changed).catch((error: unknown) => this.#log.error('https.expel', { error: String(error) }));
    });
  }

  secured(guest: Guest): void {
    guest.deadline(this.#options.times.header);
    this.#connections.set(guest, new ApiConnection(guest, this.#options.spec, this.#clock));
  }

  closed(guest: Guest): void {
    this.#connections.delete(guest);
  }

  /**
   * Ends running requests of an account that was suspended or ended, or whose password was
   * replaced. Its next request is refused in any case, but one that waits or is being answered now
   * could still reveal its mail, for minutes.
   */
  async #expel(changed: readonly AccountId[] | 'many'): Promise<void> {
    for (const connection of [...this.#connections.values()]) {
      const { account, guest } = connection;
      if (!guest.busy || account === undefined || (changed !== 'many' && !changed.includes(account.id))) continue;
      // A change of many meets thousands of connections.
      if (turns.over()) await turns.rest();
      if (!(await this.#parts.callers.stands(connection))) connection.kill();
    }
  }

  request(guest: Guest, request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(guest);
    if (connection === undefined) return guest.end();
    const { times } = this.#options;
    const began = this.#clock.monotonic();
    guest.deadline(times.request);
    connection.count += 1;
    const id = `${guest.session}-${connection.count.toString(36)}`;
    response.once('close', () => this.#answered(guest, connection));
    new Performance(this.#parts, { connection, request, response, id })
      .run()
      .then((outcome) => this.#note(connection, request, id, outcome, began))
      .catch((error: unknown) => {
        this.#log.error('https.failed', { session: guest.session, request: id, error: String(error) });
        guest.end();
      });
  }

  /**
   * Answers octets that Node's parser refuses: there is no request whose route or caller could be
   * known.
   */
  malformed(_guest: Guest, code: string): string {
    const large = code === 'HPE_HEADER_OVERFLOW';
    const said = large
      ? problem(
          431,
          'too-large',
          'The headers are too large',
          `Request line and headers have at most ${MAX_HEADER} octets`,
        )
      : problem(400, 'malformed', 'The request is malformed', 'This is not HTTP/1.1 as RFC 9112 has it');
    this.#options.counts.add(['none', '4xx']);
    const body = JSON.stringify(said.json());
    return [
      `HTTP/1.1 ${said.status} ${large ? 'Request Header Fields Too Large' : 'Bad Request'}`,
      ...[`Content-Type: ${PROBLEM_TYPE}`, `Content-Length: ${Buffer.byteLength(body)}`, `API-Version: ${API_VERSION}`],
      ...['Cache-Control: no-store', 'X-Content-Type-Options: nosniff', 'Connection: close', '', body],
    ].join('\r\n');
  }

  /** Called when the answer has left, or the connection has gone. */
  #answered(guest: Guest, connection: ApiConnection): void {
    guest.busy = false;
    if (guest.last || this.stopping()) return void guest.socket.end(() => guest.end());
    const { header, idle } = this.#options.times;
    guest.deadline(connection.known ? idle : header);
  }

  #note(
    { peer, account }: ApiConnection,
    { method }: IncomingMessage,
    request: string,
    { route, status, why }: Outcome,
    began: Milliseconds,
  ): void {
    const { counts } = this.#options;
    const kind = `${Math.floor(status / 100)}xx`;
    counts.add([route?.tag ?? 'none', kind]);
    const quiet = status < 400 && (method === 'GET' || method === 'HEAD');
    const fields = {
      session: peer.session,
      request,
      method,
      status,
      // Never the path as it came: the template holds no id and no name.
      path: route?.path,
      ms: Math.round(this.#clock.monotonic() - began),
      // By number: a login name can be a person's.
      ...defined({ why, account: account?.id }),
    };
    if (status >= 500) this.#log.warn('https.answered', fields);
    else if (quiet) this.#log.debug('https.answered', fields);
    else this.#log.info('https.answered', fields);
  }
}
