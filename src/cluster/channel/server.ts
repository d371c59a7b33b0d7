/**
 * Answers other gateways. Only those of `cluster.peers`, with certificates of the cluster's
 * authority; each at most a few connections and so many requests a minute; nothing is answered
 * before both have said who they are.
 */
import type { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type Server, type TLSSocket, createServer } from 'node:tls';
import type { Clock, Log } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds, minutes, seconds } from '../../domain/units.ts';
import { openTls } from '../../platform/tls-line.ts';
import type { PeerAddress } from './client.ts';
import { judge } from './hello.ts';
import { type ChannelMaterial, secureOptionsOf } from './identity.ts';
import { Line } from './line.ts';
import { ChannelBroken, PeerRefused } from './refusals.ts';
import { type Handlers, type Introduction, REQUESTS, type RequestName, asked } from './requests.ts';

const HANDSHAKE_TIME = seconds(5);
/** Longest wait for the next request; a round asks without a pause. */
const REQUEST_TIME = seconds(10);
const MAX_CONNECTIONS = 32;
export const MAX_PER_PEER = 4;
/** Of one peer in a minute. A first exchange of ten years asks a few thousand times, once. */
export const MAX_REQUESTS = 6000;
const WINDOW = minutes(1);

export interface AnswererParts {
  readonly introduction: () => Introduction;
  readonly peers: readonly PeerAddress[];
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a node that may speak with this one was refused, or a stranger came. */
  readonly refused: (host: string, refusal: PeerRefused) => void;
}

interface Use {
  connections: number;
  requests: number;
  windowAt: Milliseconds;
}

export class Answerer {
  readonly #p: AnswererParts;
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  readonly #uses = new Map<string, Use>();
  #stopping = false;

  constructor(parts: AnswererParts, material: ChannelMaterial) {
    this.#p = parts;
    this.#server = createServer(
      {
        ...secureOptionsOf(material),
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HANDSHAKE_TIME,
      },
      (socket) => void this.#serve(socket),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('tlsClientError', (error) => parts.log.debug('cluster.handshake-failed', { why: error.message }));
  }

  /** Resolves with the port in use. Rejects with what the system says. */
  async open({ address, port }: { readonly address: string; readonly port: number }): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error: Error) => this.#p.log.error('cluster.listener', { why: error.message }));
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections get these. */
  update(material: ChannelMaterial): void {
    this.#server.setSecureContext(secureOptionsOf(material));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const line of this.#lines) line.destroy();
    if (!this.#server.listening) return;
    await closed;
  }

  async #serve(socket: TLSSocket): Promise<void> {
    const line = new Line(socket, this.#p.clock);
    this.#lines.add(line);
    const host = this.#hostOf(openTls(socket)?.getPeerX509Certificate());
    const use = this.#uses.get(host) ?? { connections: 0, requests: 0, windowAt: this.#p.clock.monotonic() };
    this.#uses.set(host, use);
    use.connections += 1;
    try {
      if (host === STRANGER)
        throw new PeerRefused(
          'not-listed',
          'the certificate is for no name that is in cluster.peers of this node; add the node there, or issue a certificate for its name',
        );
      if (use.connections > MAX_PER_PEER) throw tooMuch(`${MAX_PER_PEER} connections`);
      await this.#greet(line);
      while (!this.#stopping) await this.#answerNext(line, use);
    } catch (error) {
      this.#told(line, host, error);
    } finally {
      use.connections -= 1;
      this.#lines.delete(line);
    }
  }

  /** The name of `cluster.peers` that the certificate is for. */
  #hostOf(certificate: X509Certificate | undefined): string {
    return this.#p.peers.find(({ host }) => certificate?.checkHost(host) !== undefined)?.host ?? STRANGER;
  }

  async #greet(line: Line): Promise<void> {
    const first = asked.safeParse(await line.next(HANDSHAKE_TIME));
    if (!first.success || first.data.ask !== 'hello')
      throw new PeerRefused('unknown-request', 'the first request was no hello');
    const theirs = REQUESTS.hello.in.safeParse(first.data.with);
    if (!theirs.success)
      throw new PeerRefused(
        'unknown-request',
        'it introduces itself as no node of this version does; upgrade the older',
      );
    const ours = this.#p.introduction();
    judge(ours, theirs.data);
    line.send({ ok: ours });
  }

  async #answerNext(line: Line, use: Use): Promise<void> {
    const request = asked.safeParse(await line.next(REQUEST_TIME));
    if (!request.success) throw new ChannelBroken('a request has no shape that this version knows');
    this.#count(use);
    try {
      line.send({ ok: await this.#answer(request.data.ask, request.data.with) });
    } catch (error) {
      if (error instanceof PeerRefused) return line.send({ no: error.code, why: error.message });
      this.#p.log.error('cluster.request-failed', { ask: request.data.ask.slice(0, 20), why: String(error) });
      line.send({ no: 'failed', why: `it failed on node "${this.#p.introduction().node}", whose log tells why` });
    }
  }

  #count(use: Use): void {
    const now = this.#p.clock.monotonic();
    if (now - use.windowAt >= WINDOW) {
      use.windowAt = milliseconds(now);
      use.requests = 0;
    }
    use.requests += 1;
    if (use.requests > MAX_REQUESTS) throw tooMuch(`${MAX_REQUESTS} requests a minute`);
  }

  async #answer(name: string, given: unknown): Promise<unknown> {
    const answerers = this.#answerers;
    const answerer = Object.hasOwn(answerers, name) ? answerers[name as keyof Handlers] : undefined;
    if (answerer === undefined) throw new PeerRefused('unknown-request', 'this version knows no such request');
    return await answerer(given);
  }

  readonly #answerers: Readonly<Record<keyof Handlers, (given: unknown) => Promise<unknown>>> = {
    'keys.have': (given) => this.#p.handlers['keys.have'](shaped('keys.have', given)),
    'keys.give': (given) => this.#p.handlers['keys.give'](shaped('keys.give', given)),
    'keys.take': (given) => this.#p.handlers['keys.take'](shaped('keys.take', given)),
    'keys.kept': (given) => this.#p.handlers['keys.kept'](shaped('keys.kept', given)),
    'keys.erasing': (given) => this.#p.handlers['keys.erasing'](shaped('keys.erasing', given)),
    'keys.close': (given) => this.#p.handlers['keys.close'](shaped('keys.close', given)),
    'keys.erase': (given) => this.#p.handlers['keys.erase'](shaped('keys.erase', given)),
    'signing.have': (given) => this.#p.handlers['signing.have'](shaped('signing.have', given)),
    'signing.give': (given) => this.#p.handlers['signing.give'](shaped('signing.give', given)),
    'tickets.current': (given) => this.#p.handlers['tickets.current'](shaped('tickets.current', given)),
  };

  #told(line: Line, host: string, error: unknown): void {
    if (error instanceof PeerRefused) {
      line.send({ no: error.code, why: error.message });
      line.close();
      return this.#p.refused(host, error);
    }
    line.destroy();
    // Whoever has asked enough goes: that is how every conversation ends.
    this.#p.log.debug('cluster.line-ended', { peer: host, why: String(error) });
  }
}

const STRANGER = 'a stranger';

const tooMuch = (limit: string): PeerRefused =>
  new PeerRefused('too-much', `more than ${limit} of one node; it is tried again with the next round`);

function shaped<N extends RequestName>(name: N, given: unknown): ReturnType<(typeof REQUESTS)[N]['in']['parse']> {
  const its = REQUESTS[name].in.safeParse(given);
  if (!its.success) throw new PeerRefused('unknown-request', `${name} has no shape that this version knows`);
  return its.data as ReturnType<(typeof REQUESTS)[N]['in']['parse']>;
}
