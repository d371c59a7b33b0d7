/**
 * The socket of one session of a protocol that we serve ourselves (POP3, LDAP): TLS on it, space to
 * write, and the time that its peer has.
 *
 * There is no timer: the owner of the session looks at `due` once a second, which keeps thousands
 * of idle sessions cheap.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type ShownChain, clientCertificateRequest, shownChain } from './client-certificate.ts';
import { ConnectionGone } from './connection-gone.ts';
import type { SessionFacts } from './connections.ts';
import { tlsLine } from './tls-line.ts';

export interface ServedSocketEvents {
  readonly data: (chunk: Buffer) => void;
  /** The peer has closed its side. */
  readonly ended: () => unknown;
  /** Called once, when both sides are closed. */
  readonly closed: () => void;
  /** TLS failed, in the handshake or later. */
  readonly tlsFailed: () => void;
}

/** `Ending`: the reasons for which a session ends when its peer was too slow. */
export class ServedSocket<Ending extends string> {
  readonly #on: ServedSocketEvents;
  #raw: Socket;
  #secure = false;
  #gone = false;
  #abort: AbortController | undefined;
  #wake: (() => void) | undefined;
  /**
   * When the session ends unless this is moved (monotonic); `dueEnding` is the reason for the log.
   */
  due: number;
  dueEnding: Ending | 'stalled';

  constructor(
    raw: Socket,
    due: { readonly at: number; readonly ending: NoInfer<Ending> | 'stalled' },
    on: ServedSocketEvents,
  ) {
    this.#raw = raw;
    this.#on = on;
    this.due = due.at;
    this.dueEnding = due.ending;
    raw.on('error', ignore);
  }

  /** The socket to which to write: inside TLS from `startTls` on. */
  get raw(): Socket {
    return this.#raw;
  }

  /** True inside TLS. */
  get secure(): boolean {
    return this.#secure;
  }

  /** True while the TLS handshake runs, during which nothing can be sent. */
  get inHandshake(): boolean {
    return this.#raw instanceof TLSSocket && !this.#secure;
  }

  /** For example `TLSv1.3`; empty outside TLS. */
  get tlsVersion(): string {
    return tlsLine(this.#raw)?.tls ?? '';
  }

  /** The connection has closed. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Aborted when the connection closes. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone) this.#abort.abort();
    return this.#abort.signal;
  }

  get line(): Pick<SessionFacts, 'tls' | 'cipher' | 'octets'> {
    const { bytesRead: read, bytesWritten: written } = this.#raw;
    return { ...(this.#secure ? tlsLine(this.#raw) : {}), octets: { read, written } };
  }

  /** Passes events on from now on. */
  listen(): void {
    this.#raw
      .on('data', (chunk: Buffer) => this.#on.data(chunk))
      .on('drain', () => this.#wake?.())
      .on('end', () => this.#on.ended())
      .on('close', () => this.#closed());
  }

  /**
   * Begins TLS. What we wrote without encryption is sent first, and nothing more that came without
   * it is read. The owner must forget what it holds from before: it may come from an attacker, and
   * must never count as sent inside TLS (RFC 2595 section 4, RFC 4511 section 4.14.1,
   * CVE-2011-0411).
   */
  startTls(secureContext: SecureContext, secured: (shown: ShownChain | undefined) => void): void {
    const plain = this.#raw;
    this.flush();
    for (const event of ['data', 'drain', 'end', 'close']) plain.removeAllListeners(event);
    const secure = new TLSSocket(plain, { isServer: true, secureContext, ...clientCertificateRequest });
    this.#raw = secure;
    // During the handshake and after it, this is the only event by which Node reports TLS errors of
    // a server without tls.Server.
    secure.on('error', ignore).on('_tlsError', () => this.#on.tlsFailed());
    secure.once('secure', () => {
      this.#secure = true;
      secured(shownChain(secure));
    });
    this.listen();
  }

  /** Sends what was held back to leave in one write. */
  flush(): void {
    while (this.#raw.writableCorked > 0) this.#raw.uncork();
  }

  /**
   * Resolves when there is space to write. The peer has until `until`; after that the former
   * deadline holds again. Rejects with ConnectionGone.
   */
  async room(until: number): Promise<void> {
    if (!this.#raw.writableNeedDrain) return;
    const { due, dueEnding } = this;
    this.due = until;
    this.dueEnding = 'stalled';
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.mustBeThere();
    this.due = due;
    this.dueEnding = dueEnding;
  }

  mustBeThere(): void {
    if (this.#gone) throw new ConnectionGone('the peer has gone');
  }

  /** Ends our side. The socket is read to its end, or we would not see that the peer closes. */
  end(): void {
    this.#raw.end();
    this.#raw.resume();
  }

  #closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#abort?.abort();
    this.#on.closed();
    this.#wake?.();
  }
}

const ignore = (): void => undefined;
