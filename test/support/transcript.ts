/**
 * Runs a dialog that a reader of the RFC can check.
 *
 *   # a comment
 *   C: EHLO client.test          sent with CRLF
 *   C~ raw \x00 text\r\n         sent as it stands, with \r \n \t \\ and \xNN; nothing is added
 *   S: 250-mail.test *           one line from the server; * stands for any text
 *   S... .                       any number of lines up to and including one that matches
 *   @starttls                    sends STARTTLS or STLS, expects 220 or +OK, and starts TLS
 *   @tls                         starts TLS at once (implicit TLS)
 *   @auth LOGIN PASSWORD         AUTH PLAIN with initial response (SMTP) or USER and PASS (POP3); expects success
 *   @base64 C: AUTH PLAIN ...    text in {{ }} is sent as base64, with \0 for NUL
 *   @closed                      the server has closed the connection
 *   @close                       the client drops the line
 *   @reconnect                   a new plain connection
 *
 * A line `@name` that is none of these calls `directives[name]`, so that a test can move a clock or
 * look at the store.
 */
import assert from 'node:assert/strict';
import { type Socket, connect as connectTcp } from 'node:net';
import { TLSSocket, connect as connectTls } from 'node:tls';

export interface TranscriptOptions {
  readonly protocol: 'smtp' | 'pop3';
  readonly port: number;
  /** PEM of the authority to which the server's certificate must lead. */
  readonly ca: string;
  /** The name that the certificate must have. Default: mail.test. */
  readonly servername?: string;
  /** What the client shows in its handshake, in PEM. */
  readonly client?: { readonly key: string; readonly certificate: string };
  /** The highest TLS version of the client. Default: that of Node. */
  readonly maxVersion?: 'TLSv1.2';
  /**
   * Keeps the TLS session for the next connection, as clients do. `resumed`: whether the last
   * handshake resumed one.
   */
  readonly sessions?: { kept?: Buffer; resumed?: boolean };
  readonly directives?: Readonly<Record<string, (argument: string) => void | Promise<void>>>;
  /** Texts for {NAME} in the transcript, for example a port or an id. */
  readonly values?: Readonly<Record<string, string>>;
}

const WAIT = 10_000;

/**
 * A connection that is read line by line. Octets are read as Latin-1, so that every octet stays one
 * character.
 */
export class Line {
  #socket: Socket;
  #buffer = '';
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #options: TranscriptOptions;

  private constructor(socket: Socket, options: TranscriptOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#listen();
  }

  static async open(options: TranscriptOptions): Promise<Line> {
    const socket = connectTcp(options.port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Line(socket, options);
  }

  #listen(): void {
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffer += chunk.toString('latin1');
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.#socket.on('end', end).on('close', end).on('error', end);
  }

  async startTls(): Promise<void> {
    this.#socket
      .removeAllListeners('data')
      .removeAllListeners('end')
      .removeAllListeners('close')
      .removeAllListeners('error');
    const { ca, client, sessions, maxVersion } = this.#options;
    const secure = connectTls({
      socket: this.#socket,
      ca,
      servername: this.#options.servername ?? 'mail.test',
      ...(maxVersion === undefined ? {} : { maxVersion }),
      ...(client === undefined ? {} : { key: client.key, cert: client.certificate }),
      ...(sessions?.kept === undefined ? {} : { session: sessions.kept }),
    });
    if (sessions !== undefined) secure.on('session', (session) => (sessions.kept = session));
    await new Promise<void>((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
    if (sessions !== undefined) sessions.resumed = secure.isSessionReused();
    this.#socket = secure;
    this.#buffer = '';
    this.#listen();
  }

  /** The channel binding `tls-exporter` (RFC 9266) as the client sees it. */
  get exporter(): Buffer {
    assert.ok(this.#socket instanceof TLSSocket);
    return this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  }

  send(text: string): void {
    this.#socket.write(Buffer.from(text, 'latin1'));
  }

  /** The next line without its CRLF; undefined if the server closed first. */
  async line(): Promise<string | undefined> {
    let late = false;
    const deadline = setTimeout(() => {
      late = true;
      this.#socket.destroy(new Error('no answer'));
    }, WAIT);
    try {
      for (;;) {
        const at = this.#buffer.indexOf('\r\n');
        if (at >= 0) {
          const line = this.#buffer.slice(0, at);
          this.#buffer = this.#buffer.slice(at + 2);
          return line;
        }
        // A server that is silent has not closed.
        assert.ok(!late, `no answer within ${WAIT / 1000} s`);
        if (this.#ended) return undefined;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Resolves when the server has closed. Fails if another line comes. */
  async closed(): Promise<void> {
    assert.equal(await this.line(), undefined, 'expected the server to close the connection');
  }

  /** Octets that have arrived and were not read, to test that nothing more was said. */
  get unread(): string {
    return this.#buffer;
  }

  /** Reads nothing until `resume`, as a client that hangs. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}

const unescape = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|([rnt0\\]))/g, (_, hex: string | undefined, c: string | undefined) =>
    hex === undefined
      ? ({ r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' }[c ?? ''] ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );

const matches = (pattern: string, line: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((p) => p.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  ).test(line);

export async function runTranscript(text: string, options: TranscriptOptions): Promise<void> {
  let line = await Line.open(options);
  let number = 0;
  const expectLine = async (pattern: string): Promise<void> => {
    const got = await line.line();
    assert.ok(
      got !== undefined && matches(pattern, got),
      `line ${number}: expected "${pattern}", got ${got === undefined ? 'the end of the connection' : `"${got}"`}`,
    );
  };
  const base64 = (s: string): string =>
    s.replace(/\{\{(.*?)\}\}/g, (_, inner: string) => Buffer.from(unescape(inner), 'utf8').toString('base64'));
  const command = async (raw: string): Promise<void> => {
    const [name = '', ...rest] = raw.slice(1).split(' ');
    const argument = rest.join(' ');
    switch (name) {
      case 'starttls':
        line.send(options.protocol === 'smtp' ? 'STARTTLS\r\n' : 'STLS\r\n');
        await expectLine(options.protocol === 'smtp' ? '220 *' : '+OK*');
        return await line.startTls();
      case 'tls':
        return await line.startTls();
      case 'auth': {
        const [login = '', password = ''] = rest;
        if (options.protocol === 'smtp') {
          line.send(`AUTH PLAIN ${Buffer.from(`\0${login}\0${password}`, 'utf8').toString('base64')}\r\n`);
          return await expectLine('235 *');
        }
        line.send(`USER ${login}\r\n`);
        await expectLine('+OK*');
        line.send(`PASS ${password}\r\n`);
        return await expectLine('+OK*');
      }
      case 'base64':
        line.send(`${base64(argument.replace(/^C: /, ''))}\r\n`);
        return;
      case 'closed':
        return await line.closed();
      case 'close':
        return line.close();
      case 'reconnect':
        line.close();
        line = await Line.open(options);
        return;
      default: {
        const directive = options.directives?.[name];
        assert.ok(directive, `line ${number}: unknown directive @${name}`);
        return await directive(argument);
      }
    }
  };
  try {
    for (const source of text.split('\n')) {
      number += 1;
      const raw = source.replace(/\{([A-Z]+)\}/g, (whole, name: string) => options.values?.[name] ?? whole);
      if (raw.trim() === '' || raw.startsWith('#')) continue;
      if (raw.startsWith('@')) await command(raw.trimEnd());
      else if (raw.startsWith('C: ') || raw === 'C:') line.send(`${unescape(raw.slice(3))}\r\n`);
      else if (raw.startsWith('C~ ')) line.send(unescape(raw.slice(3)));
      else if (raw.startsWith('S: ')) await expectLine(raw.slice(3));
      else if (raw.startsWith('S... ')) {
        for (;;) {
          const got = await line.line();
          assert.ok(got !== undefined, `line ${number}: the connection ended before "${raw.slice(5)}"`);
          if (matches(raw.slice(5), got)) break;
        }
      } else assert.fail(`line ${number}: cannot read "${raw}"`);
    }
  } finally {
    line.close();
  }
}
