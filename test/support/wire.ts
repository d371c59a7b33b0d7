/**
 * One client connection that costs little: octets stay octets, replies are read line by line, and a
 * POP3 message is un-stuffed in slices.
 *
 * Fault tests and benchmarks share it, so it does nothing that a measurement would notice: no work
 * for each line of a message, and no event for each reply. It verifies certificates as any client
 * does.
 */
import { type Socket, connect as connectTcp } from 'node:net';
import { type SecureContext, type TLSSocket, connect as connectTls, createSecureContext } from 'node:tls';

/**
 * The connection ended or broke before the answer was complete. That is expected if a test kills
 * the server.
 */
export class WireEnded extends Error {
  override readonly name = 'WireEnded';
}

export interface WireTarget {
  readonly host?: string;
  readonly port: number;
  /**
   * The address from which it connects: any of 127.0.0.0/8. For the gateway, each is a network of
   * its own.
   */
  readonly localAddress?: string;
  readonly tls: 'implicit' | 'starttls';
  /** A name on the server's certificate. */
  readonly servername: string;
  /**
   * Made once by `trusting`: to read the authority for every connection would cost more than the
   * handshake.
   */
  readonly context: SecureContext;
  /** A session ticket of an earlier connection. Without it, there is a full handshake. */
  readonly session?: Buffer;
  /** Milliseconds that any single answer may take. */
  readonly patience?: number;
}

export const trusting = (ca: string): SecureContext => createSecureContext({ ca });

const PATIENCE = 60_000;
const NL = 0x0a;
const DOT = 0x2e;
const CR = 0x0d;

const connected = (socket: Socket, event: 'connect' | 'secureConnect', patience: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`no ${event} in time`)), patience).unref();
    const failed = (error?: Error): void => {
      clearTimeout(timer);
      reject(new WireEnded(`no ${event}`, { cause: error }));
    };
    socket.once('error', failed).once('close', failed);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off('error', failed).off('close', failed);
      resolve();
    });
  });

export class Wire {
  #socket: Socket;
  readonly #target: WireTarget;
  #chunks: Buffer[] = [];
  #ended = false;
  #cause: Error | undefined;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The latest session ticket that the server gave. */
  ticket: Buffer | undefined;

  private constructor(socket: Socket, target: WireTarget) {
    this.#socket = socket;
    this.#target = target;
  }

  static async open(target: WireTarget): Promise<Wire> {
    const { port, host = '127.0.0.1', localAddress } = target;
    const socket = connectTcp({ port, host, ...(localAddress === undefined ? {} : { localAddress }) });
    socket.setNoDelay(true);
    await connected(socket, 'connect', target.patience ?? PATIENCE);
    const wire = new Wire(socket, target);
    if (target.tls === 'implicit') await wire.startTls();
    else wire.#listen();
    return wire;
  }

  /**
   * Starts TLS on the open connection. Plain text that was read before is dropped (RFC 3207 section
   * 4.2).
   */
  async startTls(): Promise<void> {
    const { context, servername, session } = this.#target;
    // The TLS socket reports errors of the socket below it. Without a listener there, a reset would
    // end the test's process.
    this.#socket.removeAllListeners().on('error', () => undefined);
    this.#chunks = [];
    const secure: TLSSocket = connectTls({
      socket: this.#socket,
      secureContext: context,
      servername,
      ...(session && { session }),
    });
    secure.on('session', (ticket: Buffer) => (this.ticket = ticket));
    this.#socket = secure;
    await connected(secure, 'secureConnect', this.#target.patience ?? PATIENCE);
    this.#listen();
  }

  get resumed(): boolean {
    return (this.#socket as TLSSocket).isSessionReused();
  }

  #listen(): void {
    const ended = (error?: Error | boolean): void => {
      this.#ended = true;
      if (error instanceof Error) this.#cause = error;
      this.#wake?.();
    };
    this.#socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    this.#socket.on('end', ended).on('close', ended).on('error', ended);
  }

  /** Waits for octets that are not read yet. */
  async #more(): Promise<void> {
    if (this.#ended) throw new WireEnded('the connection ended', { cause: this.#cause });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      // Each connection has one timer, which is restarted and not made anew for every answer.
      if (this.#timer === undefined)
        this.#timer = setTimeout(
          () => this.#socket.destroy(new Error('no answer in time')),
          this.#target.patience ?? PATIENCE,
        ).unref();
      else this.#timer.refresh();
    });
    this.#wake = undefined;
  }

  /** Sends. False if the socket's buffer is full: then await `drained`. */
  send(octets: string | Uint8Array): boolean {
    return typeof octets === 'string' ? this.#socket.write(octets, 'latin1') : this.#socket.write(octets);
  }

  async drained(): Promise<void> {
    if (this.#ended) throw new WireEnded('the connection ended', { cause: this.#cause });
    if (this.#socket.writableNeedDrain)
      await new Promise<void>((resolve, reject) => {
        const cut = (): void => reject(new WireEnded('the connection ended'));
        this.#socket.once('close', cut);
        this.#socket.once('drain', () => {
          this.#socket.off('close', cut);
          resolve();
        });
      });
  }

  /** The next line without its line end, as Latin-1: every octet is one character. */
  async line(): Promise<string> {
    let kept = '';
    for (;;) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) {
        await this.#more();
        continue;
      }
      const at = chunk.indexOf(NL);
      if (at < 0) {
        kept += chunk.toString('latin1');
        this.#chunks.shift();
        continue;
      }
      kept += chunk.toString('latin1', 0, at);
      if (at + 1 === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(at + 1);
      return kept.endsWith('\r') ? kept.slice(0, -1) : kept;
    }
  }

  /**
   * The head of an HTTP answer without the empty line. It is read as a whole, since reading it line
   * by line would cost more than the answer.
   */
  async head(): Promise<string> {
    for (let text = ''; ;) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) {
        await this.#more();
        continue;
      }
      const before = text.length;
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
      if (end < 0) continue;
      const rest = chunk.subarray(end + 4 - before);
      if (rest.length > 0) this.#chunks.unshift(rest);
      return text.slice(0, end);
    }
  }

  /** Reads this many octets, and passes them to `take` in slices. */
  async octets(length: number, take: (slice: Buffer) => void = () => undefined): Promise<void> {
    for (let left = length; left > 0;) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) {
        await this.#more();
        continue;
      }
      if (chunk.length > left) this.#chunks.unshift(chunk.subarray(left));
      take(chunk.subarray(0, left));
      left -= Math.min(left, chunk.length);
    }
  }

  /**
   * Reads a multi-line answer up to its lone dot (RFC 1939 section 3), un-stuffed, in slices to
   * `take`. Resolves to the number of octets. Throws if a line begins with a single dot: the server
   * forgot to stuff it.
   */
  async message(take: (slice: Buffer) => void = () => undefined): Promise<number> {
    let octets = 0;
    let atLineStart = true;
    const give = (slice: Buffer): void => {
      if (slice.length === 0) return;
      octets += slice.length;
      take(slice);
    };
    let carried: Buffer | undefined;
    for (;;) {
      const next = this.#chunks.shift();
      if (next === undefined) {
        await this.#more();
        continue;
      }
      const chunk: Buffer = carried === undefined ? next : Buffer.concat([carried, next]);
      carried = undefined;
      let from = 0;
      let dot = atLineStart && chunk[0] === DOT ? 0 : afterLineEnd(chunk, 0);
      while (dot >= 0) {
        if (dot + 2 >= chunk.length) break;
        if (chunk[dot + 1] === CR && chunk[dot + 2] === NL) {
          give(chunk.subarray(from, dot));
          if (dot + 3 < chunk.length) this.#chunks.unshift(chunk.subarray(dot + 3));
          return octets;
        }
        if (chunk[dot + 1] !== DOT) throw new Error('a line of a message starts with a dot that was not stuffed');
        give(chunk.subarray(from, dot));
        from = dot + 1;
        dot = afterLineEnd(chunk, from);
      }
      if (dot < 0) {
        give(chunk.subarray(from));
        atLineStart = chunk.at(-1) === NL;
      } else {
        give(chunk.subarray(from, dot));
        carried = chunk.subarray(dot);
        atLineStart = true;
      }
    }
  }

  /**
   * Stops reading. The server's data then stays in the kernel's buffers, as with a client that
   * hangs.
   */
  stall(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /**
   * Resolves when the server has ended the connection. What it said before can still be read with
   * `line`.
   */
  async ended(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }
}

/** The position of a dot that begins a line, at or after `from`; -1 if there is none. */
function afterLineEnd(chunk: Buffer, from: number): number {
  const at = chunk.indexOf('\n.', from, 'latin1');
  return at < 0 ? -1 : at + 1;
}
