/**
 * One SMTP session: smtp-server's connection with our own login, envelope and data phase.
 *
 * RFC 5321, RFC 4954, RFC 3207, RFC 6409. The library keeps the command loop, EHLO, STARTTLS and the rest; members with an underscore are
 * its inner ones, pinned by test/smtp/library.test.ts. `#logIn` is the only place that sets the session's user.
 */
import { TLSSocket } from 'node:tls';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { SMTPServer } from 'smtp-server';
import type { Socket } from 'node:net';
import type { AuthOutcome, Authenticator } from '../auth/authenticator.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Refusal } from '../domain/refusal.ts';
import { settingOf } from '../domain/settings.ts';
import type { Milliseconds } from '../domain/units.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import { refusals } from '../submission/refusals.ts';
import { type Delivery, Submission, type SubmissionServices } from '../submission/submission.ts';
import { DataDecoder } from './data-decoder.ts';
import { readMail, readRecipient } from './envelope.ts';
import type { SmtpLimits } from './limits.ts';
import { type DataReceiver, SubmissionParser } from './parser.ts';
import { replies, statusOf } from './replies.ts';
import { type Credentials, type SaslReading, readLogin, readPlain } from './sasl.ts';

export interface ConnectionContext {
  readonly authenticator: Authenticator;
  readonly submission: SubmissionServices;
  readonly limits: SmtpLimits;
  readonly clock: Clock;
  readonly log: Log;
}

type Done = () => void;

export class SubmissionConnection extends SMTPConnection {
  readonly #context: ConnectionContext;
  readonly #place: AdmittedConnection;
  readonly #log: Log;
  readonly #gone = new AbortController();
  readonly #openedAt: Milliseconds;
  #submission: Submission | undefined;
  #delivery: Delivery | undefined;
  #failedLogins = 0;
  #messages = 0;
  /** When the last command ended, or the data phase was last found moving. */
  #movedAt: Milliseconds;
  #dataOctets = 0;

  constructor(
    server: SMTPServer,
    socket: Socket | TLSSocket,
    options: SMTPConnectionOptions | null | undefined,
    context: ConnectionContext,
    place: AdmittedConnection,
  ) {
    super(server, socket, options ?? null);
    this.#context = context;
    this.#place = place;
    this.#log = context.log.with({ session: this.id });
    this.#openedAt = context.clock.monotonic();
    this.#movedAt = this.#openedAt;
  }

  // --- beginning and end

  /** Without the library's 100 ms wait: what the client sent before the greeting has arrived within one turn, and is refused then. */
  override init(): void {
    this._setListeners(() => setImmediate(() => this.connectionReady()));
  }

  override _createParser(): SubmissionParser {
    const parser = new SubmissionParser({ maxCommandLength: this._server.options.maxCommandLength });
    parser.oncommand = (command, callback) => this._onCommand(command, callback);
    parser.on('error', (error) => {
      if (/too long/i.test(error.message)) this.#reply(replies.lineTooLong);
      else this.#log.error('smtp.failed', { error: error.message });
      this.close();
    });
    return parser;
  }

  override _onClose(): void {
    this.#gone.abort();
    this.#place.release();
    const delivery = this.#delivery;
    this.#delivery = undefined;
    if (delivery !== undefined && this._parser instanceof SubmissionParser && this._parser.inData) {
      this.#log.info('smtp.interrupted', { message: delivery.id, octets: delivery.incoming.submitted });
      void delivery.abort();
    }
    if (!this._closed) this.#log.info('smtp.closed', { messages: this.#messages, account: this.#account });
    super._onClose();
  }

  /** Called about once a second: ends sessions whose peer is too slow. */
  tick(now: Milliseconds): void {
    if (this._closing || this._closed) return;
    const { limits } = this.#context;
    if (this.#submission === undefined && now - this.#openedAt > limits.loginTime)
      return this.#cut(replies.loginDeadline);
    const parser = this._parser;
    if (parser instanceof SubmissionParser && parser.inData) {
      if (now - this.#movedAt < limits.dataInterval) return;
      if (parser.dataBytes - this.#dataOctets < limits.dataMinimum) return this.#cut(replies.slowData);
      this.#movedAt = now;
      this.#dataOctets = parser.dataBytes;
    } else if (!this._handlerPending && this.#delivery === undefined && now - this.#movedAt > limits.commandTime)
      this.#cut(replies.commandDeadline);
  }

  /** The gateway stops: a message that is being sent may end, everything else is told to come back. */
  drain(): void {
    if (this.#delivery === undefined) this.#cut(replies.shuttingDown);
  }

  #cut(refusal: Refusal): void {
    this.#log.info('smtp.cut', { status: refusal.status, text: refusal.text });
    this.#reply(refusal);
    this.close();
  }

  // --- replies

  override _getEnhancedStatusCode(code: number, context?: string | false): string {
    return statusOf(code, context);
  }

  #reply(refusal: Refusal): void {
    this.send(refusal.reply, refusal.text, refusal.status);
  }

  #refuse(what: string, refusal: Refusal): void {
    this.#log.info('smtp.refused', {
      what,
      status: refusal.status,
      text: refusal.text,
      detail: refusal.detail,
      account: this.#account,
    });
    this.#reply(refusal);
  }

  /** Runs a step that waits; an unexpected error is answered 451 and logged, and never ends the session. */
  #run(done: Done, step: () => Promise<void>): void {
    step()
      .catch((error: unknown) => {
        this.#log.error('smtp.failed', {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
        this.#reply(replies.internal);
      })
      .finally(() => {
        this.#movedAt = this.#context.clock.monotonic();
        done();
      });
  }

  get #account(): string | undefined {
    return (this.session.user as { readonly login: string } | undefined)?.login;
  }

  get #tls(): string {
    return this._socket instanceof TLSSocket ? (this._socket.getProtocol() ?? 'none') : 'none';
  }

  // --- commands

  override _onCommand(command: Buffer, callback?: () => void): void {
    this.#movedAt = this.#context.clock.monotonic();
    super._onCommand(command, callback);
  }

  override handler_AUTH(command: Buffer, callback: Done): void {
    const [, mechanism = '', initial] = command.toString('latin1').trim().split(/\s+/);
    const refusal = this.#mayLogIn(mechanism.toUpperCase());
    if (refusal !== undefined) {
      this.#reply(refusal);
      callback();
      return;
    }
    if (mechanism.toUpperCase() === 'PLAIN') {
      if (initial !== undefined) this.#run(callback, () => this.#plain(readPlain(initial)));
      else this.#ask('', callback, (line, done) => this.#run(done, () => this.#plain(readPlain(line))));
      return;
    }
    const withLogin = (line: string, done: Done): void => {
      const login = readLogin(line);
      if (typeof login !== 'string') {
        this.#reply(login === null ? replies.loginCancelled : replies.loginMalformed);
        done();
        return;
      }
      this.#ask('UGFzc3dvcmQ6', done, (answer, end) => this.#run(end, () => this.#login(login, answer)));
    };
    if (initial !== undefined) withLogin(initial, callback);
    else this.#ask('VXNlcm5hbWU6', callback, withLogin);
  }

  #mayLogIn(mechanism: string): Refusal | undefined {
    if (!this.secure) return replies.needTls;
    if (this.session.user !== undefined && this.session.user !== false) return replies.secondLogin;
    if (this.#submission?.open === true) return replies.loginInTransaction;
    return mechanism === 'PLAIN' || mechanism === 'LOGIN' ? undefined : replies.mechanism;
  }

  /** 334 with a base64 prompt; the next line goes to `then`. */
  #ask(prompt: string, done: Done, then: (line: string, done: Done) => void): void {
    this._nextHandler = (line, next) => then(line.toString('latin1'), next);
    this.send(334, prompt);
    done();
  }

  async #plain(reading: SaslReading): Promise<void> {
    switch (reading.kind) {
      case 'credentials':
        return await this.#authenticate(reading.credentials);
      case 'cancelled':
        return this.#reply(replies.loginCancelled);
      case 'malformed':
        return this.#failed(replies.loginMalformed);
      case 'foreign':
        return this.#failed(replies.loginForeign);
    }
  }

  async #login(login: string, answer: string): Promise<void> {
    const password = readLogin(answer);
    if (typeof password === 'string') return await this.#authenticate({ login, password });
    this.#reply(password === null ? replies.loginCancelled : replies.loginMalformed);
  }

  async #authenticate({ login, password }: Credentials): Promise<void> {
    const peer = {
      session: this.id,
      protocol: 'smtp',
      address: this.remoteAddress,
      network: this.#place.network,
    } as const;
    const outcome = await this.#context.authenticator.password(login, password, peer, this.#gone.signal);
    if (this._closed || this._closing) return;
    switch (outcome.kind) {
      case 'granted':
        return this.#logIn(outcome);
      case 'refused':
        return this.#failed(replies.loginRefused);
      case 'busy':
        return this.#reply(replies.loginBusy);
    }
  }

  #failed(refusal: Refusal): void {
    this.#failedLogins += 1;
    this.#refuse('AUTH', this.#failedLogins >= this.#context.limits.failedLogins ? replies.tooManyLogins : refusal);
  }

  #logIn({ account, organisation }: Extract<AuthOutcome, { kind: 'granted' }>): void {
    if (!this.#place.login(account.id)) return this.#cut(replies.accountConnections);
    this.#submission = new Submission(this.#context.submission, {
      account,
      organisation,
      session: this.id,
      address: this.remoteAddress,
      helo: this.hostNameAppearsAs === false ? '' : this.hostNameAppearsAs,
      extended: this.openingCommand === 'EHLO',
      tls: this.#tls,
    });
    this.session.user = { login: account.login };
    this.session.transmissionType = this._transmissionType();
    this.#log.info('smtp.login', { account: account.login, network: this.#place.network, tls: this.#tls });
    this.send(235, 'Logged in', '2.7.0');
  }

  override handler_MAIL(command: Buffer, callback: Done): void {
    const submission = this.#submission;
    if (submission === undefined || submission.open) {
      this.#reply(submission === undefined ? replies.needLogin : replies.nestedMail);
      callback();
      return;
    }
    this.#run(callback, async () => {
      const read = readMail(command.toString('utf8'));
      const refusal = read.ok ? await submission.mail(read.value.path, read.value.parameters) : read.error;
      if (refusal === undefined) this.send(250, 'Sender taken', '2.1.0');
      else this.#refuse('MAIL', refusal);
    });
  }

  override handler_RCPT(command: Buffer, callback: Done): void {
    const submission = this.#submission;
    if (submission?.open !== true) {
      this.#reply(replies.needMail);
      callback();
      return;
    }
    this.#run(callback, async () => {
      const read = readRecipient(command.toString('utf8'));
      const refusal = read.ok ? await submission.recipient(read.value.path, read.value.parameters) : read.error;
      if (refusal === undefined) this.send(250, 'Recipient taken', '2.1.5');
      else this.#refuse('RCPT', refusal);
    });
  }

  override handler_DATA(command: Buffer, callback: Done): void {
    const submission = this.#submission;
    const parser = this._parser;
    const refusal =
      command.toString('latin1').trim().length > 4
        ? ({ reply: 501, status: '5.5.4', text: 'DATA takes no argument' } as const)
        : submission?.open !== true
          ? replies.needMail
          : submission.recipients === 0
            ? replies.needRecipient
            : undefined;
    if (refusal !== undefined || submission === undefined || !(parser instanceof SubmissionParser)) {
      if (refusal !== undefined) this.#reply(refusal);
      callback();
      return;
    }
    const begun = submission.begin();
    if (!begun.ok) {
      this.#refuse('DATA', begun.error);
      callback();
      return;
    }
    this.#receive(begun.value, parser, submission);
    this.send(354, 'End the message with <CRLF>.<CRLF>');
    callback();
  }

  #receive(delivery: Delivery, parser: SubmissionParser, submission: Submission): void {
    const { account, organisation } = submission.submitter;
    const normalise = settingOf('line-ends', account.settings, organisation.settings) === 'normalise';
    const decoder = new DataDecoder(normalise);
    const { met } = decoder;
    const { incoming } = delivery;
    this.#delivery = delivery;
    this.#dataOctets = 0;
    const receiver: DataReceiver = {
      write: (slice) => {
        if (met.nul > 0) incoming.refuse(refusals.nul);
        else if (!normalise && met.bareCr + met.bareLf > 0) incoming.refuse(refusals.bareLineEnd);
        // Whoever goes on far beyond the limit is not reading replies; the line is cut rather than read for ever.
        if (incoming.refused && incoming.submitted > 2 * this.#context.limits.maxMessage) this.#cut(refusals.tooMuch);
        return incoming.write(slice);
      },
      end: async () => {
        const filed = await delivery.file();
        this.#delivery = undefined;
        this.#movedAt = this.#context.clock.monotonic();
        if (filed.ok) {
          this.#messages += 1;
          if (met.bareCr + met.bareLf > 0)
            this.#log.info('smtp.quirk', {
              quirk: 'line-ends',
              message: filed.value,
              bareCr: met.bareCr,
              bareLf: met.bareLf,
              account: this.#account,
            });
          this.send(250, `accepted as ${filed.value}`, '2.0.0');
        } else this.#refuse('DATA', filed.error);
        this._transactionCounter += 1;
        this._unrecognizedCommands = 0;
        this._resetSession();
        if (this._server._closeTimeout !== false) this.#cut(replies.shuttingDown);
      },
    };
    parser.startData(decoder, receiver);
  }

  override _resetSession(): void {
    // Called by the library at EHLO, HELO, RSET and STARTTLS; each ends a transaction (RFC 5321 section 4.1.4).
    this.#submission?.reset();
    super._resetSession();
  }
}
