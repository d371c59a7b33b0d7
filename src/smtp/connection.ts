/**
 * One SMTP session: smtp-server's connection with our own login, mail transaction, content and replies.
 *
 * RFC 5321, RFC 6409 (submission), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3461 (DSN). What is kept of the library: its socket and TLS
 * handling, the order of commands, HELO, NOOP, RSET, QUIT, VRFY. Members with an underscore are pinned by test/smtp/library.test.ts.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import {
  type AuthOutcome,
  type Authenticator,
  type Mechanism,
  type Peer,
  passwordMechanisms,
} from '../auth/authenticator.ts';
import { decodeText } from '../auth/client-text.ts';
import { beginSasl, mechanismNamed, offeredMechanisms, respond } from '../auth/sasl.ts';
import type { SaslSession, SaslStep, ScramOffer } from '../auth/sasl-step.ts';
import type { Log } from '../domain/effects.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account } from '../domain/registry.ts';
import { type Milliseconds, milliseconds } from '../domain/units.ts';
import { canBind, tlsExporter } from '../platform/channel-binding.ts';
import { type ShownChain, fingerprintOf, shownChain } from '../platform/client-certificate.ts';
import type { ListenerAccess } from '../platform/listener.ts';
import type { AdmittedConnection, OpenSession, SessionFacts } from '../platform/connections.ts';
import { Deadline } from '../platform/deadline.ts';
import { Submission } from '../submission/submission.ts';
import type { MailParameters, RecipientParameters, SubmissionServices } from '../submission/transaction.ts';
import { type SmtpAnswers, classOf } from './answers.ts';
import { ContentPhase } from './content-phase.ts';
import { readMail, readRecipient } from './envelope.ts';
import type { SmtpLimits } from './limits.ts';
import { SubmissionParser } from './parser.ts';
import { type Success, ofLibrary, replies, successes } from './replies.ts';

/** What all sessions of a listener share. */
export interface ConnectionContext {
  readonly authenticator: Authenticator;
  readonly submission: SubmissionServices;
  readonly limits: SmtpLimits;
  /** SCRAM is offered here. */
  readonly scram: boolean;
  /** Messages of clients that know no CRLF are read here. */
  readonly lfOnly: boolean;
  /** EHLO offers the login in the form AUTH= too. */
  readonly authEquals: boolean;
  readonly answers: SmtpAnswers;
  readonly log: Log;
  readonly listener: string;
  /** Who may log in, where that is not everybody. */
  readonly access?: ListenerAccess;
  /** Monotonic, a second old at most: deadlines need no finer clock, and reading one costs more than a command. */
  now: Milliseconds;
}

type Callback = () => void;
type Reply = Refusal | Success;

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/; // eslint-disable-line no-control-regex -- the attack is in these

export class SubmissionConnection extends SMTPConnection implements OpenSession {
  readonly #context: ConnectionContext;
  readonly #place: AdmittedConnection;
  readonly #log: Log;
  readonly #gone = new AbortController();
  readonly #openedAt: Milliseconds;
  readonly #deadline = new Deadline();
  readonly #content: ContentPhase;
  #submission: Submission | undefined;
  /** The log-in rests on the client's certificate, which is looked up again at every MAIL. */
  #byCertificate = false;
  /** AUTH was sent: whoever tried another way in is not let in by the certificate alone. */
  #triedAuth = false;
  /** What the client showed; null: nothing. Read once, inside TLS. */
  #shown: ShownChain | null | undefined;
  /** How the commands of the session deviate; its account is judged by them at each message. */
  readonly #quirks = new Set<Quirk>();
  /** Of the login under way or done; empty for a certificate without AUTH. */
  #mechanism = '';
  /** The last line ended in LF alone. */
  #bareLf = false;
  #failedLogins = 0;
  #badCommands = 0;
  /** RCPT commands of the open transaction that were refused. */
  #refusedRecipients = 0;
  #out = '';
  #handshake: Socket | undefined;
  /** Said before the next command: the gateway stops, or an operator ends the session. */
  #last: Refusal | undefined;

  constructor(
    server: SMTPServer,
    socket: SMTPConnection['_socket'],
    options: SMTPConnectionOptions | null | undefined,
    context: ConnectionContext,
    place: AdmittedConnection,
  ) {
    super(server, socket, options ?? null);
    this.#context = context;
    this.#place = place;
    this.#log = context.log.with({ session: this.id });
    this.#openedAt = context.now;
    place.attach(this);
    this.#content = new ContentPhase({
      limits: context.limits,
      answers: context.answers,
      log: this.#log,
      reply: (reply) => this.reply(reply),
      accepted: (text) => this.send(250, text, '2.0.0'),
      refuse: (command, refusal) => this.#refuse(command, refusal),
      ended: () => this.#answered(),
      close: () => this.close(),
    });
  }

  get #certificate(): ShownChain | undefined {
    if (!(this._socket instanceof TLSSocket)) return undefined;
    if (this.#shown === undefined) this.#shown = shownChain(this._socket) ?? null;
    return this.#shown ?? undefined;
  }

  get #peer(): Peer {
    const certificate = this.#certificate;
    const { access } = this.#context;
    return {
      session: this.id,
      protocol: 'smtp',
      address: this.remoteAddress,
      network: this.#place.network,
      ...(certificate === undefined ? {} : { certificate }),
      ...(access === undefined ? {} : { access }),
    };
  }

  get #scram(): ScramOffer {
    if (!this.#context.scram || !(this._socket instanceof TLSSocket)) return 'none';
    return canBind(this._socket) ? 'bound' : 'unbound';
  }

  get #saslSession(): SaslSession {
    return {
      authenticator: this.#context.authenticator,
      peer: this.#peer,
      signal: this.#gone.signal,
      scram: this.#scram,
      binding: () => (this._socket instanceof TLSSocket ? tlsExporter(this._socket) : undefined),
    };
  }

  /** Who logged in. */
  get account(): Account | undefined {
    return this.#submission?.submitter.account;
  }

  get #account(): string | undefined {
    return this.#submission?.submitter.account.login;
  }

  // --- life

  override init(): void {
    this.#log.debug('smtp.opened', { peer: this.remoteAddress });
    this._setListeners(() => {
      // One turn of the loop: what the peer sent before the greeting is read in it, and judged by `_ready`. The library waits 100 ms.
      setImmediate(() => {
        if (!this._closing && !this._closed) this.connectionReady();
      });
    });
  }

  /** The library's timers are replaced by `check`; from here we learn the TLS socket whose handshake begins after STARTTLS. */
  override _armTimeout(socket?: Socket): void {
    if (this._upgrading) this.#handshake = socket;
  }

  override _createParser(): SubmissionParser {
    // Runs within the constructor of the base class, before our own fields exist: they are read when a line comes.
    const parser = new SubmissionParser({
      limit: () => this.#context.limits.authLine,
      command: (line, next, bareLf) => {
        this.#bareLf = bareLf;
        if (bareLf) this.#quirks.add('command-lf');
        this._onCommand(line, next);
      },
      overlong: (next) => this.#badLine(replies.lineTooLong, next),
    });
    // A bug in a handler ends this session, never the process.
    parser.on('error', (error) => {
      this.#log.error('smtp.failed', { command: 'parser', why: error.message });
      this.reply(replies.internal);
      this.close();
    });
    return parser;
  }

  /** Called about once a second by the listener. */
  check(now: Milliseconds): void {
    if (this._closing || this._closed) return;
    const { loginTime, commandTime } = this.#context.limits;
    if (this.#submission === undefined) {
      if (now - this.#openedAt >= loginTime) this.#cut(replies.loginDeadline);
    } else if (this.#content.open) {
      if (this.#content.tooSlow(now)) this.#cut(this.#content.slowness());
    } else if (this._handlerPending) this.#deadline.set(now, commandTime);
    else if (this.#deadline.passed(now)) this.#cut(replies.commandDeadline);
  }

  /** The gateway stops: between messages the session ends now, within one after its reply. */
  drain(): void {
    this.#last ??= replies.shuttingDown;
    if (!this.#content.open && !this._handlerPending) this.#cut(this.#last);
  }

  facts(): SessionFacts {
    const account = this.#submission?.submitter.account;
    const tls = this._socket instanceof TLSSocket && !this._socket.destroyed ? this._socket : undefined;
    return {
      ...{ id: this.id, protocol: 'smtp', address: this.remoteAddress, listener: this.#context.listener },
      age: milliseconds(Math.max(0, this.#context.now - this.#openedAt)),
      ...(account === undefined ? {} : { account: { id: account.id, login: account.login } }),
      state: this.#state,
      ...(tls === undefined ? {} : { tls: tls.getProtocol() ?? 'TLS', cipher: tls.getCipher().standardName }),
      ...(typeof this.hostNameAppearsAs === 'string' && this.hostNameAppearsAs !== ''
        ? { client: this.hostNameAppearsAs }
        : {}),
      octets: { read: this._socket.bytesRead, written: this._socket.bytesWritten },
    };
  }

  get #state(): SessionFacts['state'] {
    if (this._closing || this._closed) return 'closing';
    if (this.#submission === undefined) return 'login';
    if (this.#content.filing) return 'filing';
    if (this.#content.open) return 'content';
    return this.#submission.open ? 'transaction' : 'idle';
  }

  kill(): void {
    this.#last = replies.killed;
    this.cut();
  }

  /** The time to drain is over. A message that is being filed still gets its reply; everything else is cut. */
  cut(): void {
    if (this.#content.filing) return;
    this.#cut(this.#last ?? replies.shuttingDown);
    if (!this._upgrading) this._socket.destroySoon();
  }

  /** The account may not log in any more. A message in the middle still gets its reply, and MAIL refuses the next. */
  expel(): void {
    if (!this.#content.open) this.#cut(replies.accountEnded);
  }

  override close(): void {
    this.#flush();
    if (this._upgrading && this.#handshake !== undefined) {
      // The plain socket below must not go first: Node crashes when a TLS wrap loses it in the middle of a handshake.
      this._closing = true;
      this.#handshake.destroy();
    } else super.close();
  }

  override upgrade(callback: Callback, secureCallback?: Callback): void {
    this.#flush();
    // RFC 3207 section 4.2: whatever was said before TLS may be another's words.
    this.#quirks.clear();
    const raw = this._socket;
    super.upgrade(callback, secureCallback);
    // The library takes every listener off the raw socket, ours as well; a handshake that never ends must still free the place.
    raw.once('close', () => this.#place.release());
  }

  override _onClose(): void {
    if (!this._closed) {
      this.#gone.abort();
      this.#place.release();
      this.#deadline.clear();
      this.#content.interrupted();
      this.#log.info('smtp.closed', {
        messages: this.#content.messages,
        account: this.#account,
        peer: this.remoteAddress,
      });
    }
    super._onClose();
  }

  // --- replies

  /** Ends the session with a 421. */
  #cut(refusal: Refusal): void {
    if (this._closing || this._closed) return;
    this.#log.info('smtp.cut', { status: refusal.status, text: refusal.text, account: this.#account });
    this.reply(refusal);
  }

  reply(reply: Reply): void {
    this.send(reply.reply, reply.text, reply.status);
  }

  /** The one way out. `context`: an enhanced status code of ours; anything else comes from the library and is looked up. */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (Array.isArray(data)) {
      this.#write(data.map((line, i) => `${code}${i < data.length - 1 ? '-' : ' '}${line}\r\n`).join(''));
      return;
    }
    const text = data ?? '';
    if (context === '' || (typeof context === 'string' && /^[245]\.\d{1,3}\.\d{1,3}$/.test(context)))
      this.#write(`${code} ${context === '' ? '' : `${context} `}${text}\r\n`);
    else {
      const known = this.#translated(code, text);
      if (known !== undefined) {
        this.reply(known);
        return;
      }
      this.#write(`${code} ${text}\r\n`);
    }
    if (code === 421) this.close();
  }

  #translated(code: number, text: string): Reply | undefined {
    const known = ofLibrary.get(text.startsWith(`${this.name} `) ? text.slice(this.name.length + 1) : text);
    if (known === replies.needLogin && !this.secure) return replies.needTlsForMail;
    // Words of a library version that we do not know: never its internals, always a code of the right class.
    return known ?? (code >= 500 ? replies.argument : code >= 400 ? replies.internal : undefined);
  }

  /** Replies to pipelined commands leave in one TLS record: a tick runs after everything that could still reply in this turn. */
  #write(lines: string): void {
    if (this.#out === '') process.nextTick(() => this.#flush());
    this.#out += lines;
  }

  #flush(): void {
    const out = this.#out;
    this.#out = '';
    // While a handshake runs the socket below is the plain one: nothing may be said on it.
    if (out !== '' && !this._upgrading && !this._socket.destroyed && this._socket.writable)
      // As octets: Node copies a string once more on its way into TLS (measured 12 % of the main thread at 64 connections).
      this._socket.write(Buffer.from(out, 'latin1'));
  }

  #refuse(command: string, refusal: Refusal): void {
    this.#context.answers.refusals.add([command, classOf(refusal)]);
    // A refusal that is our own fault must be found without looking for it.
    this.#log[refusal.status === '4.3.0' ? 'error' : 'info']('smtp.refused', {
      command,
      reply: refusal.reply,
      status: refusal.status,
      text: refusal.text,
      detail: refusal.detail,
      quirk: refusal.quirk,
      account: this.#account,
      peer: this.remoteAddress,
    });
    this.reply(refusal);
  }

  // --- commands

  override _onCommand(command: Buffer, callback: Callback = () => undefined): void {
    this.#deadline.set(this.#context.now, this.#context.limits.commandTime);
    if (this.#last !== undefined && this._ready) return this.#cut(this.#last);
    const { commandLine } = this.#context.limits;
    if (
      command.length > commandLine &&
      this._nextHandler === false &&
      !/^auth /i.test(command.toString('latin1', 0, 5))
    )
      return this.#badLine(replies.lineTooLong, callback);
    const line = command.toString('latin1');
    if (CONTROL.test(line)) return this.#badLine(replies.controlCharacter, callback);
    if (this._nextHandler !== false) return super._onCommand(command, callback);
    if (this.#submission !== undefined) {
      if (this.#transact(line, command, callback)) return;
    } else if (this.#mayEnter(line)) return this.#enterByCertificate(line, command, callback);
    super._onCommand(command, callback);
  }

  /** MAIL as the first thing after EHLO, from a client that shows a certificate: Thunderbird sends no AUTH EXTERNAL. */
  #mayEnter(line: string): boolean {
    return (
      /^mail\s/i.test(line) &&
      !this.#triedAuth &&
      typeof this.openingCommand === 'string' &&
      this.openingCommand !== '' &&
      this.#certificate !== undefined
    );
  }

  #enterByCertificate(line: string, command: Buffer, callback: Callback): void {
    this._handlerPending = true;
    let ended = false;
    const go = async (): Promise<void> => {
      const outcome = await this.#context.authenticator.implicit(this.#peer);
      if (this._closing || this._closed) return;
      if (outcome.kind === 'busy') ended = this.#ended(replies.loginBusy);
      else if (outcome.kind === 'granted') {
        const refusal = this.#become(outcome);
        if (refusal !== undefined) ended = this.#ended(refusal);
      }
    };
    const next = (): void => {
      this._handlerPending = false;
      if (ended || this._closing || this._closed) return this._whenWritable(callback);
      // As if it came now: with an account, or without one to the library's refusal.
      if (this.#submission === undefined) super._onCommand(command, callback);
      else this.#transact(line, command, callback);
    };
    go()
      .catch((error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
        this.#log.error('smtp.failed', { command: 'MAIL', why: detail });
        ended = this.#ended({ ...replies.internal, detail });
      })
      .finally(next);
  }

  #ended(refusal: Refusal): true {
    this.#refuse('MAIL', refusal);
    return true;
  }

  /** The commands of every message, without the library's look at each: its checks are all true once somebody is logged in. */
  #transact(line: string, command: Buffer, callback: Callback): boolean {
    const verb = line.slice(0, 5).trimEnd().toUpperCase();
    if (verb !== 'MAIL' && verb !== 'RCPT' && verb !== 'DATA') return false;
    this._handlerPending = true;
    const done = (): void => {
      this._handlerPending = false;
      this._whenWritable(callback);
    };
    try {
      if (verb === 'MAIL') this.handler_MAIL(command, done);
      else if (verb === 'RCPT') this.handler_RCPT(command, done);
      else this.handler_DATA(command, done);
    } catch (error) {
      // Out of here it would pass through the socket's pipe and end the process.
      const detail = error instanceof Error ? error.message : String(error);
      this.#log.error('smtp.failed', { command: verb, why: detail });
      this.#refuse(verb, { ...replies.internal, detail });
      done();
    }
    return true;
  }

  #badLine(refusal: Refusal, next: Callback): void {
    // A login that waited for this line is over as well.
    this._nextHandler = false;
    this.#badCommands += 1;
    if (this.#badCommands >= this.#context.limits.badCommands) return this.reply(replies.tooManyBadCommands);
    if (!this._ready) return this.reply(replies.earlyTalker);
    if (!this._upgrading) this.reply(refusal);
    next();
  }

  /** Runs a command that waits for something. What it throws is a bug or a lost store: the peer hears 451 and may try again. */
  #run(callback: Callback, command: string, work: () => Promise<void>): void {
    const failed = (error: unknown): void => {
      const detail = error instanceof Error ? error.message : String(error);
      this.#log.error('smtp.failed', { command, why: detail });
      this.#refuse(command, { ...replies.internal, detail });
    };
    work()
      .catch(failed)
      .finally(() => {
        callback();
        if (this.#last !== undefined && !this.#content.open) this.#cut(this.#last);
      });
  }

  override handler_EHLO(command: Buffer, callback: Callback): void {
    const [, name = '', more] = command.toString('latin1').trim().split(/\s+/);
    if (name === '' || more !== undefined || name.length > 255) {
      this.reply(replies.helloSyntax);
      return callback();
    }
    this.hostNameAppearsAs = name;
    this._resetSession();
    if (this.#submission !== undefined || this.#certificate === undefined) {
      this.#hello(passwordMechanisms);
      return callback();
    }
    this.#run(callback, 'EHLO', async () => this.#hello(await this.#context.authenticator.mechanisms(this.#peer)));
  }

  #hello(mechanisms: readonly Mechanism[]): void {
    const { maxMessage, maxRecipients } = this.#context.limits;
    this.send(250, [
      this.name,
      'PIPELINING',
      `SIZE ${maxMessage}`,
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
      'DSN',
      `LIMITS RCPTMAX=${maxRecipients}`, // RFC 9422
      ...(this.secure
        ? this.#submission === undefined
          ? [
              `AUTH ${offeredMechanisms(mechanisms, this.#scram).join(' ')}`,
              // QUIRK auth-equals: clients of 1998 read this form alone, and know LOGIN or PLAIN.
              ...(this.#context.authEquals ? ['AUTH=LOGIN PLAIN'] : []),
            ]
          : []
        : ['STARTTLS']),
    ]);
  }

  override handler_HELP(_command: Buffer, callback: Callback): void {
    this.reply(replies.notOffered);
    callback();
  }

  handler_EXPN(_command: Buffer, callback: Callback): void {
    this.reply(replies.notOffered);
    callback();
  }

  /** HELO, EHLO, RSET, STARTTLS and a new connection end the transaction. */
  override _resetSession(): void {
    super._resetSession();
    this.#submission?.reset();
    this.#refusedRecipients = 0;
  }

  // --- login

  override handler_AUTH(command: Buffer, callback: Callback): void {
    const [, name = '', initial, more] = command.toString('latin1').trim().split(/\s+/);
    const refused = this.#authRefusal(name, more);
    const mechanism = mechanismNamed(name, this.#scram);
    if (refused !== undefined || mechanism === undefined) {
      this.#refuse('AUTH', refused ?? replies.mechanism);
      return callback();
    }
    this.#triedAuth = true;
    this.#mechanism = mechanism;
    if (mechanism === 'LOGIN' && initial !== undefined && initial !== '=') this.#quirks.add('login-initial');
    this.#run(callback, 'AUTH', async () => this.#take(await beginSasl(mechanism, initial, this.#saslSession)));
  }

  #authRefusal(mechanism: string, more: string | undefined): Refusal | undefined {
    if (!this.secure) return replies.needTls;
    if (this.#submission !== undefined) return replies.secondLogin;
    return mechanism === '' || more !== undefined ? replies.argument : undefined;
  }

  #take(step: SaslStep): void {
    switch (step.kind) {
      case 'ask':
        this._nextHandler = (line, done) =>
          this.#run(done, 'AUTH', async () => this.#take(await respond(step.next, line.toString('latin1'))));
        return this.send(334, Buffer.from(step.challenge, 'utf8').toString('base64'), '');
      case 'judged':
        return this.#judged(step);
      case 'foreign':
        return this.#loginFailed(replies.loginForeign);
      case 'malformed':
        return this.#loginFailed({ ...replies.loginMalformed, detail: step.why });
      case 'cancelled':
        return this.#loginFailed(replies.loginCancelled);
    }
  }

  #judged({ outcome, by }: Extract<SaslStep, { kind: 'judged' }>): void {
    if (outcome.kind === 'busy') return this.#refuse('AUTH', replies.loginBusy);
    if (outcome.kind === 'refused') {
      if (by === 'password') return this.#loginFailed(replies.loginRefused);
      return this.#loginFailed(this.#certificate === undefined ? replies.noCertificate : replies.certificateRefused);
    }
    const refusal = this.#become(outcome);
    if (refusal === undefined) this.reply(successes.loggedIn);
    else this.#refuse('AUTH', refusal);
  }

  /** The only place that makes a session somebody's. */
  #become({ account, organisation, by }: Extract<AuthOutcome, { kind: 'granted' }>): Refusal | undefined {
    if (!this.#place.login(account.id)) return replies.accountConnections;
    this.#byCertificate = by !== undefined;
    const tls = this._socket instanceof TLSSocket ? (this._socket.getProtocol() ?? 'TLS') : 'TLS';
    this.#submission = new Submission(this.#context.submission, {
      account,
      organisation,
      session: this.id,
      address: this.remoteAddress,
      helo: typeof this.hostNameAppearsAs === 'string' ? this.hostNameAppearsAs : 'unknown',
      extended: this.openingCommand === 'EHLO',
      tls,
      cipher: this._socket instanceof TLSSocket ? this._socket.getCipher().standardName : '',
      mechanism: this.#mechanism,
      ...(by === undefined || this.#certificate?.[0] === undefined
        ? {}
        : { certificate: fingerprintOf(this.#certificate[0]) }),
    });
    this.session.user = account.login;
    this.#log.info('smtp.login', { account: account.login, peer: this.remoteAddress, tls, by: by ?? 'password' });
    return undefined;
  }

  #loginFailed(refusal: Refusal): void {
    this.#failedLogins += 1;
    this.#refuse('AUTH', this.#failedLogins < this.#context.limits.failedLogins ? refusal : replies.tooManyLogins);
  }

  // --- mail transaction

  override handler_MAIL(command: Buffer, callback: Callback): void {
    const submission = this.#submission;
    const read = readMail(decodeText(command));
    if (submission === undefined) this.reply(this.secure ? replies.needLogin : replies.needTlsForMail);
    else if (submission.open) this.#refuse('MAIL', replies.nestedMail);
    else if (!read.ok) this.#refuse('MAIL', read.error);
    else {
      this.#run(callback, 'MAIL', async () => {
        const { account } = submission.submitter;
        if (this.#byCertificate && !(await this.#context.authenticator.certificateHolds(account.id, this.#peer)))
          return this.#refuse('MAIL', replies.certificateEnded);
        const refusal = await submission.mail(read.value.path, this.#withQuirks(read.value.parameters));
        if (refusal === undefined) this.reply(successes.senderTaken);
        else this.#refuse('MAIL', refusal);
      });
      return;
    }
    callback();
  }

  /** What is wrong with the session is wrong with each of its messages. */
  #withQuirks<P extends MailParameters | RecipientParameters>(parameters: P): P {
    if (this.#quirks.size === 0 && this.openingCommand !== 'HELO') return parameters;
    const met = [...this.#quirks].map((quirk) => (quirk === 'command-lf' && this.#mayBeLfOnly ? 'lf-only' : quirk));
    const helo: readonly Quirk[] = this.openingCommand === 'HELO' ? ['helo'] : [];
    return { ...parameters, quirks: [...met, ...helo, ...(parameters.quirks ?? [])] };
  }

  /** A partner's mail server passes on what others wrote: it could be made to smuggle (smtp/lf-decoder.ts). */
  get #mayBeLfOnly(): boolean {
    return this.#context.lfOnly && this.#submission?.submitter.account.kind !== 'partner';
  }

  override handler_RCPT(command: Buffer, callback: Callback): void {
    const submission = this.#submission;
    const read = readRecipient(decodeText(command));
    if (submission?.open !== true) this.#refuse('RCPT', replies.needMail);
    else if (!read.ok) {
      this.#refusedRecipients += 1;
      this.#refuse('RCPT', read.error);
    } else {
      this.#run(callback, 'RCPT', async () => {
        const taken = await submission.recipient(read.value.path, this.#withQuirks(read.value.parameters));
        const { reply, status, text } = successes.recipientTaken;
        if (taken.ok) return this.send(reply, taken.value.note ?? text, status);
        this.#refusedRecipients += 1;
        this.#refuse('RCPT', taken.error);
      });
      return;
    }
    callback();
  }

  override handler_DATA(command: Buffer, callback: Callback): void {
    const submission = this.#submission;
    const parser = this._parser;
    if (submission?.open !== true) this.#refuse('DATA', replies.needMail);
    else if (command.toString('latin1').trim().length > 4) this.#refuse('DATA', replies.noArgument);
    else if (submission.recipients === 0)
      this.#refuse('DATA', this.#refusedRecipients > 0 ? replies.noRecipient : replies.needRecipient);
    else if (parser instanceof SubmissionParser) {
      const begun = submission.begin();
      if (begun.ok)
        this.#content.begin(
          parser,
          submission.submitter,
          begun.value,
          this.#context.now,
          this.#bareLf && this.#mayBeLfOnly,
        );
      else this.#refuse('DATA', begun.error);
    }
    callback();
  }

  /** A message was filed or refused; the next one may begin. */
  #answered(): void {
    this._resetSession();
    this.#deadline.set(this.#context.now, this.#context.limits.commandTime);
    if (this.#last !== undefined) this.#cut(this.#last);
  }
}
