/**
 * The API behind a door: each request goes on to the gateway, or is answered here where the
 * scenario says so.
 */
import { createHash } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Socket } from 'node:net';
import { clientTlsOptions } from '../platform/tls.ts';
import { type Asked, type Visit, remember } from './facts.ts';
import type { DialogueContext } from './dialogue.ts';
import type { Behind } from './upstream.ts';

/** Octets of a request: scenarios are about small messages. */
const MOST = 8 * 1024 * 1024;

interface Guest {
  readonly context: DialogueContext;
  readonly visit: Visit;
}

export class HttpsDoor {
  readonly #behind: Behind;
  readonly #guests = new WeakMap<Socket, Guest>();
  readonly #server: Server;

  constructor(behind: Behind) {
    this.#behind = behind;
    this.#server = createServer((request, response) => {
      const guest = this.#guests.get(request.socket);
      if (guest === undefined) return void request.socket.destroy();
      this.#request(guest, request, response).catch(() => request.socket.destroy());
    });
  }

  take(socket: Socket, guest: Guest): void {
    this.#guests.set(socket, guest);
    this.#server.emit('connection', socket);
  }

  async #request({ context, visit }: Guest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const pieces: Buffer[] = [];
    let octets = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      octets += piece.length;
      if (octets > MOST) return void response.writeHead(413, { connection: 'close' }).end();
      pieces.push(piece);
    }
    const body = Buffer.concat(pieces);
    const path = url.split('?', 1)[0] ?? '/';
    context.note(visit, `${method} ${path.slice(0, 100)}`);
    visit.commands++;
    if (headers.authorization !== undefined) visit.logins++;
    const facts = {
      at: context.facts.at(),
      method,
      path,
      key: oneOf(headers['idempotency-key']),
      sha256: createHash('sha256').update(body).digest('hex'),
    };
    const seen = (status: number): void => remember<Asked>(context.facts.requests, { ...facts, status });
    const act = path.startsWith('/v1/messages') ? context.act(method, visit) : undefined;
    if (act?.do === 'answer') {
      const [status = 503, after = 1] = act.line.split(' ').map(Number);
      context.note(visit, `  the sandbox answered ${status} with Retry-After: ${after}`);
      seen(status);
      const text = JSON.stringify({ status, title: 'Too many requests', detail: 'Wait, and send the same again.' });
      return void response
        .writeHead(status, { 'retry-after': String(after), 'content-type': 'application/problem+json' })
        .end(text);
    }
    const answer = await this.#pass(request, body);
    if (act?.do === 'lose') {
      context.note(visit, `  the gateway answered ${answer.statusCode ?? 0}, which was lost with the line`);
      seen(0);
      visit.cut = true;
      return void request.socket.destroy();
    }
    const status = answer.statusCode ?? 502;
    if (status !== 401) visit.loggedIn ||= headers.authorization !== undefined;
    seen(status);
    context.note(visit, `  answered ${status}`);
    response.writeHead(status, answer.headers);
    answer.pipe(response);
  }

  #pass({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { connection: _, 'transfer-encoding': __, expect: ___, ...given } = headers;
      const passed = requestTls({
        ...clientTlsOptions,
        host: '127.0.0.1',
        servername: this.#behind.host,
        port: this.#behind.ports.api,
        ca: this.#behind.ca,
        method,
        path: url,
        headers: { ...given, 'content-length': body.length },
        agent: false,
      });
      passed.once('error', reject).once('response', resolve);
      passed.end(body);
    });
  }
}

const oneOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
