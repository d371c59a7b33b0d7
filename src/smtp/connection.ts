/**
 * One SMTP session: smtp-server's connection with our own greeting, deadlines and replies, and its three phases: the login (login-phase.ts), the
 * mail transaction (transaction-phase.ts) and the content (content-phase.ts).
 *
 * RFC 5321, RFC 6409 (submission), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3461 (DSN). What is kept of the library: its socket and TLS
 * handling, the order of commands, HELO, NOOP, RSET, QUIT, VRFY. Members with an underscore are pinned by test/smtp/library.test.ts.
 */
import type { Socket } from 'node:net';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { Authenticator, Mechanism, UsedPassword } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account } from '../domain/registry.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { type Milliseconds, milliseconds } from '../domain/units.ts';
import type { AdmittedConnection, ConnectionLimits, OpenSession, SessionFacts } from '../platform/connections.ts';
import { Deadline } from '../platform/deadline.ts';
import { logLines } from '../platform/log-lines.ts';
import type { ListenerAccess } from '../platform/listener.ts';
import { tlsLine } from '../platform/tls-line.ts';
import { Submission } from '../submission/submission.ts';
import type { Standing, SubmissionServices } from '../submission/transaction.ts';
import { type SmtpAnswers, classOf } from './answers.ts';
import { ContentPhase } from './content-phase.ts';
import { fault } from './fault.ts';
import type { SmtpLimits } from './limits.ts';
import { type Granted, LoginPhase } from './login-phase.ts';
import { SubmissionParser } from './parser.ts';
import { type Success, replies } from './replies.ts';
import { ReplyWriter } from './reply-writer.ts';
import { TransactionPhase } from './transaction-phase.ts';

/** What all sessions of a listener share. */
export interface ConnectionContext {
  readonly authenticator: Authenticator;
  readonly submission: SubmissionServices;
  readonly limits: SmtpLimits;
  readonly connections: Pick<ConnectionLimits, 'startTime'>;
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
  /** See `replyWords`. */
  readonly says?: (text: string) => string;
  /** Monotonic, a second old at most: deadlines need no finer clock, and reading one costs more than a command. */
  now: Milliseconds;
}

type Callback = () => void;
type Reply = Refusal | Success;

/** A session in which nothing is taken ends when it was refused as much as so many messages may have recipients. */
const REFUSED_MESSAGES = 3;
/** Refused commands with a line of their own; how many they were stands in the line at the end. */
const REFUSED_LINES = 20;

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/; // eslint-disable-line no-control-regex -- the attack is in these

export class SubmissionConnection extends SMTPConnection implements OpenSession {
  readonly #context: ConnectionContext;
  readonly #place: AdmittedConnection;
  readonly #log: Log;
  readonly #gone = new AbortController();
  readonly #openedAt: Milliseconds;
  readonly #deadline = new Deadline();
  /** A command came inside TLS: whoever holds the place has shown more than silence. */
  #started = false;
  /** Ended as one of a flood, which must not fill the log. */
  #quiet = false;
  readonly #replies = new ReplyWriter({
    name: () => this.name,
    secure: () => this.secure,
    write: (octets) => this.#write(octets),
    says: (text) => this.#context.says?.(text) ?? text,
  });
  readonly #login: LoginPhase;
  readonly #content: ContentPhase;
  /** From the login on. */
  #transaction: TransactionPhase | undefined;
  #password: UsedPassword | undefined;
  /** How the commands of the session deviate; its account is judged by them at each message. */
  readonly #quirks = new Set<Quirk>();
  /** The last line ended in LF alone. */
  #bareLf = false;
  #badCommands = 0;
  /** Commands that were refused since the last message was taken. */
  #refused = 0;
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
    this.#login = this.#loginPhase();
    this.#content = new ContentPhase({
      limits: context.limits,
      answers: context.answers,
      log: this.#log,
      gone: this.#gone.signal,
      reply: (reply) => this.reply(reply),
      accepted: (text) => {
        this.#refused = 0;
        this.send(250, text, '2.0.0');
      },
      refuse: (command, refusal) => this.#refuse(command, refusal),
      ended: () => this.#answered(),
      close: () => this.close(),
    });
  }

  #loginPhase(): LoginPhase {
    const { authenticator, limits, scram, authEquals, access } = this.#context;
    return new LoginPhase({
      authenticator,
      limits,
      scram,
      authEquals,
      ...defined({ access }),
      id: this.id,
      address: this.remoteAddress,
      network: this.#place.network,
      socket: () => this._socket,
      line: () => this.facts(),
      signal: this.#gone.signal,
      gone: () => this._closing || this._closed,
      become: (granted) => this.#become(granted),
      meet: (quirk) => void this.#quirks.add(quirk),
      reply: (reply) => this.reply(reply),
      refuse: (command, refusal) => this.#refuse(command, refusal),
      ask: (challenge, answer) => {
        this._nextHandler = (line, done) => this.#run(done, 'AUTH', answer(line));
        this.send(334, Buffer.from(challenge, 'utf8').toString('base64'), '');
      },
    });
  }

  /** Who logged in. */
  get account(): Account | undefined {
    return this.#transaction?.submitter.account;
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
    if (this._closing || this._closed) return;
    const { loginTime, commandTime } = this.#context.limits;
    if (this.#transaction === undefined) {
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
    if (this._closing || this._closed) return 'closing';
    if (this.#transaction === undefined) return 'login';
    if (this.#content.filing) return 'filing';
    if (this.#content.open) return 'content';
    return this.#transaction.open ? 'transaction' : 'idle';
  }

  /** The password that the session was opened with, where one was. */
  get password(): UsedPassword | undefined {
    return this.#password;
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

  /** The time to drain is over. A message that is being filed still gets its reply; everything else is cut. */
  cut(): void {
    if (this.#content.filing) return;
    this.#cut(this.#last ?? replies.shuttingDown);
    if (!this._upgrading) this._socket.destroySoon();
  }

  /** The account may not log in any more. A message in the middle still gets its reply, and MAIL refuses the next. */
  expel(reply: Refusal): void {
    if (!this.#content.open) this.#cut(reply);
  }

  override close(): void {
    this.#replies.flush();
    if (this._upgrading && this.#handshake !== undefined) {
      // The plain socket below must not go first: Node crashes when a TLS wrap loses it in the middle of a handshake.
      this._closing = true;
      this.#handshake.destroy();
    } else super.close();
  }

  override upgrade(callback: Callback, secureCallback?: Callback): void {
    this.#replies.flush();
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
      // Whoever only connects must not fill the log.
      this.#log[this.#quiet || !this.#started ? 'debug' : 'info']('smtp.closed', {
        messages: this.#content.messages,
        account: this.account?.login,
        peer: this.remoteAddress,
        failedLogins: this.#login.failed || undefined,
        refused: this.#refused > REFUSED_LINES ? this.#refused : undefined,
      });
    }
    super._onClose();
  }

  // --- replies

  /** Ends the session with a 421. */
  #cut(refusal: Refusal): void {
    if (this._closing || this._closed) return;
    this.#log[this.#quiet ? 'debug' : 'info']('smtp.cut', {
      status: refusal.status,
      text: refusal.text,
      account: this.account?.login,
    });
    this.reply(refusal);
  }

  reply(reply: Reply): void {
    this.send(reply.reply, reply.text, reply.status);
  }

  /** The one way out, the library's included. */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (this.#replies.send(code, data, context) === 421) this.close();
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
    // A refusal that is our own fault must be found without looking for it; logins are counted in the line at the end, and by auth.refused.
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
    if (this.#transaction !== undefined) {
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
      this.#login.mayEnter
    );
  }

  async #enterByCertificate(line: string, command: Buffer, callback: Callback): Promise<void> {
    this._handlerPending = true;
    const refusal = await this.#login.enter().catch((error: unknown) => fault(this.#log, 'MAIL', error));
    if (refusal !== undefined) this.#refuse('MAIL', refusal);
    this._handlerPending = false;
    if (refusal !== undefined || this._closing || this._closed) return this._whenWritable(callback);
    // As if it came now: with an account, or without one to the library's refusal.
    if (this.#transaction === undefined) super._onCommand(command, callback);
    else this.#transact(line, command, callback);
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

  /** Goes on when a command has done what it waits for, at once where that is nothing. */
  #run(callback: Callback, command: string, work: Promise<void> | undefined): void {
    if (work === undefined) return callback();
    work
      .catch((error: unknown) => this.#refuse(command, fault(this.#log, command, error)))
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
    const mechanisms = this.#transaction === undefined ? this.#login.mechanisms() : [];
    if (mechanisms instanceof Promise)
      this.#run(
        callback,
        'EHLO',
        mechanisms.then((offered) => this.#hello(offered)),
      );
    else {
      this.#hello(mechanisms);
      callback();
    }
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
      ...(!this.secure ? ['STARTTLS'] : this.#transaction === undefined ? this.#login.offer(mechanisms) : []),
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
    this.#transaction?.reset();
  }

  // --- phases

  override handler_AUTH(command: Buffer, callback: Callback): void {
    const refusal = !this.secure ? replies.needTls : this.#transaction !== undefined ? replies.secondLogin : undefined;
    if (refusal === undefined) return this.#run(callback, 'AUTH', this.#login.auth(command));
    this.#refuse('AUTH', refusal);
    callback();
  }

  /** The only place that makes a session somebody's. */
  #become(granted: Granted): Refusal | undefined {
    const { account, organisation, by, password } = granted;
    if (!this.#place.login(account.id)) return replies.accountConnections;
    const { tls, cipher } = tlsLine(this._socket) ?? { tls: 'TLS', cipher: '' };
    const certificate = this.#login.fingerprint(granted);
    const submitter = {
      account,
      organisation,
      session: this.id,
      address: this.remoteAddress,
      helo: typeof this.hostNameAppearsAs === 'string' ? this.hostNameAppearsAs : 'unknown',
      extended: this.openingCommand === 'EHLO',
      tls,
      cipher,
      mechanism: this.#login.mechanism,
      ...defined({ certificate }),
    };
    // Asked at every MAIL, so that a change counts at once.
    const standing = (): Promise<Result<Standing, Refusal>> => this.#standing(account, by !== undefined);
    this.#transaction = this.#transactionPhase(new Submission(this.#context.submission, submitter, standing));
    this.#password = password;
    this.session.user = account.login;
    this.#log.info('smtp.login', { account: account.login, peer: this.remoteAddress, tls, by: by ?? 'password' });
    return undefined;
  }

  /** Also for a log-in that was under way when its password was replaced. The look at the registry comes last: nothing changes behind it. */
  async #standing(account: Account, byCertificate: boolean): Promise<Result<Standing, Refusal>> {
    if (byCertificate && !(await this.#login.holds(account))) return fail(replies.certificateEnded);
    const record = await this.#context.submission.store.registry.findLogin(account.login);
    return passwordStands(record, this.#password) ? ok(record) : fail(replies.passwordEnded);
  }

  #transactionPhase(submission: Submission): TransactionPhase {
    return new TransactionPhase(
      {
        quirks: () => (this.openingCommand === 'HELO' ? [...this.#quirks, 'helo'] : this.#quirks),
        lfOnly: this.#context.lfOnly,
        reply: (reply) => this.reply(reply),
        refuse: (command, refusal) => this.#refuse(command, refusal),
        begin: (delivery, mayBeLfOnly) => {
          const parser = this._parser;
          if (parser instanceof SubmissionParser)
            this.#content.begin(parser, submission.submitter, delivery, this.#context.now, this.#bareLf && mayBeLfOnly);
        },
      },
      submission,
    );
  }

  override handler_MAIL(command: Buffer, callback: Callback): void {
    if (this.#transaction !== undefined) return this.#run(callback, 'MAIL', this.#transaction.mail(command));
    this.reply(this.secure ? replies.needLogin : replies.needTlsForMail);
    callback();
  }

  override handler_RCPT(command: Buffer, callback: Callback): void {
    if (this.#transaction !== undefined) return this.#run(callback, 'RCPT', this.#transaction.rcpt(command));
    this.#refuse('RCPT', replies.needMail);
    callback();
  }

  override handler_DATA(command: Buffer, callback: Callback): void {
    if (this.#transaction === undefined) this.#refuse('DATA', replies.needMail);
    else this.#transaction.data(command);
    callback();
  }

  /** A message was filed or refused; the next one may begin. */
  #answered(): void {
    this._resetSession();
    this.#deadline.set(this.#context.now, this.#context.limits.commandTime);
    if (this.secure) this.#started = true;
    if (this.#last !== undefined) this.#cut(this.#last);
  }
}
