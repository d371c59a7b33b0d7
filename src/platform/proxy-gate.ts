/**
 * Takes the PROXY header off the connections that come from a listed load balancer, before TLS and
 * before any limit is applied.
 *
 * From any other peer a header does not count: it would let that peer choose the address that
 * limits and logs use. From a listed address the header is required (the protocol forbids
 * guessing); anything else ends the connection.
 */
import type { Socket } from 'node:net';
import type { Clock, Log } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import { joinSmall } from './bytes.ts';
import { NetworkSet } from './network.ts';
import { type ProxyHeader, LONGEST_HEADER, readProxyHeader } from './proxy-protocol.ts';
import { turns } from './turns.ts';

export interface ProxyGateOptions {
  /** Addresses of the balancers, in CIDR notation. */
  readonly networks: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** How long the header may take. Default: 5 s; a balancer sends it at once. */
  readonly patience?: Milliseconds;
  /**
   * Most connections that wait for their header at the same time; the next one is dropped. Default:
   * 4096.
   */
  readonly most?: number;
}

export class ProxyGate {
  readonly #networks: NetworkSet;
  readonly #options: ProxyGateOptions;
  readonly #waiting = new Set<Socket>();

  constructor(options: ProxyGateOptions) {
    this.#options = options;
    this.#networks = new NetworkSet(options.networks);
  }

  /** True if this connection has to start with a header. */
  expects(socket: Socket): boolean {
    return (
      this.#options.networks.length > 0 &&
      socket.remoteAddress !== undefined &&
      this.#networks.has(socket.remoteAddress)
    );
  }

  /**
   * Calls `use` with the client's address once the header is read; the socket then stands at the
   * octet after it. Without a right header it drops the connection.
   */
  take(socket: Socket, use: (address: string) => void): void {
    const { clock, most = 4096, patience = seconds(5) } = this.#options;
    const proxy = socket.remoteAddress ?? '';
    let held: Buffer = Buffer.alloc(0);
    const finish = (): void => {
      timer.cancel();
      this.#waiting.delete(socket);
      socket.off('readable', read).off('end', ended).off('close', finish);
    };
    const drop = (why: string): void => {
      finish();
      this.#options.log.warn('proxy.refused', { proxy, why });
      socket.destroy();
    };
    const ended = (): void => drop('the connection ended before its header');
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      const before = held.length;
      held = before === 0 ? chunk : joinSmall([held, chunk.subarray(0, LONGEST_HEADER)]);
      const header: ProxyHeader = readProxyHeader(held);
      if (header.kind === 'more') return;
      if (header.kind === 'wrong') return drop(header.why);
      const { length } = header;
      finish();
      const rest = chunk.subarray(length - before);
      if (rest.length > 0) socket.unshift(rest);
      use(header.kind === 'proxied' ? header.address : proxy);
    };
    const timer = clock.after(patience, () =>
      turns.soon(() => {
        if (this.#waiting.has(socket)) drop('the header did not come in time');
      }),
    );
    // The handler stays: errors of the socket may come before its next owner listens.
    socket.on('error', ignore);
    if (this.#waiting.size >= most) return drop('too many connections wait for their header');
    this.#waiting.add(socket);
    socket.on('readable', read).once('end', ended).once('close', finish);
  }

  /** Connections that wait for their header. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Drops the connections that wait. */
  stop(): void {
    turns.each(this.#waiting, (socket) => socket.destroy());
  }
}

const ignore = (): void => undefined;
