/**
 * The listener of a site of pages. A browser opens a few connections, keeps them open, and sends
 * one request at a time on each.
 *
 * Each connection has three time limits: `start` from the connect to the end of the first request's
 * head, `answer` from there to the end of the answer, and `idle` until the next request.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Log } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import { type Guest, TlsListener } from '../http/tls-listener.ts';
import type { Listener } from '../platform/listener.ts';
import type { SessionListenerOptions } from '../platform/session-listener.ts';
import { logLines } from '../platform/log-lines.ts';
import type { AnyServing, Sent } from './core/serve.ts';

/** What differs between the sites: names of log events, and limits. */
interface Kind {
  readonly events: {
    readonly refused: string;
    readonly listener: string;
    readonly failed: string;
    readonly answered: string;
  };
  readonly http: { readonly maxHeaderSize: number; readonly maxHeadersCount: number };
  readonly times: Times;
  /**
   * Each connection serves one request only, and `start` is the time from the connect to the last
   * octet of that request. So nothing can be smuggled behind a request, and nobody can hold a
   * connection open.
   */
  readonly single?: true;
}

interface Times {
  readonly start: Milliseconds;
  readonly answer: Milliseconds;
  readonly idle: Milliseconds;
}

// The slowest page is the test of a partner, which takes a minute at most.
const BROWSERS = {
  http: { maxHeaderSize: 16_384, maxHeadersCount: 64 },
  times: { start: seconds(20), answer: seconds(75), idle: seconds(60) },
};

const KINDS = {
  console: {
    events: {
      refused: 'console.turned-away',
      listener: 'console.listener',
      failed: 'console.failed',
      answered: 'console.answered',
    },
    ...BROWSERS,
  },
  'self-service': {
    events: {
      refused: 'self-service.turned-away',
      listener: 'self-service.listener',
      failed: 'self-service.failed',
      answered: 'self-service.answered',
    },
    ...BROWSERS,
  },
  enrolment: {
    events: {
      refused: 'enrolment.turned-away',
      listener: 'enrolment.listener',
      failed: 'enrolment.error',
      answered: 'enrolment.answered',
    },
    http: { maxHeaderSize: 8192, maxHeadersCount: 50 },
    times: { start: seconds(20), answer: seconds(60), idle: seconds(0) },
    single: true,
  },
} as const satisfies Readonly<Record<string, Kind>>;
const HTTP = { maxRequestsPerSocket: 0, requireHostHeader: false };

export interface PageListenerOptions extends SessionListenerOptions {
  readonly kind: keyof typeof KINDS;
  readonly serving: AnyServing;
  readonly times?: Times;
}

/**
 * Opens the port, and resolves once it is open. Rejects if it cannot be opened. Throws
 * TlsMaterialError if key and certificate cannot be used.
 */
export async function startPageListener(options: PageListenerOptions): Promise<Listener> {
  const kind: Kind = KINDS[options.kind];
  const { times = kind.times } = options;
  const server = new PageServer(options, { ...kind, times });
  const listener = new TlsListener(
    options,
    {
      events: kind.events,
      http: { ...HTTP, ...kind.http },
      startTime: times.start,
      request: (guest, request, response) => server.request(guest, request, response),
      malformed: () => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    },
    { requestCertificate: options.spec.clientCertificates === true },
  );
  server.stopping = () => listener.stopping;
  return await listener.listen();
}

class PageServer {
  readonly #serving: AnyServing;
  readonly #kind: Kind;
  readonly #log: Log;
  readonly #clock: Clock;
  stopping = (): boolean => false;

  constructor({ serving, spec, log, clock }: PageListenerOptions, kind: Kind) {
    this.#serving = serving;
    this.#kind = kind;
    this.#log = log.with({ listener: spec.name });
    this.#clock = clock;
  }

  request(guest: Guest, request: IncomingMessage, response: ServerResponse): void {
    const began = this.#clock.monotonic();
    const { events, times, single = false } = this.#kind;
    if (single) {
      guest.last = true;
      request.once('end', () => guest.deadline(times.answer));
    } else guest.deadline(times.answer);
    response.once('close', () => {
      guest.busy = false;
      if (guest.last || this.stopping()) return void guest.socket.end(() => guest.end());
      guest.deadline(times.idle);
    });
    this.#serving
      .answer(request, guest)
      .catch((error: unknown): Sent => {
        this.#log.error(events.failed, { session: guest.session, error: String(error) });
        return this.#serving.failed(request);
      })
      .then(async (sent) => {
        await this.#send(guest, request, response, sent);
        const { status, page, by } = sent;
        const fields = { session: guest.session, method: request.method, status, page, by };
        const ms = Math.round(this.#clock.monotonic() - began);
        if (status >= 500) this.#log.warn(events.answered, { ...fields, ms });
        else this.#log.debug(events.answered, { ...fields, ms });
      })
      .catch((error: unknown) => {
        this.#log.error(events.failed, { session: guest.session, error: String(error) });
        guest.end();
      });
  }

  async #send(guest: Guest, request: IncomingMessage, response: ServerResponse, sent: Sent): Promise<void> {
    const { status, headers, body } = sent;
    // A part of a request that was not read would be taken for the next request.
    if (this.stopping() || !request.complete) guest.last = true;
    response.writeHead(status, {
      ...headers,
      ...(typeof body === 'string' && { 'content-length': Buffer.byteLength(body) }),
      ...(guest.last ? { connection: 'close' } : {}),
    });
    logLines.flush();
    if (!request.complete) request.resume();
    if (request.method === 'HEAD') return void response.end();
    if (typeof body === 'string') return void response.end(body);
    for await (const piece of body) {
      // A client that reads slowly gets new time with each piece, as long as each piece goes in
      // time.
      guest.deadline(this.#kind.times.answer);
      if (!response.write(piece) && !(await takesMore(response, guest.signal))) return;
    }
    response.end();
  }
}

/** Resolves with true when the client takes more, with false when it has gone. */
async function takesMore(response: ServerResponse, gone: AbortSignal): Promise<boolean> {
  try {
    await once(response, 'drain', { signal: gone });
    return true;
  } catch (error) {
    if (gone.aborted) return false;
    throw error;
  }
}
