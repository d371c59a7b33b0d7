/**
 * The listener of the page where codes are used: one request for each connection.
 *
 * A peer has `receive` from the connect to the end of its request, whatever it does meanwhile, and `answer` to the end of it all.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Visitor } from '../enrol/window-notes.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import { accessOf, type Listener } from '../platform/listener.ts';
import { logLines } from '../platform/log-lines.ts';
import { type Answer, type AnswerParts, answerTo } from './enrolment-answers.ts';
import { pageHeaders } from './page-headers.ts';
import { STYLE } from './page.ts';
import { type Guest, TlsListener, type TlsListenerOptions } from './tls-listener.ts';

export interface EnrolmentListenerOptions extends TlsListenerOptions, Omit<AnswerParts, 'access' | 'gateway'> {
  readonly hostname: string;
  readonly times?: { readonly receive: Milliseconds; readonly answer: Milliseconds };
}

const TIMES = { receive: seconds(20), answer: seconds(60) };
const HTTP = { maxHeaderSize: 8192, keepAlive: false, maxHeadersCount: 50, maxRequestsPerSocket: 1 };
const BACKLOG = 256;

/** Resolves once the port is open. Rejects when the port cannot be opened; throws TlsMaterialError. */
export async function startEnrolmentListener(options: EnrolmentListenerOptions): Promise<Listener> {
  const { times = TIMES } = options;
  const page = new EnrolmentPage(options, times.answer);
  const listener = new TlsListener(options, {
    events: { turnedAway: 'enrolment.turned-away', listener: 'enrolment.listener' },
    http: HTTP,
    backlog: BACKLOG,
    startTime: times.receive,
    request: (guest, request, response) => page.request(guest, request, response),
    malformed: () => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
  });
  await listener.open();
  return listener;
}

class EnrolmentPage {
  readonly #options: EnrolmentListenerOptions;
  readonly #answers: AnswerParts;
  readonly #headers = pageHeaders(STYLE);
  readonly #time: Milliseconds;

  constructor(options: EnrolmentListenerOptions, time: Milliseconds) {
    const { spec, hostname, window, letters } = options;
    this.#options = options;
    this.#answers = { window, letters, gateway: spec.hostname ?? hostname, access: accessOf(spec) };
    this.#time = time;
  }

  request(guest: Guest, request: IncomingMessage, response: ServerResponse): void {
    const { session, address, network } = guest;
    const { spec, log } = this.#options;
    const visitor: Visitor = { session, address, network, listener: spec.name };
    request.once('end', () => guest.deadline(this.#time));
    answerTo(this.#answers, request, visitor, guest.signal)
      .catch((error: unknown): Answer => {
        log.error('enrolment.error', { listener: spec.name, session, error: String(error) });
        return { status: 500, type: 'text/plain; charset=utf-8', body: 'something went wrong\n' };
      })
      .then((answer) => this.#send(request, response, answer))
      .catch(() => guest.end());
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
