/**
 * The client's end of POP3 (RFC 1939), with TLS from the first octet or by STLS (RFC 2595):
 * commands, and answers of any length as they come.
 */
import { type Socket, connect as connectPlain, isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';
import { defined } from '../../domain/defined.ts';
import { JOIN_LIMIT, joinSmall } from '../../platform/bytes.ts';
import { fingerprintOf, shownChain } from '../../platform/client-certificate.ts';
import { SourceError } from './source.ts';

export interface Pop3Server {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'stls';
  /** PEM, in place of the system's authorities. */
  readonly ca?: string;
  /** SHA-256 of the certificate, 64 hexadecimal digits: this one is taken, whatever else it is. */
  readonly pin?: string;
  /** Milliseconds that the server may be silent. */
  readonly patience?: number;
}

const PATIENCE = 120_000;
/** A status line; RFC 1939 section 3 allows 512 octets, and some servers greet at length. */
const MAX_LINE = 4096;
const [CR, LF, DOT] = [13, 10, 46];

export class Pop3Connection {
  readonly #server: Pop3Server;
  #socket: Socket;
  #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(server: Pop3Server, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
    this.#chunks = this.#listen(socket);
  }

  static async open(server: Pop3Server): Promise<Pop3Connection> {
    const { host, port } = server;
    const secure = server.tls === 'implicit';
    const socket = secure
      ? await secured(server, { host, port })
      : await connected(connectPlain({ host, port }), 'connect', server);
    const connection = new Pop3Connection(server, socket);
    try {
      await connection.#status('the greeting');
      if (!secure) await connection.#startTls();
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  #listen(socket: Socket): AsyncIterator<Buffer> {
    socket.setTimeout(this.#server.patience ?? PATIENCE, () =>
      socket.destroy(new Error(`it said nothing for ${(this.#server.patience ?? PATIENCE) / 1000} s`)),
    );
    return (socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async #startTls(): Promise<void> {
    await this.command('STLS');
    // RFC 2595 section 4: what came in plain text behind the answer must not be taken for what TLS
    // protects.
    if (this.#rest.length > 0) throw this.#error('STLS', 'it sent more in plain text behind its answer');
    await this.#chunks.return?.();
    this.#socket.setTimeout(0);
    this.#socket = await secured(this.#server, { socket: this.#socket });
    this.#chunks = this.#listen(this.#socket);
  }

  /**
   * One command and its status line, without `+OK`. Throws SourceError at `-ERR`; `shown` stands in
   * its text, for a command with a secret in it.
   */
  async command(line: string, shown = line): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return await this.#status(shown);
  }

  /** Sends a line to which a challenge is expected: true if the answer begins with `+ `. */
  async challenge(line: string): Promise<boolean> {
    this.#socket.write(`${line}\r\n`);
    return (await this.#line(line)).startsWith('+ ');
  }

  async #status(what: string): Promise<string> {
    const line = await this.#line(what);
    if (line.startsWith('+OK')) return line.slice(4);
    throw this.#error(what, `it answered "${line.slice(0, 200)}"`);
  }

  async #line(what: string): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(LF);
      if (end >= 0) {
        const line = this.#rest.toString('utf8', 0, end).replace(/\r$/, '');
        this.#rest = this.#rest.subarray(end + 1);
        return line.replace(/[\p{Cc}\p{Cf}]/gu, '?');
      }
      if (this.#rest.length > MAX_LINE) throw this.#error(what, `its answer is longer than ${MAX_LINE} octets`);
      await this.#more(what);
    }
  }

  async #more(what: string): Promise<void> {
    let got: IteratorResult<Buffer>;
    try {
      got = await this.#chunks.next();
    } catch (error) {
      throw this.#error(what, error instanceof Error ? error.message : String(error));
    }
    if (got.done === true) throw this.#error(what, 'it closed the connection');
    this.#rest = this.#rest.length === 0 ? got.value : joinSmall([this.#rest, got.value]);
  }

  /**
   * What follows a status line, up to the line with a dot alone, dot-stuffing undone (RFC 1939
   * section 3). Read it to its end.
   */
  async *content(what: string): AsyncGenerator<Buffer> {
    let lineStart = true;
    for (;;) {
      const part = unstuffed(this.#rest, lineStart);
      this.#rest = this.#rest.subarray(part.taken);
      lineStart = part.lineStart;
      yield* part.slices;
      if (part.end) return;
      if (this.#rest.length > JOIN_LIMIT / 2) throw this.#error(what, 'its answer cannot be read');
      await this.#more(what);
    }
  }

  /** Lines of a listing, at most `most`. */
  async lines(what: string, most: number): Promise<string[]> {
    const lines: string[] = [];
    let rest = '';
    for await (const slice of this.content(what)) {
      const parts = (rest + slice.toString('latin1')).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > MAX_LINE || lines.length + parts.length > most)
        throw this.#error(what, `it lists more than ${most} messages`);
      for (const part of parts) lines.push(part.replace(/\r$/, ''));
    }
    return lines;
  }

  #error(what: string, why: string): SourceError {
    return new SourceError(`Cannot fetch from ${this.#server.host}:${this.#server.port}: at ${what}, ${why}`);
  }

  destroy(): void {
    this.#socket.on('error', () => undefined).destroy();
  }
}

/**
 * Of the octets so far: slices of content, how many octets are done with, and whether the end was
 * among them.
 */
function unstuffed(
  octets: Buffer,
  atStart: boolean,
): { readonly slices: Buffer[]; readonly taken: number; readonly lineStart: boolean; readonly end: boolean } {
  const slices: Buffer[] = [];
  let from = 0;
  let lineStart = atStart;
  for (let at = 0; at < octets.length;) {
    if (lineStart && octets[at] === DOT) {
      // The two bytes after this dot show whether it ends everything.
      const next = octets[at + 1];
      const undecided = next === undefined || (next === CR && octets[at + 2] === undefined);
      if (at > from) slices.push(octets.subarray(from, at));
      if (undecided) return { slices, taken: at, lineStart, end: false };
      if (next === LF) return { slices, taken: at + 2, lineStart, end: true };
      if (next === CR && octets[at + 2] === LF) return { slices, taken: at + 3, lineStart, end: true };
      from = at + 1;
    }
    const end = octets.indexOf(LF, at);
    lineStart = end >= 0;
    at = end < 0 ? octets.length : end + 1;
  }
  if (octets.length > from) slices.push(octets.subarray(from));
  return { slices, taken: octets.length, lineStart, end: false };
}

async function connected<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  server: Pop3Server,
): Promise<S> {
  const patience = setTimeout(() => socket.destroy(new Error('it does not answer')), server.patience ?? PATIENCE);
  try {
    await new Promise<void>((resolve, reject) => socket.once(event, resolve).once('error', reject));
    return socket;
  } catch (error) {
    socket.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    const about = code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code);
    throw new SourceError(
      `Cannot connect to ${server.host}:${server.port}: ${message}${about ? '; give its authority with --ca, or the certificate itself with --pin' : ''}`,
    );
  } finally {
    clearTimeout(patience);
  }
}

async function secured(server: Pop3Server, to: ConnectionOptions): Promise<TLSSocket> {
  const { host, ca, pin } = server;
  const socket = connectTls({
    ...to,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...defined({ ca }),
    rejectUnauthorized: pin === undefined,
  });
  await connected(socket, 'secureConnect', server);
  if (pin === undefined) return socket;
  const [own] = shownChain(socket) ?? [];
  if (own === undefined)
    throw new SourceError(`${host}:${server.port} ended the connection within its handshake; try again`);
  const shown = fingerprintOf(own);
  if (shown === pin) return socket;
  socket.destroy();
  throw new SourceError(
    `Cannot trust ${host}:${server.port}: its certificate has the SHA-256 fingerprint ${shown}; expected ${pin}; is this the right server?`,
  );
}
