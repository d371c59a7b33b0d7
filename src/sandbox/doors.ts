/**
 * Where the program under test connects: a port for each way in, on IPv4 and IPv6, which can be
 * shut, and whose certificate can be a wrong one.
 *
 * TLS ends here, with a certificate of the sandbox, so that every line is seen.
 */
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { pause } from './dialogue.ts';
import type { TlsKind } from './scenario.ts';

export type DoorName = 'submission' | 'submissions' | 'pop3' | 'pop3s' | 'api';
export interface DoorWish {
  readonly name: DoorName;
  /** 0: one that is free. */
  readonly port: number;
}

/**
 * Told of each connection. `secure` starts TLS on it and rejects where the program does not agree.
 */
export type Serve = (door: DoorName, socket: Socket, secure: (raw: Socket) => Promise<TLSSocket>) => void;

/** More connections at once than any program has. */
const MAX_CONNECTIONS = 200;
const HANDSHAKE = 60_000;
/** Milliseconds, and how often, that a door waits to be opened again. */
const [PAUSE, TRIES] = [200, 100];

export class Doors {
  /** Ports by name, once they are open. */
  readonly ports = new Map<DoorName, number>();
  kind: TlsKind = 'good';
  readonly #servers = new Map<string, Server>();
  readonly #sockets = new Set<Socket>();
  readonly #options: Readonly<Record<TlsKind, TLSSocketOptions>>;
  readonly #serve: Serve;

  constructor(options: Readonly<Record<TlsKind, TLSSocketOptions>>, serve: Serve) {
    this.#options = options;
    this.#serve = serve;
  }

  /**
   * Opens every door on each of the addresses and shuts it on all others. Answers the addresses
   * that this machine does not have.
   */
  async open(wishes: readonly DoorWish[], addresses: readonly string[]): Promise<readonly string[]> {
    const missing = new Set<string>();
    for (const [key, server] of this.#servers) if (!addresses.includes(key.split(' ')[0] ?? '')) await shut(server);
    for (const key of [...this.#servers.keys()]) if (!this.#servers.get(key)?.listening) this.#servers.delete(key);
    for (const address of addresses)
      for (const { name, port } of wishes) {
        const key = `${address} ${name}`;
        if (this.#servers.has(key) || missing.has(address)) continue;
        const server = createServer((socket) => this.#come(name, socket));
        server.maxConnections = MAX_CONNECTIONS;
        try {
          this.ports.set(name, await listening(server, address, this.ports.get(name) ?? port, this.ports.has(name)));
          this.#servers.set(key, server);
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
          missing.add(address);
        }
      }
    return [...missing];
  }

  #come(name: DoorName, socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    // The certificate is that of the moment: who came while a scenario was made ready waits for it.
    this.#serve(name, socket, (raw) => this.#secured(this.kind, raw));
  }

  #secured(kind: TlsKind, raw: Socket): Promise<TLSSocket> {
    const secure = new TLSSocket(raw, { isServer: true, ...this.#options[kind] });
    const timer = setTimeout(() => raw.destroy(), HANDSHAKE);
    // Until the handshake is done, Node tells TLS errors of a server without tls.Server only by
    // _tlsError.
    return new Promise((resolve, reject) => {
      secure
        .on('error', reject)
        .once('_tlsError', reject)
        .once('close', () => reject(new Error('the program ended the connection')))
        .once('secure', () => resolve(secure));
      raw.once('close', () => reject(new Error('the program ended the connection')));
    }).finally(() => clearTimeout(timer)) as Promise<TLSSocket>;
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await Promise.all([...this.#servers.values()].map(shut));
    this.#servers.clear();
  }
}

/**
 * A port that was free a moment ago may be the near end of somebody's connection now, for a while:
 * a door that is opened again waits for it.
 */
async function listening(server: Server, host: string, port: number, again: boolean): Promise<number> {
  for (let tries = 0; ; tries++)
    try {
      return await once(server, host, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !again || tries >= TRIES) throw error;
      await pause(PAUSE);
    }
}

const once = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

const shut = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    // Connections that are open go on; the door is shut at once, and nobody waits for them.
    resolve();
  });
