/**
 * A partner's mail server that does what a script says: a small SMTP server with TLS, on a free
 * port of loopback.
 *
 * For each step (`greeting`, `EHLO`, `MAIL`, ..., `message`: after the final dot) it sends a reply,
 * or does `drop` (cuts the connection) or `stall` (sends nothing more).
 */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { TLSSocket, createSecureContext } from 'node:tls';
import type { Parcel } from '../../src/push/courier.ts';
import type { Address } from '../../src/domain/address.ts';
import { octets } from '../../src/domain/units.ts';

/** A small message for somebody there. */
export const parcel: Parcel = {
  sender: 'lab@group.test' as Address,
  recipient: 'ward@partner.test' as Address,
  octets: octets(22),
  body: '7BIT',
  smtpUtf8: false,
  requireTls: false,
  slices: async function* () {
    yield Buffer.from('Subject: x\r\n\r\nResult\r\n');
  },
};

/** A reply, `drop` or `stall`. */
export type Act = string;
export type PartnerStep =
  'greeting' | 'EHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'content' | 'message' | 'RSET' | 'QUIT';

export interface ScriptOptions {
  readonly tls?: 'implicit' | 'starttls';
  readonly key: string;
  readonly certificate: string;
  /** It asks for a client certificate of these authorities, and refuses all others. */
  readonly clientAuthorities?: string;
  /** EHLO keywords after TLS. Default: all that the courier knows. */
  readonly extensions?: readonly string[];
  /**
   * What it does at a step for the `n`th time (from 1) on this server; undefined: what a
   * well-behaved server does. `content`: what was sent, for the step `message`.
   */
  readonly act?: (step: PartnerStep, n: number, line: string, content?: Buffer) => Act | undefined;
}

export interface Taken {
  readonly mail: string;
  readonly rcpt: string;
  /** The content as it was sent, without the stuffed dots. */
  readonly content: Buffer;
}

const ALL = ['PIPELINING', 'SIZE 50000000', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES', 'REQUIRETLS'];

const usual: Record<PartnerStep, string> = {
  greeting: '220 partner.test ESMTP',
  EHLO: '',
  STARTTLS: '220 2.0.0 go ahead',
  AUTH: '235 2.7.0 welcome',
  MAIL: '250 2.1.0 ok',
  RCPT: '250 2.1.5 ok',
  DATA: '354 go ahead',
  content: '',
  message: '250 2.0.0 queued as 1',
  RSET: '250 2.0.0 ok',
  QUIT: '221 2.0.0 bye',
};

export class ScriptedPartner {
  readonly #options: ScriptOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counts = new Map<PartnerStep, number>();
  readonly taken: Taken[] = [];
  /** Every command line of every session. */
  readonly lines: string[] = [];
  /** The name that each session asked for by SNI. */
  readonly serverNames: (string | undefined)[] = [];
  /** Messages whose final dot was read, accepted or not. */
  dots = 0;
  connections = 0;
  open = 0;
  mostOpen = 0;

  private constructor(options: ScriptOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  static async start(options: ScriptOptions, port = 0): Promise<ScriptedPartner> {
    const partner = new ScriptedPartner(options);
    partner.#server.listen(port, '127.0.0.1');
    await once(partner.#server, 'listening');
    return partner;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all sessions. The port stays open. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #act(step: PartnerStep, line = '', content?: Buffer): Act {
    const n = (this.#counts.get(step) ?? 0) + 1;
    this.#counts.set(step, n);
    return this.#options.act?.(step, n, line, content) ?? usual[step];
  }

  #serve(plain: Socket): void {
    this.connections++;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    this.#sockets.add(plain);
    plain.on('error', () => undefined);
    plain.on('close', () => {
      this.open--;
      this.#sockets.delete(plain);
    });
    if (this.#options.tls === 'starttls') new Dialog(this, plain, false).greet();
    else new Dialog(this, this.secure(plain), true).greet();
  }

  secure(plain: Socket): TLSSocket {
    const { key, certificate, clientAuthorities } = this.#options;
    const secured = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({
        key,
        cert: certificate,
        ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
      }),
      requestCert: clientAuthorities !== undefined,
      rejectUnauthorized: clientAuthorities !== undefined,
    });
    secured.on('error', () => plain.destroy());
    // The type declarations do not have it for a socket that no server made.
    secured.on('secure', () =>
      this.serverNames.push((secured as { servername?: string | false }).servername || undefined),
    );
    return secured;
  }

  /** `content`: what was sent, for the step `message`. */
  act(step: PartnerStep, line?: string, content?: Buffer): Act {
    return this.#act(step, line, content);
  }

  get extensions(): readonly string[] {
    return this.#options.extensions ?? ALL;
  }
}

class Dialog {
  readonly #partner: ScriptedPartner;
  readonly #socket: Socket;
  readonly #secured: boolean;
  #buffer = Buffer.alloc(0);
  #inData = false;
  #mail = '';
  #rcpt = '';
  #stalled = false;

  constructor(partner: ScriptedPartner, socket: Socket, secured: boolean) {
    this.#partner = partner;
    this.#socket = socket;
    this.#secured = secured;
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#read();
    });
    socket.on('error', () => undefined);
  }

  greet(): void {
    this.#do('greeting', '');
  }

  #do(step: PartnerStep, line: string, text = '', content?: Buffer): boolean {
    const act = this.#partner.act(step, line, content);
    if (act === 'drop') this.#socket.destroy();
    else if (act === 'stall') this.#stalled = true;
    else this.#socket.write(`${act === '' ? text : act}\r\n`);
    return /^[23]/.test(act === '' ? text : act);
  }

  #read(): void {
    while (!this.#stalled && !this.#socket.destroyed) {
      if (this.#inData) {
        if (!this.#readContent()) return;
        continue;
      }
      const end = this.#buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#buffer.subarray(0, end).toString('utf8');
      this.#buffer = this.#buffer.subarray(end + 2);
      this.#partner.lines.push(line);
      this.#command(line);
    }
  }

  /** Reads content. True if a whole message was read. */
  #readContent(): boolean {
    if (this.#partner.act('content') === 'drop') {
      this.#socket.destroy();
      return false;
    }
    const raw = this.#buffer;
    const end = raw.subarray(0, 3).toString('latin1') === '.\r\n' ? -2 : raw.indexOf('\r\n.\r\n');
    if (end === -1) return false;
    const content = raw
      .subarray(0, Math.max(end + 2, 0))
      .toString('latin1')
      .replace(/^\.\./gm, '.');
    this.#buffer = raw.subarray(end + 5);
    this.#inData = false;
    this.#partner.dots++;
    const taken = { mail: this.#mail, rcpt: this.#rcpt, content: Buffer.from(content, 'latin1') };
    const before = this.#partner.dots;
    if (this.#do('message', String(before), '', taken.content)) this.#partner.taken.push(taken);
    this.#mail = this.#rcpt = '';
    return true;
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    switch (verb) {
      case 'EHLO': {
        const words = this.#secured ? this.#partner.extensions : ['STARTTLS'];
        const all = ['partner.test', ...words];
        this.#do('EHLO', line, all.map((word, i) => `250${i === all.length - 1 ? ' ' : '-'}${word}`).join('\r\n'));
        return;
      }
      case 'STAR':
        if (!this.#do('STARTTLS', line)) return;
        this.#socket.removeAllListeners('data');
        new Dialog(this.#partner, this.#partner.secure(this.#socket), true);
        return;
      case 'AUTH':
        this.#do('AUTH', line);
        return;
      case 'MAIL':
        if (this.#mail !== '') this.#socket.write('503 5.5.1 nested MAIL\r\n');
        else if (this.#do('MAIL', line)) this.#mail = line;
        return;
      case 'RCPT':
        if (this.#mail === '') this.#socket.write('503 5.5.1 MAIL first\r\n');
        else if (this.#do('RCPT', line)) this.#rcpt = line;
        return;
      case 'DATA':
        if (this.#rcpt === '') this.#socket.write('503 5.5.1 RCPT first\r\n');
        else this.#inData = this.#do('DATA', line);
        return;
      case 'RSET':
        this.#mail = this.#rcpt = '';
        this.#do('RSET', line);
        return;
      case 'QUIT':
        this.#do('QUIT', line);
        this.#socket.end();
        return;
      default:
        this.#socket.write('500 5.5.2 not understood\r\n');
    }
  }
}
