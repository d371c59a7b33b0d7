/**
 * A receiver of webhooks: an HTTPS server of the test that keeps what it was sent, and answers as
 * the test says.
 */
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { testCertificates } from './certificates.ts';
import type { Cleanup } from './store.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

export class Receiver {
  readonly received: Received[] = [];
  /** Number of connections that anybody made. */
  connections = 0;
  /** Answers the next request; default: 204. */
  answer: (response: ServerResponse, received: Received) => void = (response) => response.writeHead(204).end();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    t: Cleanup,
    { key, certificate }: { readonly key?: string; readonly certificate?: string } = {},
  ): Promise<Receiver> {
    const { server: own } = await testCertificates();
    const server = createServer({ key: key ?? own.key, cert: certificate ?? own.certificate });
    const receiver = new Receiver(server);
    server.on('connection', (socket: Socket) => {
      receiver.connections += 1;
      receiver.#sockets.add(socket);
      socket.on('close', () => receiver.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    server.on('tlsClientError', () => undefined);
    server.on('request', (request, response: ServerResponse) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      request.on('end', () => {
        const received = {
          headers: request.headers,
          body: Buffer.concat(pieces).toString('utf8'),
          path: request.url ?? '',
        };
        receiver.received.push(received);
        receiver.answer(response, received);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => receiver.stop());
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of sockets that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  url(host = 'localhost', path = '/in'): string {
    return `https://${host}:${this.port}${path}`;
  }

  /** Cuts open connections. After that it cannot be reached. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/**
 * True if one of the signatures is right. It follows the specification alone and uses none of our
 * code.
 */
export function isSigned(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const text = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const right = `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(right);
}
