/**
 * The SMTP listener: smtp-server with our connections, our TLS policy and our limits.
 *
 * RFC 6409, RFC 8314 section 3.3. The library's defaults that weaken (its published key, TLS 1.0,
 * hidden status codes, the greeting delay) are all overridden; test/smtp holds each.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { Authenticator } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import type { Refusal } from '../domain/refusal.ts';
import { spoken } from '../domain/spoken.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import { clientCertificateRequest } from '../platform/client-certificate.ts';
import type { AdmittedConnection, ConnectionLimits } from '../platform/connections.ts';
import { listen, rest } from '../platform/listen.ts';
import { type Listener, type ListenerSpec, type TlsMaterial, accessOf, leavesToOthers } from '../platform/listener.ts';
import { NetworkSet } from '../platform/network.ts';
import { ProxyGate } from '../platform/proxy-gate.ts';
import { safeToAsk } from '../platform/tls-line.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { TurnedAway } from '../platform/turned-away.ts';
import { Round, turns } from '../platform/turns.ts';
import type { AbsenceNotices } from '../submission/absence-notices.ts';
import type { FiledNotices } from '../submission/filed-notices.ts';
import type { Fullness } from '../submission/fullness.ts';
import type { TestReports } from '../submission/test-address.ts';
import { newHourlyCounts } from '../submission/limits.ts';
import type { RefusalNotes } from '../submission/refusal-notes.ts';
import type { SubmissionServices } from '../submission/transaction.ts';
import { type ConnectionContext, SubmissionConnection } from './connection.ts';
import { type SmtpAnswers, newSmtpAnswers } from './answers.ts';
import type { SmtpLimits } from './limits.ts';
import { replies } from './replies.ts';

export interface SmtpListenerOptions {
  readonly spec: ListenerSpec;
  /** One certificate, or one of each key type. */
  readonly tls: readonly TlsMaterial[];
  /** The name in the greeting and in the trace line. */
  readonly hostname: string;
  readonly store: SubmissionServices['store'];
  readonly authenticator: Authenticator;
  readonly connections: ConnectionLimits;
  readonly limits: SmtpLimits;
  /**
   * Shared by all listeners, so that an account has one count; a listener without it makes its own.
   */
  readonly counts?: SubmissionCounts;
  readonly absences?: AbsenceNotices;
  readonly middleware?: SubmissionServices['middleware'];
  readonly filed?: FiledNotices;
  readonly fullness?: Fullness;
  readonly refused?: RefusalNotes;
  readonly tests?: TestReports;
  /** Adds to refusals how the helpdesk is reached (`replyWords`). */
  readonly says?: (text: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

export type SubmissionCounts = SubmissionServices['counts'] & { readonly answers: SmtpAnswers };

/** `shared`: what all gateways of the store count together. */
export const newSubmissionCounts = (
  clock: Clock,
  shared?: Parameters<typeof newHourlyCounts>[1],
): SubmissionCounts => ({
  answers: newSmtpAnswers(),
  ...newHourlyCounts(clock, shared),
});

/**
 * Deadlines are looked at this often; a timer for each command of each session would cost more than
 * the command.
 */
const TICK = seconds(1);
/** Connections that the kernel holds while the loop is busy: practices poll on the full minute. */
const BACKLOG = 1024;

/** Resolves once the port is open. Rejects when it cannot be opened; throws TlsMaterialError. */
export async function startSmtpListener(options: SmtpListenerOptions): Promise<Listener> {
  const server = new SubmissionServer(options);
  await server.open();
  return server;
}

class SubmissionServer extends SMTPServer implements Listener {
  readonly spec: ListenerSpec;
  readonly #options: SmtpListenerOptions;
  readonly #context: ConnectionContext;
  readonly #log: Log;
  /** Accepted sockets and when they came; kept by the raw socket and by the TLS socket above it. */
  readonly #places = new WeakMap<Socket, AdmittedConnection>();
  /**
   * Sockets in the handshake of implicit TLS: they have no session that could look at its deadline.
   */
  readonly #handshakes = new Map<Socket, Milliseconds>();
  readonly #gate: ProxyGate;
  readonly #turnedAway: TurnedAway;
  /** Networks that may connect; undefined: all. */
  readonly #networks: NetworkSet | undefined;
  /** Connections that were admitted and have not closed. */
  #open = 0;
  #port = 0;
  #ticking: Timer | undefined;
  readonly #sessionRound = new Round(this.connections, (one) => {
    if (one instanceof SubmissionConnection) one.check(this.#context.now);
  });
  readonly #handshakeRound = new Round(this.#handshakes, (socket) => {
    const patience = Math.min(this.#options.connections.startTime, this.#context.limits.loginTime);
    if (this.#context.now - (this.#handshakes.get(socket) ?? Infinity) >= patience) this.#abandon(socket);
  });
  #stopping = false;
  #closing = false;
  #stopped: Promise<void> | undefined;
  #closed: () => void = () => undefined;

  constructor(options: SmtpListenerOptions) {
    const { spec, hostname, limits, clock } = options;
    super({
      ...serverTlsOptions(options.tls, clock.now(), spec.profile),
      ...clientCertificateRequest,
      name: spec.hostname ?? hostname,
      secure: spec.tls === 'implicit',
      authMethods: ['PLAIN', 'LOGIN'],
      disableReverseLookup: true,
      hideENHANCEDSTATUSCODES: false,
      hideDSN: false,
      heloResponse: '%s',
      maxAllowedUnauthenticatedCommands: limits.commandsBeforeLogin,
      disabledCommands: ['XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL', 'LHLO'],
      // Our own deadlines hold; the library's timers would run on another clock.
      socketTimeout: 2 ** 31 - 1,
      logger: false,
      onConnect: (_session, callback) => callback(),
      onSecure: (_socket, _session, callback) => callback(),
    });
    this.spec = spec;
    this.#options = options;
    this.#log = options.log.with({ listener: spec.name });
    this.#gate = new ProxyGate({ networks: spec.proxy ?? [], clock, log: this.#log });
    this.#turnedAway = new TurnedAway(clock, this.#log, 'smtp.connection-refused');
    this.#networks = spec.networks === undefined ? undefined : new NetworkSet(spec.networks);
    const access = accessOf(spec);
    const counts = options.counts ?? newSubmissionCounts(clock);
    this.#context = {
      ...defined({ access, says: options.says }),
      authenticator: options.authenticator,
      limits,
      connections: options.connections,
      scram: spec.scram === 'offer',
      lfOnly: spec.quirks?.includes('lf-only') === true,
      authEquals: spec.quirks?.includes('auth-equals') === true,
      answers: counts.answers,
      listener: spec.name,
      log: this.#log,
      now: clock.monotonic(),
      submission: {
        store: options.store,
        clock,
        log: this.#log,
        hostname,
        maxMessage: limits.maxMessage,
        maxRecipients: limits.maxRecipients,
        counts,
        ...defined({
          absences: options.absences,
          middleware: options.middleware,
          filed: options.filed,
          fullness: options.fullness,
          refused: options.refused,
          tests: options.tests,
        }),
      },
    };
    options.store.registry.onChange((changed) => {
      this.#expel(changed).catch((error: unknown) => this.#log.error('smtp.expel', { error: String(error) }));
    });
    // Scanners cause TLS errors all day; an error without a handler would end the process.
    this.on('error', (error: Error) => this.#log.debug('smtp.connection-error', { why: error.message }));
  }

  get port(): number {
    return this.#port;
  }

  get sessions(): number {
    return this.connections.size;
  }

  async open(): Promise<void> {
    this.#port = await listen(this.server, this.spec, BACKLOG);
    this.#tick();
  }

  updateTls(material: readonly TlsMaterial[]): void {
    this.updateSecureContext(serverTlsOptions(material, this.#options.clock.now(), this.spec.profile));
  }

  updateTicketKey(key: Buffer): void {
    // The library merges this into its options and makes the TLS context again, so that later
    // certificates keep the ticket key.
    this.updateSecureContext({ ticketKeys: key });
  }

  stop(drain: Milliseconds): Promise<void> {
    return (this.#stopped ??= this.#stop(drain));
  }

  async #stop(drain: Milliseconds): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.#closed = resolve));
    this.#stopping = true;
    this.#gate.stop();
    turns.each(this.#handshakes, (socket) => this.#abandon(socket));
    this.#each((connection) => connection.drain());
    const timer = drain > 0 ? this.#options.clock.after(drain, () => this.cut()) : undefined;
    if (timer === undefined) this.cut();
    this.#closeWhenEmpty();
    await closed;
    timer?.cancel();
    this.#ticking?.cancel();
    this.#turnedAway.flush();
  }

  cut(): void {
    if (this.#stopping) this.#each((connection) => connection.cut());
  }

  /**
   * A suspended or ended account, or a password that was replaced, must not go on with the session
   * that it has.
   */
  async #expel(changed: readonly AccountId[] | 'many'): Promise<void> {
    for (const connection of [...this.#sessions()]) {
      const { account } = connection;
      if (account === undefined || (changed !== 'many' && !changed.includes(account.id))) continue;
      // A change of many accounts may concern thousands of sessions.
      if (turns.over()) await turns.rest();
      const record = await this.#options.store.registry.findLogin(account.login);
      if (record?.account.state !== 'active') connection.expel(replies.accountEnded);
      else if (!passwordStands(record, connection.password)) connection.expel(replies.passwordEnded);
    }
  }

  /** Also tells the end of a port that accepts nobody any more, when its last session has ended. */
  #closeWhenEmpty(): void {
    if (!this.#stopping || this.#closing || (this.#open > 0 && !leavesToOthers(this.spec))) return;
    this.#closing = true;
    this.server.close(() => this.#closed());
  }

  rest(): void {
    rest(this.server);
  }

  async resume(): Promise<void> {
    if (!this.#stopping && !this.server.listening)
      await listen(this.server, { ...this.spec, port: this.#port }, BACKLOG);
  }

  *#sessions(): Generator<SubmissionConnection> {
    for (const connection of this.connections) if (connection instanceof SubmissionConnection) yield connection;
  }

  #each(act: (connection: SubmissionConnection) => void): void {
    turns.each(this.connections, (one) => {
      if (one instanceof SubmissionConnection) act(one);
    });
  }

  /**
   * Every accepted socket passes here, before TLS: a flood of half-open handshakes meets the limits
   * as well.
   */
  override _acceptSocket(socket: Socket, handshake: boolean): ReturnType<SMTPServer['_acceptSocket']> {
    // A load balancer's connection meets the limits when its header has told whose it is; a stop
    // does not wait for that.
    if (this.#stopping && this.#gate.expects(socket)) {
      socket.destroy();
      return false;
    }
    if (!this.#gate.expects(socket) && !this.#admit(socket, socket.remoteAddress ?? '', handshake)) return false;
    return super._acceptSocket(socket, handshake);
  }

  override _handleProxy(...[socket, callback]: Parameters<SMTPServer['_handleProxy']>): void {
    if (!this.#gate.expects(socket)) {
      super._handleProxy(socket, callback);
      return;
    }
    this.#gate.take(socket, (remoteAddress) => {
      if (this.#stopping) socket.destroy();
      else if (this.#admit(socket, remoteAddress, this.spec.tls === 'implicit'))
        super._handleProxy(socket, (error, socketOptions) => {
          if (socketOptions === undefined) callback(error);
          else callback(error, { ...socketOptions, remoteAddress });
        });
    });
  }

  #admit(socket: Socket, address: string, handshake: boolean): boolean {
    const refuse = (why: string, refusal: Refusal): false => {
      const { reply, status } = refusal;
      const text = spoken(refusal);
      this.#turnedAway.note(why, address);
      socket.on('error', () => undefined);
      // In a TLS listener nothing can be said before the handshake, and the limit is there to save
      // that work.
      if (handshake) socket.destroy();
      else socket.end(`${reply} ${status} ${this.#options.says?.(text) ?? text}\r\n`, () => socket.destroy());
      return false;
    };
    if (this.#networks?.has(address) === false) return refuse('not-on-listener', replies.notForNetwork);
    if (this.#stopping) return refuse('stopping', replies.shuttingDown);
    const admission = this.#options.connections.admit(address, {
      displaced: (session) => {
        this.#turnedAway.note('displaced', address);
        // The connection has no session yet: it is in the handshake, or the library has not taken
        // it up.
        if (session === undefined) this.#abandon(socket);
        else session.displace();
      },
      released: () => {
        this.#open -= 1;
        this.#closeWhenEmpty();
      },
    });
    if (admission.kind === 'refused') return refuse(admission.why, replies.tooManyConnections);
    this.#places.set(socket, admission.connection);
    this.#open += 1;
    if (handshake) this.#handshakes.set(socket, this.#options.clock.monotonic());
    socket.once('close', () => {
      this.#handshakes.delete(socket);
      admission.connection.release();
    });
    return true;
  }

  override _upgrade(...[socket, callback]: Parameters<SMTPServer['_upgrade']>): void {
    // The listener was stopped, or the deadline has passed, since the socket was accepted; Node
    // crashes when TLS is put on a socket without a handle.
    if (socket.destroyed) {
      callback(new Error('The connection ended before its TLS handshake'));
      return;
    }
    super._upgrade(socket, (error, secured) => {
      const place = this.#places.get(socket);
      this.#handshakes.delete(socket);
      if (secured !== undefined && place !== undefined) this.#places.set(secured, place);
      callback(error, secured);
    });
    const secure = this._pendingSockets.get(socket);
    if (secure instanceof TLSSocket) safeToAsk(secure);
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    const place = this.#places.get(socket);
    if (place === undefined || this.#stopping) {
      socket.destroy();
      return;
    }
    const connection = new SubmissionConnection(this, socket, socketOptions, this.#context, place);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this._onError(error));
    connection.init();
  }

  /**
   * Destroys the TLS socket first, if there is one: Node crashes when a TLS wrap loses the socket
   * below it in the middle of a handshake.
   */
  #abandon(socket: Socket): void {
    (this._pendingSockets.get(socket) ?? socket).destroy();
  }

  #tick(): void {
    this.#ticking = this.#options.clock.after(TICK, () => {
      const now = this.#options.clock.monotonic();
      this.#context.now = now;
      this.#sessionRound.begin();
      this.#handshakeRound.begin();
      this.#tick();
    });
  }
}
