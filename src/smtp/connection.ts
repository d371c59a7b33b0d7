/**
 * One SMTP connection: smtp-server's, with our own greeting, deadlines and replies. What becomes of
 * a command says session.ts, of a content content.ts; here is what reaches them, when, and how
 * their answers leave.
 *
 * RFC 5321, RFC 6409 (submission), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3461 (DSN). What is
 * kept of the library: its socket and TLS handling, the order of commands, HELO, NOOP, RSET, QUIT,
 * VRFY. Members with an underscore are pinned by test/smtp/library.test.ts.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { UsedPassword } from '../auth/authenticator.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account } from '../domain/registry.ts';
import { spoken } from '../domain/spoken.ts';
import { type Milliseconds, milliseconds } from '../domain/units.ts';
import type { AdmittedConnection, ConnectionLimits, OpenSession, SessionFacts } from '../platform/connections.ts';
import { Deadline } from '../platform/deadline.ts';
import { logLines } from '../platform/log-lines.ts';
import { openTls, tlsLine } from '../platform/tls-line.ts';
import { type SmtpAnswers, classOf } from './answers.ts';
import { Content, type ContentLine } from './content.ts';
import { fault } from './fault.ts';
import { SubmissionParser } from './parser.ts';
import { replies } from './replies.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { SessionParts } from './parts.ts';
import { Session } from './session.ts';
import { type Answer, type Begun, type Greeting, type Reply, type Said, type Wire, isRefusal } from './wire.ts';

/** What all connections of a listener share. */
export interface ConnectionContext extends SessionParts {
  readonly connections: Pick<ConnectionLimits, 'startTime'>;
  readonly answers: SmtpAnswers;
  readonly listener: string;
  /** See `replyWords`. */
  readonly says?: (text: string) => string;
  /**
   * Monotonic, a second old at most: deadlines need no finer clock, and reading one costs more than
   * a command.
   */
  now: Milliseconds;
}

type Callback = () => void;

type Command = 'EHLO' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA';

/**
 * A session in which no message is accepted ends after as many refusals as this many messages may
 * have recipients.
 */
const REFUSED_MESSAGES = 3;
/**
 * Refused commands that get a log line each; the line at the end of the session has the count of
 * all.
 */
const REFUSED_LINES = 20;

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/; // eslint-disable-line no-control-regex -- the attack is in these

export class SubmissionConnection extends SMTPConnection implements OpenSession, Wire, ContentLine {
  readonly #context: ConnectionContext;
  readonly #place: AdmittedConnection;
  readonly #log: Log;
  readonly #gone = new AbortController();
  readonly #openedAt: Milliseconds;
  readonly #deadline = new Deadline();
  /** A command came inside TLS: whoever holds this connection has shown more than silence. */
  #started = false;
  /**
   * The connection is ended as one of a flood, and its end is not logged, so that a flood cannot
   * fill the log.
   */
  #quiet = false;
  readonly #replies = new ReplyWriter({
    name: () => this.name,
    secure: () => this.secure,
    write: (octets) => this.#write(octets),
    says: (text) => this.#context.says?.(text) ?? text,
  });
  readonly #session: Session;
  readonly #content: Content;
  /** The last line ended in LF alone. */
  #bareLf = false;
  #badCommands = 0;
  /** Commands that were refused since the last accepted message. */
  #refused = 0;
  #handshake: Socket | undefined;
  /**
   * The reply before the next command, with which the session ends: the gateway stops, or an
   * operator ends the session.
   */
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
    this.#session = new Session(context, this, place, this.#log);
    this.#content = new Content(context, this, this.#log);
  }

  // --- what the session sees

  /** The account that has logged in. */
  get account(): Account | undefined {
    return this.#session.account;
  }

  /** The password that the session was opened with, where one was. */
  get password(): UsedPassword | undefined {
    return this.#session.password;
  }

  get tls(): TLSSocket | undefined {
    return openTls(this._socket);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get gone(): boolean {
    return this._closing || this._closed;
  }

  get greeting(): Greeting {
    const name = typeof this.hostNameAppearsAs === 'string' ? this.hostNameAppearsAs : 'unknown';
    return { name, verb: this.openingCommand === 'HELO' ? 'HELO' : 'EHLO' };
  }

  admit(login: string): void {
    this.session.user = login;
  }

  // --- life

  override init(): void {
    this.#log.debug('smtp.opened', { peer: this.remoteAddress });
    this._setListeners(() => {
      // One turn of the loop: what the peer sent before the greeting is read in it, and judged by
      // `_ready`. The library waits 100 ms.
      setImmediate(() => {
        if (!this.gone) this.connectionReady();
      });
    });
  }

  /**
   * The library's timers are replaced by `check`; from here we learn the TLS socket whose handshake
   * begins after STARTTLS.
   */
  override _armTimeout(socket?: Socket): void {
    if (this._upgrading) this.#handshake = socket;
  }

  override _createParser(): SubmissionParser {
    // This runs inside the constructor of the base class, before our own fields exist; the
    // callbacks read them only when a line comes.
    const parser = new SubmissionParser({
      limit: () => this.#context.limits.authLine,
      command: (line, next, bareLf) => {
        this.#bareLf = bareLf;
        if (bareLf) this.#session.meet('command-lf');
        this._onCommand(line, next);
      },
      overlong: (next) => this.#badLine(replies.lineTooLong, next),
      turn: () => this.account?.id,
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
    if (this.gone) return;
    const { loginTime, commandTime } = this.#context.limits;
    if (this.account === undefined) {
      const open = now - this.#openedAt;
      if (open >= loginTime) this.#cut(replies.loginDeadline);
      else if (!this.#started && open >= this.#context.connections.startTime) this.#drop(replies.loginDeadline);
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
    const { account } = this;
    return {
      id: this.id,
      protocol: 'smtp',
      address: this.remoteAddress,
      listener: this.#context.listener,
      age: milliseconds(Math.max(0, this.#context.now - this.#openedAt)),
      ...defined({ account: account && { id: account.id, login: account.login } }),
      state: this.#state,
      ...tlsLine(this._socket),
      ...(typeof this.hostNameAppearsAs === 'string' && this.hostNameAppearsAs !== ''
        ? { client: this.hostNameAppearsAs }
        : {}),
      octets: { read: this._socket.bytesRead, written: this._socket.bytesWritten },
    };
  }

  get #state(): SessionFacts['state'] {
    if (this.gone) return 'closing';
    if (this.account === undefined) return 'login';
    if (this.#content.filing) return 'filing';
    if (this.#content.open) return 'content';
    return this.#session.transaction?.open === true ? 'transaction' : 'idle';
  }

  kill(): void {
    this.#last = replies.killed;
    this.cut();
  }

  displace(): void {
    this.#drop(replies.displaced);
  }

  /** Ends a session that nobody is logged in to, whether its peer listens or not. */
  #drop(reply: Refusal): void {
    this.#quiet = true;
    this.#cut(reply);
    if (!this._upgrading) this._socket.destroySoon();
  }

  /**
   * The time to drain is over. A message that is being filed still gets its reply; everything else
   * is cut.
   */
  cut(): void {
    if (this.#content.filing) return;
    this.#cut(this.#last ?? replies.shuttingDown);
    if (!this._upgrading) this._socket.destroySoon();
  }

  /**
   * The account may no longer log in. A message in the middle still gets its reply, and MAIL
   * refuses the next.
   */
  expel(reply: Refusal): void {
    if (!this.#content.open) this.#cut(reply);
  }

  override close(): void {
    this.#replies.flush();
    if (this._upgrading && this.#handshake !== undefined) {
      // The plain socket below must not go first: Node crashes when a TLS wrap loses it in the
      // middle of a handshake.
      this._closing = true;
      this.#handshake.destroy();
    } else super.close();
  }

  override upgrade(callback: Callback, secureCallback?: Callback): void {
    this.#replies.flush();
    // RFC 3207 section 4.2: what was said before TLS may have come from somebody on the way.
    this.#session.forget();
    const raw = this._socket;
    super.upgrade(callback, secureCallback);
    // The library takes every listener off the raw socket, ours as well; a handshake that never
    // ends must still free the place.
    raw.once('close', () => this.#place.release());
  }

  override _onClose(): void {
    if (!this._closed) {
      this.#gone.abort();
      this.#place.release();
      this.#deadline.clear();
      this.#content.interrupted();
      // A peer that only connects and says nothing must not fill the log.
      this.#log[this.#quiet || !this.#started ? 'debug' : 'info']('smtp.closed', {
        messages: this.#content.messages,
        account: this.account?.login,
        peer: this.remoteAddress,
        failedLogins: this.#session.failedLogins || undefined,
        refused: this.#refused > REFUSED_LINES ? this.#refused : undefined,
      });
    }
    super._onClose();
  }

  // --- replies

  /** Ends the session with a 421. */
  #cut(refusal: Refusal): void {
    if (this.gone) return;
    this.#log[this.#quiet ? 'debug' : 'info']('smtp.cut', {
      status: refusal.status,
      text: refusal.text,
      account: this.account?.login,
    });
    this.reply(refusal);
  }

  reply(reply: Reply): void {
    this.#said(this.#replies.say(reply.reply, spoken(reply), reply.status));
  }

  /** What the library says leaves through this method. */
  override send(code: number, data?: string | string[] | null): void {
    this.#said(this.#replies.ofLibrary(code, data));
  }

  #said(code: number): void {
    if (code === 421) this.close();
  }

  #write(octets: Buffer): void {
    // While a handshake runs the socket below is the plain one: nothing may be said on it.
    if (this._upgrading || this._socket.destroyed || !this._socket.writable) return;
    logLines.flush();
    this._socket.write(octets);
  }

  #refuse(command: string, refusal: Refusal): void {
    this.#context.answers.refusals.add([command, classOf(refusal)]);
    this.#refused += 1;
    if (this.#refused > REFUSED_MESSAGES * this.#context.limits.maxRecipients) return this.#cut(replies.tooManyRefused);
    // A refusal that an internal error caused is logged as such, so that nobody has to search for
    // it. Failed logins are counted in the line at the end of the session, and by auth.refused.
    const isCounted = command === 'AUTH' || this.#refused > REFUSED_LINES;
    const level = refusal.status === '4.3.0' ? 'error' : isCounted ? 'debug' : 'info';
    this.#log[level]('smtp.refused', {
      command,
      reply: refusal.reply,
      status: refusal.status,
      text: refusal.text,
      detail: refusal.detail,
      quirk: refusal.quirk,
      account: this.account?.login,
      peer: this.remoteAddress,
    });
    this.reply(refusal);
  }

  // --- commands

  override _onCommand(command: Buffer, callback: Callback = () => undefined): void {
    this.#deadline.set(this.#context.now, this.#context.limits.commandTime);
    if (this.secure) this.#started = true;
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
    if (this.account !== undefined) {
      if (this.#transact(line, command, callback)) return;
    } else if (this.#mayEnter(line)) return void this.#enterByCertificate(line, command, callback);
    super._onCommand(command, callback);
  }

  /** MAIL as the first thing after EHLO, from a client that shows a certificate. */
  #mayEnter(line: string): boolean {
    return (
      /^mail\s/i.test(line) &&
      typeof this.openingCommand === 'string' &&
      this.openingCommand !== '' &&
      this.#session.mayEnter
    );
  }

  async #enterByCertificate(line: string, command: Buffer, callback: Callback): Promise<void> {
    this._handlerPending = true;
    const refusal = await this.#session.enter().catch((error: unknown) => fault(this.#log, 'MAIL', error));
    if (refusal !== undefined) this.#refuse('MAIL', refusal);
    this._handlerPending = false;
    if (refusal !== undefined || this.gone) return this._whenWritable(callback);
    // Runs the command as if it came now: the session has an account, or the library refuses the
    // command.
    if (this.account === undefined) super._onCommand(command, callback);
    else this.#transact(line, command, callback);
  }

  /**
   * The commands of every message, without the library's look at each: its checks are all true once
   * somebody is logged in.
   */
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
      // An error that left this handler would reach the socket's pipe and end the process.
      this.#refuse(verb, fault(this.#log, verb, error));
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

  /**
   * Sends the answer to a command, at once if it is there already, and goes on with the next one.
   */
  #answer(callback: Callback, command: Command, answer: Answer): void {
    if (!(answer instanceof Promise)) {
      this.say(command, answer);
      return callback();
    }
    answer
      .then((said) => this.say(command, said))
      .catch((error: unknown) => this.#refuse(command, fault(this.#log, command, error)))
      .finally(() => {
        callback();
        if (this.#last !== undefined && !this.#content.open) this.#cut(this.#last);
      });
  }

  say(command: Command, said: Said): void {
    if ('extensions' in said) this.send(250, [this.name, ...said.extensions]);
    else if ('challenge' in said) {
      this._nextHandler = (line, done) => this.#answer(done, command, said.next(line));
      this.#replies.say(334, Buffer.from(said.challenge, 'utf8').toString('base64'), '');
    } else if ('delivery' in said) this.#take(said);
    else if (isRefusal(said)) this.#refuse(command, said);
    else this.reply(said);
  }

  #take({ delivery, lfOnly }: Begun): void {
    const { transaction } = this.#session;
    const parser = this._parser;
    if (transaction !== undefined && parser instanceof SubmissionParser)
      this.#content.begin(parser, transaction.submitter, delivery, this.#context.now, this.#bareLf && lfOnly);
  }

  override handler_EHLO(command: Buffer, callback: Callback): void {
    const [, name = '', more] = command.toString('latin1').trim().split(/\s+/);
    if (name === '' || more !== undefined || name.length > 255) {
      this.reply(replies.helloSyntax);
      return callback();
    }
    this.hostNameAppearsAs = name;
    this._resetSession();
    this.#answer(callback, 'EHLO', this.#session.ehlo());
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
    this.#session.reset();
  }

  override handler_AUTH(command: Buffer, callback: Callback): void {
    this.#answer(callback, 'AUTH', this.#session.auth(command));
  }

  override handler_MAIL(command: Buffer, callback: Callback): void {
    const { transaction } = this.#session;
    if (transaction !== undefined) return this.#answer(callback, 'MAIL', transaction.mail(command));
    this.reply(this.secure ? replies.needLogin : replies.needTlsForMail);
    callback();
  }

  override handler_RCPT(command: Buffer, callback: Callback): void {
    this.#answer(callback, 'RCPT', this.#session.transaction?.rcpt(command) ?? replies.needMail);
  }

  override handler_DATA(command: Buffer, callback: Callback): void {
    this.#answer(callback, 'DATA', this.#session.transaction?.data(command) ?? replies.needMail);
  }

  /** A message was filed or refused, so the next one may begin. */
  answered(filed: boolean): void {
    if (filed) this.#refused = 0;
    this._resetSession();
    this.#deadline.set(this.#context.now, this.#context.limits.commandTime);
    if (this.secure) this.#started = true;
    if (this.#last !== undefined) this.#cut(this.#last);
  }
}
