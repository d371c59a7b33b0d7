/**
 * One verified connection to a partner's server: opened, used for one message after the other,
 * ended.
 *
 * Whatever ends it, the delivery under way gets one answer. Deadlines are absolute for each step
 * and are looked at by the owner once a second: a server that sends an octet now and then gains
 * nothing.
 */
import { type LookupFunction, type Socket, connect as connectTcp, isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  type Answer,
  type Destination,
  type Parcel,
  type Session,
  TOO_LONG,
  type TlsaSource,
} from '../push/courier.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { needsUtf8 } from '../domain/address.ts';
import type { PartnerId } from '../domain/ids.ts';
import { type Milliseconds, milliseconds, minutes, seconds } from '../domain/units.ts';
import { shownChain } from '../platform/client-certificate.ts';
import { Deadline } from '../platform/deadline.ts';
import { openTls, tlsLine } from '../platform/tls-line.ts';
import { ContentStream, hasEightBit } from './content-stream.ts';
import { answerOf, lostAt, oneLine, unreachable } from './partner-replies.ts';
import { type TlsaRecords, judgedByTlsa, partnerTls } from './partner-tls.ts';
import { StrictConnection } from './strict-connection.ts';

/**
 * RFC 5321 section 4.5.3.2: each is the least that a client must wait, so each is what a dead
 * server costs.
 */
const patience = {
  // Not in the RFC: Postfix waits as long.
  connect: seconds(30),
  /** At most six questions to a resolver on this machine, three tries each. */
  lookup: seconds(60),
  /** Greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT; DATA, with 2 min by itself, goes out with them. */
  command: minutes(5),
  /** For each slice of at most 256 KiB. */
  block: minutes(3),
  dot: minutes(10),
  // The connection is given up anyway.
  quit: seconds(5),
} as const;

/** For timers of nodemailer's own: longer than ours, so that ours decide. */
const NEVER = minutes(60);

export interface ConnectionEffects {
  readonly clock: Clock;
  /** Longest time for one step, where it is shorter than the RFC's. */
  readonly patience?: Milliseconds;
  /**
   * For a look at a server that was not accepted: it is not verified, nobody logs in, and `deliver`
   * throws.
   */
  readonly unverified?: true;
  /** Told of the certificate, DER, that a partner's server showed and that was accepted. */
  readonly shown?: (partner: PartnerId, certificate: Uint8Array) => void;
  /** Absent: TLSA records are not looked up. */
  readonly tlsa?: TlsaSource;
  /** How names of hosts become addresses. Default: as the system does. */
  readonly lookup?: LookupFunction;
}

export class PartnerConnection {
  readonly #destination: Destination;
  readonly #effects: ConnectionEffects;
  readonly #deadline = new Deadline();
  readonly #where: string;
  #socket: Socket | undefined;
  #smtp: StrictConnection | undefined;
  /** Ends the step under way with an answer. */
  #end: ((answer: Answer) => void) | undefined;
  /** The last transaction did not end with its message, so the next one needs RSET first. */
  #dirty = false;
  #closed = false;
  #session: Session | undefined;
  #tlsa: TlsaRecords | undefined;
  #tlsaMet: string | undefined;
  /** Called once, when the connection ends while nothing is under way. */
  onClosed: () => void = () => undefined;
  /** When the connection was opened, on the monotonic clock. */
  openedAt: Milliseconds;
  idleSince: Milliseconds;
  used = 0;

  constructor(destination: Destination, effects: ConnectionEffects) {
    this.#destination = destination;
    this.#effects = effects;
    this.#where = `${destination.host} port ${destination.port}`;
    this.openedAt = this.idleSince = effects.clock.monotonic();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get destination(): Destination {
    return this.#destination;
  }

  get smtp(): StrictConnection | undefined {
    return this.#smtp;
  }

  get secured(): TLSSocket | undefined {
    return openTls(this.#smtp?._socket);
  }

  /** The TLSA record that the partner's certificate met. */
  get tlsaMet(): string | undefined {
    return this.#tlsaMet;
  }

  /** Look-up of TLSA records, connect, TLS, EHLO, login. Undefined: ready for messages. */
  async open(signal: AbortSignal): Promise<Answer | undefined> {
    return await this.#under(signal, async () => {
      const failed =
        (await this.#lookUp()) ?? (await this.#connect()) ?? (await this.#greet()) ?? (await this.#login());
      if (failed === undefined) this.#session = this.#sessionOf();
      return failed;
    });
  }

  /** One message for one recipient. Rejects only when the content cannot be read. */
  async deliver(parcel: Parcel, signal: AbortSignal): Promise<Answer> {
    const smtp = this.#smtp;
    const session = this.#session;
    if (smtp === undefined || session === undefined || this.#effects.unverified)
      throw new Error('Cannot deliver: the connection is not open');
    this.used++;
    const lacking = await lackingOf(smtp, parcel);
    if (lacking !== undefined) return lacking;
    const answer = await this.#under(signal, async () => {
      const dirty = this.#dirty ? await this.#reset(smtp) : undefined;
      return dirty ?? (await this.#send(smtp, parcel, session));
    });
    return answer ?? this.#lost('closed', 'the connection was closed');
  }

  /** True while DATA was not yet answered by 354: nothing of the message has left. */
  get contentKept(): boolean {
    return this.#smtp === undefined || this.#smtp.phase === 'session' || this.#smtp.phase === 'envelope';
  }

  /** Ends a step that is past its deadline. Called once a second. */
  checkTime(now: Milliseconds): void {
    if (this.#deadline.passed(now)) this.#finish(this.#lost('timeout', 'it did not answer in time'));
  }

  /** QUIT, without waiting for more than a moment. */
  quit(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadline.clear();
    this.#smtp?.quit();
    const socket = this.#socket;
    socket?.setTimeout(patience.quit, () => socket.destroy());
  }

  destroy(): void {
    this.#closed = true;
    this.#deadline.clear();
    this.#smtp?.close();
    this.#socket?.destroy();
  }

  /**
   * Runs one step of the connection's life; resolves with its answer or with what ended the
   * connection meanwhile.
   */
  async #under(signal: AbortSignal, run: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    const stopped = (): Answer =>
      signal.reason === TOO_LONG
        ? this.#lost('timeout', 'it took too long over one message')
        : this.#lost('stopped', 'the gateway is stopping');
    const stop = (): void => this.#finish(stopped());
    if (signal.aborted) return stopped();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await new Promise<Answer | undefined>((resolve, reject) => {
        this.#end = resolve;
        run().then(resolve, reject);
      });
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      this.#end = undefined;
      this.#deadline.clear();
      signal.removeEventListener('abort', stop);
      this.idleSince = this.#effects.clock.monotonic();
    }
  }

  /** The connection is over. */
  #finish(answer: Answer): void {
    this.destroy();
    if (this.#end === undefined) this.onClosed();
    else this.#end(answer);
  }

  #arm(time: Milliseconds): void {
    const { clock, patience: most = time } = this.#effects;
    this.#deadline.set(clock.monotonic(), milliseconds(Math.min(time, most)));
  }

  #lost(why: Extract<Answer, { kind: 'lost' }>['why'], text: string): Answer {
    return { kind: 'lost', why, text: `${this.#where}: ${text}`, at: lostAt(this.#smtp?.phase ?? 'session') };
  }

  /**
   * Looks up TLSA records before the connection: a server that may not be the partner is not even
   * greeted.
   */
  async #lookUp(): Promise<Answer | undefined> {
    const { host, port, dane } = this.#destination;
    const { tlsa: source, unverified } = this.#effects;
    if (dane === 'off' || unverified) return undefined;
    const unknown = source === undefined ? 'off' : isIP(host) !== 0 ? 'no-host' : undefined;
    if (source !== undefined && unknown === undefined) {
      this.#arm(patience.lookup);
      const found = await source.find(host, port);
      if (this.#closed) return this.#lost('closed', 'the connection was given up');
      if (found.kind === 'failed') return this.#lost('lookup', found.text);
      if (found.kind === 'records') {
        this.#tlsa = found;
        return undefined;
      }
      return dane === 'required' ? this.#withoutTlsa(found.why) : undefined;
    }
    return dane === 'required' ? this.#withoutTlsa(unknown ?? '') : undefined;
  }

  #withoutTlsa(why: string): Answer {
    return this.#lost('certificate', `it must be known by TLSA records, and ${WITHOUT[why] ?? WITHOUT.absent}`);
  }

  async #connect(): Promise<Answer | undefined> {
    this.#arm(patience.connect);
    const { host, port } = this.#destination;
    return await new Promise((resolve) => {
      const socket = connectTcp({ host, port, noDelay: true, ...defined({ lookup: this.#effects.lookup }) });
      this.#socket = socket;
      socket.once('error', (error) => {
        this.destroy();
        resolve(unreachable(error, this.#where));
      });
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(undefined);
      });
    });
  }

  /** Reads the greeting, sets up TLS (implicit or STARTTLS) and sends EHLO. */
  async #greet(): Promise<Answer | undefined> {
    const socket = this.#socket;
    if (socket === undefined) return this.#lost('closed', 'the connection was closed');
    const smtp = new StrictConnection({
      connection: socket,
      secure: this.#destination.tls === 'implicit',
      requireTLS: true,
      name: this.#destination.helo,
      tls: {
        ...partnerTls(this.#destination, this.#tlsa),
        ...(this.#effects.unverified ? { rejectUnauthorized: false } : {}),
      },
      connectionTimeout: NEVER,
      greetingTimeout: NEVER,
      socketTimeout: NEVER,
      socketCloseTimeout: patience.quit,
      maxResponseSize: 64 * 1024,
      logger: false,
    });
    this.#smtp = smtp;
    smtp.judge = (secured) => this.#judge(secured);
    smtp.moved = () =>
      this.#arm(smtp.phase === 'dot' ? patience.dot : smtp.phase === 'content' ? patience.block : patience.command);
    smtp.on('error', (error: Error) => this.#finish(answerOf(error, smtp.phase, smtp.verb, this.#where)));
    smtp.on('end', () => {
      if (this.#closed) return;
      this.#closed = true;
      // After a 421 nodemailer says so before it hands over the reply.
      const ended = this.#lost('closed', 'it closed the connection');
      setImmediate(() => this.#finish(ended));
    });
    this.#arm(patience.command);
    return await new Promise((resolve) => {
      smtp.connect((error) => {
        if (error) resolve(answerOf(error, 'session', smtp.verb, this.#where));
        else if (!smtp.secure) resolve(this.#lost('tls', 'the connection is not secured'));
        else {
          this.#tellShown();
          resolve(undefined);
        }
      });
    });
  }

  /** What is wrong with the certificate as far as TLSA records tell; undefined: nothing is. */
  #judge(secured: TLSSocket): Error | undefined {
    if (this.#tlsa === undefined) return undefined;
    const judged = judgedByTlsa(this.#destination, this.#tlsa, shownChain(secured) ?? []);
    if (typeof judged !== 'string') return judged;
    this.#tlsaMet = judged;
    return undefined;
  }

  #tellShown(): void {
    const { shown, unverified } = this.#effects;
    if (shown === undefined || unverified) return;
    const certificate = this.secured?.getPeerX509Certificate();
    if (certificate !== undefined) shown(this.#destination.partner, certificate.raw);
  }

  async #login(): Promise<Answer | undefined> {
    const { login } = this.#destination;
    const smtp = this.#smtp;
    if (login === undefined || smtp === undefined || this.#effects.unverified) return undefined;
    const method = ['PLAIN', 'LOGIN'].find((name) => smtp._supportedAuth.includes(name));
    if (method === undefined)
      return { kind: 'refused', step: 'login', code: 504, reply: '504 it offers neither AUTH PLAIN nor AUTH LOGIN' };
    return await new Promise((resolve) => {
      smtp.login({ method, credentials: { user: login.name, pass: login.password } }, (error) =>
        resolve(error === null ? undefined : answerOf(error, 'session', 'AUTH', this.#where)),
      );
    });
  }

  #sessionOf(): Session {
    const { tls = '', cipher = '' } = tlsLine(this.secured) ?? {};
    return {
      dsn: this.#smtp?._supportedExtensions.includes('DSN') ?? false,
      tlsVersion: tls,
      cipher,
      ...defined({ tlsa: this.#tlsaMet }),
    };
  }

  async #reset(smtp: StrictConnection): Promise<Answer | undefined> {
    smtp.phase = 'envelope';
    return await new Promise((resolve) => {
      smtp.reset((error) => {
        if (error === null) this.#dirty = false;
        resolve(error === null ? undefined : answerOf(error, 'envelope', 'RSET', this.#where));
      });
    });
  }

  async #send(smtp: StrictConnection, parcel: Parcel, session: Session): Promise<Answer> {
    const content = await this.#contentOf(parcel);
    smtp.phase = 'envelope';
    smtp.declareUtf8 = parcel.smtpUtf8 && smtp._supportedExtensions.includes('SMTPUTF8');
    return await new Promise((resolve, reject) => {
      smtp.send(envelopeOf(parcel), content, (error, info) => {
        if (error === null) {
          smtp.phase = 'session';
          resolve({ kind: 'taken', reply: oneLine(info.response), session });
          return;
        }
        // The content could not be read to its end. The final dot was not sent; the connection must
        // not be used again, since what follows would be taken for content.
        if (error.code === 'ESTREAM') {
          reject(error);
          return;
        }
        const answer = answerOf(error, smtp.phase, smtp.verb, this.#where);
        this.#dirty = true;
        // The state of the session is known only after a refusal at the right moment of the dialog.
        if (answer.kind !== 'refused' || answer.code === 421 || !inOrder(smtp)) this.destroy();
        resolve(answer);
      });
    });
  }

  /**
   * Up to one slice as it is, more as a stream; each slice that is asked for shows that the partner
   * takes the ones before.
   */
  async #contentOf(parcel: Parcel): Promise<Buffer | Readable> {
    const slices = parcel.slices()[Symbol.asyncIterator]();
    const first = await slices.next();
    if (first.done === true) return Buffer.alloc(0);
    const view = Buffer.from(first.value.buffer, first.value.byteOffset, first.value.byteLength);
    if (view.length === parcel.octets) {
      // The end of the stream, and nothing before it, says that the content is whole.
      await slices.next();
      return view;
    }
    return new ContentStream(view, slices, () => this.#arm(patience.block));
  }
}

/** Why no TLSA records hold, as the end of a sentence behind "and". */
const WITHOUT: Readonly<Record<string, string>> = {
  off: 'they are not looked up here (delivery.dane-resolver)',
  'no-host': 'its host has no name in the DNS',
  insecure: 'the zone of its host is not signed',
  absent: 'its host has none',
  unusable: 'its host has none of usage 2 or 3',
};

/** A refusal in the middle of the content leaves the partner waiting for the rest of it. */
const inOrder = (smtp: StrictConnection): boolean => smtp.phase !== 'content';

function envelopeOf(parcel: Parcel): Parameters<StrictConnection['send']>[0] {
  const { notify, originalRecipient, ret, envid } = parcel;
  return {
    from: parcel.sender === '' ? false : parcel.sender,
    to: parcel.recipient,
    // The size of a decrypted message tells about its content, and a refusal at MAIL or RCPT must
    // not depend on that.
    ...(parcel.submitted === undefined ? { size: parcel.octets } : {}),
    use8BitMime: parcel.body === '8BITMIME',
    requireTLSExtensionEnabled: parcel.requireTls,
    dsn: defined({ notify: notify && [...notify], orcpt: originalRecipient, ret, envid }),
  };
}

/**
 * The extension that the message needs and this server lacks; RFC 6152 section 3, RFC 6531 section
 * 3.2, RFC 8689 section 4.2.1.
 */
async function lackingOf(
  smtp: StrictConnection,
  parcel: Parcel,
): Promise<Extract<Answer, { kind: 'unable' }> | undefined> {
  const has = (name: string): boolean => smtp._supportedExtensions.includes(name);
  const lacks = (name: 'SIZE' | '8BITMIME' | 'SMTPUTF8' | 'REQUIRETLS', text: string) =>
    ({ kind: 'unable', lacks: name, text }) as const;
  if (parcel.requireTls && !has('REQUIRETLS'))
    return lacks('REQUIRETLS', "the sender requires TLS all the way, which the addressee's server does not promise");
  const octets = parcel.submitted ?? parcel.octets;
  if (smtp._maxAllowedSize > 0 && octets > smtp._maxAllowedSize)
    return lacks('SIZE', `the message has ${octets} octets, the addressee's server takes ${smtp._maxAllowedSize}`);
  const utf8 = parcel.smtpUtf8 && !has('SMTPUTF8');
  const eightBit = parcel.submitted === undefined && parcel.body === '8BITMIME' && !has('8BITMIME');
  if (utf8 && (needsUtf8(parcel.recipient) || (parcel.sender !== '' && needsUtf8(parcel.sender))))
    return lacks('SMTPUTF8', "an address has characters outside ASCII, which the addressee's server does not accept");
  // Many clients declare both for every message: only content that has such octets needs them.
  if (parcel.submitted !== undefined || !(utf8 || eightBit) || !(await hasEightBit(parcel.slices()))) return undefined;
  return utf8
    ? lacks('SMTPUTF8', "its header has characters outside ASCII, which the addressee's server does not accept")
    : lacks('8BITMIME', "it has octets above 127, which the addressee's server does not take");
}
