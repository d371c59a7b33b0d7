/**
 * One POP3 connection: socket, TLS, order of commands, deadlines.
 *
 * Commands run one after the other, pipelined or not; while one runs the socket is not read beyond
 * what has come already, and while the peer does not read its answers no further command runs. So
 * what a peer can make us hold is one input buffer, one listing or two pieces of a message. There
 * is no timer here: the listener's tick looks at `due` once a second, which keeps thousands of idle
 * sessions cheap.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { defined } from '../domain/defined.ts';
import type { Account } from '../domain/registry.ts';
import { type Milliseconds, milliseconds, seconds } from '../domain/units.ts';
import { canBind, tlsExporter } from '../platform/channel-binding.ts';
import type { UsedPassword } from '../auth/authenticator.ts';
import type { Expelled, LoggedInSession } from '../auth/expelling.ts';
import { ConnectionGone } from '../platform/connection-gone.ts';
import type { AdmittedConnection, SessionFacts } from '../platform/connections.ts';
import type { ListenerAccess, ListenerSpec } from '../platform/listener.ts';
import { logLines } from '../platform/log-lines.ts';
import { ServedSocket } from '../platform/served-socket.ts';
import type { ListenedSession } from '../platform/session-listener.ts';
import { turns } from '../platform/turns.ts';
import { LineReader } from './lines.ts';
import { troubles } from './replies.ts';
import { errReply, greeting } from './response.ts';
import { type Reply, Session, type SessionParts } from './session.ts';
import { slabs } from './slabs.ts';
import type { Ending, Wire } from './wire.ts';

/** What all connections of a listener share. */
export interface ConnectionContext extends SessionParts {
  readonly hostname: string;
  /** Who may log in; undefined: everybody. */
  readonly access: ListenerAccess | undefined;
  readonly spec: Pick<ListenerSpec, 'name'>;
  /** Adds to a refusal how the helpdesk is reached (`replyWords`). */
  readonly says: (text: string) => string;
  /** TLS context for new handshakes; replaced when the certificate is. */
  readonly secureContext: SecureContext;
  /** Longest time from connect until TLS is established, and from there to the first command. */
  readonly startTime: Milliseconds;
  /** Monotonic time of the listener's last tick. */
  readonly now: Milliseconds;
  /** The connection has closed and its maildrop is free. */
  readonly ended: (connection: Connection) => void;
}

/** After the last answer the peer has this long to take it and close. */
const CLOSING = seconds(5);
/**
 * How long the next command waits after a message: a program that fails at it does so within this
 * time, less what has passed since the last tick.
 */
const MOMENT = seconds(2);
/** Most octets that wait: one packet that is being worked on and one that came meanwhile. */
const MOST_WAITING = 128 * 1024;
/**
 * Commands of one packet that run before other connections get their turn, however little time they
 * took.
 */
const TURN = 200;

export class Connection implements Wire, ListenedSession, LoggedInSession {
  readonly #context: ConnectionContext;
  readonly #place: AdmittedConnection;
  readonly #session: Session;
  readonly #lines: LineReader;
  readonly #line: ServedSocket<Ending>;
  #busy = false;
  #judging: Promise<void> | undefined;
  #closing = false;
  #draining = false;
  #ending: Ending = 'dropped';
  readonly #openedAt: Milliseconds;
  /** The connection waits a moment to see whether the peer leaves. */
  #watching = false;
  /** Called at the listener's next tick, or when the connection ends. */
  #ticked: (() => void) | undefined;
  #ended: Promise<void> | undefined;
  /** A command came inside TLS: whoever holds this connection has shown more than silence. */
  #started = false;

  /** `address`: the client's, which is not the socket's behind a load balancer. */
  constructor(socket: Socket, address: string, context: ConnectionContext, place: AdmittedConnection, id: string) {
    this.#context = context;
    this.#place = place;
    this.#lines = new LineReader(context.limits);
    this.#openedAt = context.now;
    const due = context.now + Math.min(context.startTime, context.limits.loginTime);
    this.#line = new ServedSocket(
      socket,
      { at: due, ending: 'start-time' },
      {
        data: (chunk) => this.#read(chunk),
        // A dropped line frees the maildrop at once: the client is often back within milliseconds.
        ended: () => this.#closing || this.#hungUp(),
        closed: () => this.#closed(),
        tlsFailed: () => this.cut(this.secure ? 'dropped' : 'tls-failed'),
      },
    );
    this.#session = new Session(context, this, place, {
      session: id,
      protocol: 'pop3',
      address,
      network: place.network,
      line: () => this.facts(),
      ...defined({ access: context.access }),
    });
    place.attach(this);
  }

  facts(): SessionFacts {
    const { peer, account } = this.#session;
    return {
      id: peer.session,
      protocol: 'pop3',
      address: peer.address,
      listener: this.#context.spec.name,
      age: milliseconds(Math.max(0, this.#context.now - this.#openedAt)),
      ...defined({ account: account && { id: account.id, login: account.login } }),
      state: this.#closing ? 'closing' : account === undefined ? 'login' : this.#busy ? 'busy' : 'idle',
      ...this.#line.line,
    };
  }

  kill(): void {
    this.cut('killed');
  }

  get secure(): boolean {
    return this.#line.secure;
  }

  get tlsVersion(): string {
    return this.#line.tlsVersion;
  }

  get bindable(): boolean {
    return this.secure && canBind(this.#socket);
  }

  get binding(): Uint8Array | undefined {
    return tlsExporter(this.#socket);
  }

  get gone(): boolean {
    return this.#line.gone;
  }

  get signal(): AbortSignal {
    return this.#line.signal;
  }

  get #socket(): Socket {
    return this.#line.raw;
  }

  start(tls: 'implicit' | 'starttls'): void {
    if (tls === 'implicit') return this.#startTls(true);
    this.#line.listen();
    this.#socket.write(greeting(this.#context.hostname), 'latin1');
  }

  send(data: string | Uint8Array): Promise<void> {
    if (this.gone) return Promise.reject(new ConnectionGone('the peer has gone'));
    logLines.flush();
    if (typeof data === 'string') this.#socket.write(data, 'latin1');
    else this.#send(data);
    return this.#drained();
  }

  #send(data: Uint8Array): void {
    this.#socket.write(data, () => slabs.give(data));
  }

  /** Called once a second. */
  tick(now: Milliseconds): void {
    this.#ticked?.();
    if (now >= this.#line.due) this.#expire();
    else if (this.#session.drop?.lost === true) this.#leave('taken-over');
  }

  /** The account that is logged in here. */
  get account(): Account | undefined {
    return this.#session.account;
  }

  /** The password that opened the session, if one did. */
  get password(): UsedPassword | undefined {
    return this.#session.password;
  }

  /** The login rests on a client certificate. */
  get byCertificate(): boolean {
    return this.#session.byCertificate;
  }

  /** False once the certificate that the login rests on is no longer accepted. */
  stands(): Promise<boolean> {
    return this.#session.stands();
  }

  /** Ends a session that has lost its right to the maildrop, also in the middle of a message. */
  expel(ending: Expelled): void {
    this.#leave(ending);
  }

  /**
   * Holds all answers back while the session's right to the maildrop is checked, even that to a
   * command which came in the same moment.
   */
  judged(until: Promise<void>): void {
    this.#judging = until;
    void until.then(() => {
      if (this.#judging === until) this.#judging = undefined;
    });
  }

  #leave(ending: Ending): void {
    if (this.#busy) this.cut(ending);
    else this.#close(ending);
  }

  displace(): void {
    if (this.#closing) return void this.#socket.destroy();
    this.#ending = 'displaced';
    this.#closing = true;
    this.#lines.clear();
    // During a handshake nothing can be said.
    if (this.#line.inHandshake) return void this.#socket.destroy();
    this.#socket.write(errReply(troubles.displaced), 'latin1');
    this.#socket.destroySoon();
  }

  /** Lets the running command end, then closes without UPDATE. */
  drain(): void {
    this.#draining = true;
    if (!this.#busy) this.#close('shutdown');
  }

  /** Closes the connection at once. */
  cut(ending: Ending): void {
    if (!this.#closing) this.#ending = ending;
    this.#closing = true;
    // Earlier answers are still sent.
    this.#line.flush();
    this.#socket.destroy();
  }

  /** The client closed in good order: as far as anybody can tell it received what was sent. */
  #hungUp(): void {
    if (!this.#busy && this.#socket.writableLength === 0) this.#session.hungUp = true;
    this.cut('dropped');
  }

  /** `greet`: on a STLS connection the greeting went out in the clear. */
  #startTls(greet: boolean): void {
    const dropped = this.#lines.clear();
    if (dropped > 0) this.#context.log.warn('pop3.injection', { session: this.#session.peer.session, octets: dropped });
    this.#session.forget();
    const line = this.#line;
    line.startTls(this.#context.secureContext, (shown) => {
      if (line.dueEnding === 'start-time') line.due = this.#beforeLogin(this.#context.now + this.#context.startTime);
      this.#session.secured(shown);
      if (this.#draining) this.#close('shutdown');
      else if (greet) this.#socket.write(greeting(this.#context.hostname), 'latin1');
    });
  }

  #read(chunk: Buffer): void {
    if (this.#closing) return;
    this.#lines.push(chunk);
    // Cannot happen while the socket is paused in time, but the bound on memory must not depend on
    // that alone.
    if (this.#lines.waiting > MOST_WAITING) return this.cut('flood');
    // While the program is given time to fail, the socket is read, since its end comes behind
    // whatever was sent ahead.
    if (this.#busy && !(this.#watching && this.#lines.waiting < MOST_WAITING / 2)) this.#socket.pause();
    else this.#run();
  }

  #beforeLogin(due: number): number {
    return Math.min(due, this.#openedAt + this.#context.limits.loginTime);
  }

  #start(): void {
    this.#started = true;
    if (this.#line.dueEnding !== 'start-time') return;
    this.#line.due = this.#beforeLogin(Infinity);
    this.#line.dueEnding = 'login-time';
  }

  /**
   * Runs what has come, in order, until a command has to be waited for. What is answered in one go
   * leaves in one write.
   */
  #run(): void {
    const socket = this.#socket;
    socket.cork();
    this.#answerLines();
    socket.uncork();
    // The socket stays paused while a command runs: one packet for each command would pile up.
    if (!this.#busy && !this.#closing && this.#socket.isPaused()) this.#socket.resume();
  }

  #answerLines(): void {
    for (let turn = 0; !this.#busy && !this.#closing; turn += 1) {
      if (this.#judging !== undefined) return this.#wait(this.#judging.then(() => ''));
      const whose = this.#session.account?.id;
      if (turn === TURN || turns.over(whose))
        return this.#wait(new Promise((resolve) => turns.next(() => resolve(''), whose)));
      const line = this.#lines.next(this.#session.exchange !== undefined);
      if (line === undefined) break;
      if (this.secure && !this.#started) this.#start();
      const answer = this.#session.answer(line, this.#lines.bareLf);
      if (answer instanceof Promise) return this.#wait(answer);
      this.#write(answer);
    }
  }

  #wait(answer: Promise<Reply>): void {
    this.#busy = true;
    answer
      .then((reply) => {
        this.#busy = false;
        this.#socket.cork();
        this.#write(reply);
      })
      .catch((error: unknown) => {
        this.#busy = false;
        if (!(error instanceof ConnectionGone)) this.#session.failed(error);
        this.cut('failed');
      })
      .finally(() => {
        if (this.gone) return this.#finish();
        this.#run();
        // Answers that were written behind this one leave with it.
        this.#socket.uncork();
      });
  }

  /** Writes an answer and does what the session wants next. */
  #write(reply: Reply): void {
    if (this.gone) return;
    const { next } = this.#session;
    if (next.kind === 'cut') return this.cut(next.ending);
    if (reply.length > 0) {
      logLines.flush();
      if (typeof reply === 'string') this.#socket.write(this.#said(reply), 'latin1');
      else this.#send(reply);
    }
    if (next.kind === 'close') return this.#close(next.ending);
    if (this.#draining) return this.#close('shutdown');
    if (next.kind === 'tls') return this.#startTls(false);
    this.#touch();
    if (this.#session.fetches > 0 && reply.length > 0 && this.#session.waitsBehindMessage) this.#wait(this.#moment());
    else if (this.#socket.writableNeedDrain) this.#wait(this.#drained().then(() => ''));
  }

  /** Adds to a refusal how the helpdesk is reached. */
  #said(reply: string): string {
    return reply.startsWith('-ERR') ? this.#context.says(reply) : reply;
  }

  /** A complete command was answered, which moves the deadline; before the login nothing does. */
  #touch(): void {
    if (this.#session.drop === undefined) return;
    this.#line.due = this.#context.now + this.#context.limits.idleTime;
    this.#line.dueEnding = 'idle';
  }

  /** Resolves when the socket accepts data again; the peer has `sendTime` for that. */
  async #drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain) return;
    const latest = this.#session.drop === undefined ? this.#line.due : Infinity;
    await this.#line.room(Math.min(latest, this.#context.now + this.#context.limits.sendTime));
    this.#touch();
  }

  /**
   * Waits until a later tick, or until the peer has gone: time for a program to fail at what it
   * got.
   */
  async #moment(): Promise<Reply> {
    await this.#drained();
    const over = this.#context.now + MOMENT;
    this.#watching = true;
    if (this.#socket.isPaused()) this.#socket.resume();
    while (!this.gone && this.#context.now < over) await new Promise<void>((resolve) => (this.#ticked = resolve));
    this.#watching = false;
    this.#line.mustBeThere();
    return '';
  }

  /** RFC 1939 section 3: an autologout removes nothing and says nothing. */
  #expire(): void {
    const ending = this.#line.dueEnding;
    if (this.#closing || ending === 'stalled' || ending === 'start-time' || !this.secure) return this.cut(ending);
    this.#close(ending);
  }

  /**
   * Accepts no further command; the connection closes when the peer has received what was written,
   * or after a short while.
   */
  #close(ending: Ending): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#ending = ending;
    this.#line.due = this.#context.now + CLOSING;
    this.#lines.clear();
    // The maildrop is free at once, however long the peer takes to close: the client is often back
    // within the second.
    if (!this.#busy) void this.#end();
    this.#line.end();
  }

  #closed(): void {
    this.#closing = true;
    this.#place.release();
    this.#ticked?.();
    if (!this.#busy) this.#finish();
  }

  #finish(): void {
    void this.#end().then(() => this.#context.ended(this));
  }

  /** Gives back everything that the session holds. Never rejects. */
  #end(): Promise<void> {
    this.#ended ??= this.#session.end(this.#ending).catch((error: unknown) => void this.#session.failed(error));
    return this.#ended;
  }
}
