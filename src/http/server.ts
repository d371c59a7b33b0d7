/**
 * The HTTP listeners of the gateway itself, without a login. The one on loopback has `/metrics`,
 * `/live` and `/ready`: what it tells is for whoever runs this machine. The other one has only
 * `/live` and `/ready`, and says no more than the names of reasons: for load balancers on other
 * machines, by their addresses. Neither changes anything, or reads a request further than its first
 * line.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';
import { ListenerRefused } from '../platform/listener.ts';
import { logLines } from '../platform/log-lines.ts';
import type { Exposition } from './exposition.ts';
import type { ReadyNote, ReadyRole, Reason } from '../domain/readiness.ts';
import { NetworkSet } from '../platform/network.ts';
import { answerReady } from './health.ts';

export interface HttpListenerOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Absent: there is no `/metrics`, and `/ready` has no texts. */
  readonly metrics?: Exposition;
  readonly reasons: (role?: ReadyRole) => readonly Reason[];
  /** Further notes about a gateway that is ready. */
  readonly notes?: () => readonly ReadyNote[];
  /**
   * From where it may be reached; others are cut off before they are heard. Left out: from
   * anywhere.
   */
  readonly networks?: readonly string[];
  readonly log: Log;
}

export interface HttpListener {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** A metrics server, a load balancer and a person: more at a time are a mistake. */
export const MOST_CONNECTIONS = 32;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

const PLAIN = 'text/plain; charset=utf-8';

/** Starts the listener. Rejects with ListenerRefused. */
export async function startHttpListener(options: HttpListenerOptions): Promise<HttpListener> {
  const { address, port, networks, log } = options;
  const server = createServer(
    { headersTimeout: seconds(5), requestTimeout: seconds(5), keepAliveTimeout: seconds(5), maxHeaderSize: 8192 },
    (request, response) => void handle(options, request, response),
  );
  server.maxConnections = MOST_CONNECTIONS;
  if (networks !== undefined) {
    const known = new NetworkSet(networks);
    server.on('connection', (socket) => {
      if (!known.has(socket.remoteAddress ?? '')) socket.destroy();
    });
  }
  await listening(server, address, port);
  server.on('error', (error) => log.error('http.listener', { why: error.message }));
  const open = (server.address() as AddressInfo).port;
  log.info('http.open', { address, port: open, ...(options.metrics === undefined && { only: 'ready' }) });
  return {
    address,
    port: open,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listening(server: Server, address: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new ListenerRefused(
      `Cannot open the port for health and metrics, ${address} port ${port}: ${code === 'EADDRINUSE' ? 'another program listens there' : String(code ?? error)}; choose another one in the section http, or set enabled = "no" there`,
      { cause: error },
    );
  });
}

async function handle(options: HttpListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const {
    status,
    body,
    type = PLAIN,
  } = await answerTo(options, request).catch((error: unknown): Answer => {
    options.log.error('http.failed', { why: error instanceof Error ? error.message : String(error) });
    return { status: 500, body: 'internal error; the log of the gateway says more\n' };
  });
  // Whatever came with the request is not read.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
    response.shouldKeepAlive = false;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  logLines.flush();
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(
  { metrics, reasons, notes }: HttpListenerOptions,
  { method, url = '' }: IncomingMessage,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'use GET or HEAD here\n' };
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === '/live') return { status: 200, body: 'live\n' };
  if (path === '/ready')
    return answerReady(mark < 0 ? '' : url.slice(mark + 1), reasons, metrics === undefined, notes?.());
  if (metrics === undefined) return { status: 404, body: 'not found; ask for /live or /ready\n' };
  if (path === '/metrics') return { status: 200, body: await metrics.text(), type: metrics.contentType };
  return { status: 404, body: 'not found; ask for /live, /ready or /metrics\n' };
}
