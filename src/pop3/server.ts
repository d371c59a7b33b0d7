/**
 * The POP3 listener: admits connections, ticks their deadlines, drains at the end.
 *
 * RFC 1939, RFC 2595 (STLS) and RFC 8314 section 3.3 (implicit TLS).
 */
import { randomBytes } from 'node:crypto';
import { type Server, type Socket, createServer } from 'node:net';
import { type SecureContext, type SecureContextOptions, createSecureContext } from 'node:tls';
import type { Authenticator } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import type { Consumers } from '../pickup/consumers.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import type { MaildropStore } from '../pickup/maildrop.ts';
import type { Receipts } from '../pickup/receipts.ts';
import type { AdmittedConnection, ConnectionLimits } from '../platform/connections.ts';
import { listen, rest } from '../platform/listen.ts';
import {
  type Listener,
  type ListenerAccess,
  type ListenerSpec,
  type TlsMaterial,
  accessOf,
  leavesToOthers,
} from '../platform/listener.ts';
import { NetworkSet } from '../platform/network.ts';
import { ProxyGate } from '../platform/proxy-gate.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { TurnedAway } from '../platform/turned-away.ts';
import { turns } from '../platform/turns.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import type { Pop3Limits } from './limits.ts';
import { troubles } from './replies.ts';
import { errReply } from './response.ts';
import { type SentCounts, newSentCounts } from './session.ts';

export interface Pop3ListenerOptions {
  readonly spec: ListenerSpec;
  /** One, or one of each key type. */
  readonly tls: readonly TlsMaterial[];
  /** For the greeting. */
  readonly hostname: string;
  readonly store: MaildropStore;
  readonly authenticator: Authenticator;
  readonly connections: ConnectionLimits;
  /** Counts where mailboxes are fetched from. */
  readonly consumers?: Pick<Consumers, 'note'>;
  /** Tells senders that asked for it what was collected. */
  readonly receipts?: Receipts;
  readonly limits: Pop3Limits;
  /** Shared by all listeners; made here when absent. */
  readonly sent?: SentCounts;
  /** Puts who the helpdesk is into refusals (`replyWords`). */
  readonly says?: (text: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

const TICK = seconds(1);
/** A silent peer behind a NAT that forgot it is found by the kernel, and its maildrop freed, before the idle time is over. */
const KEEP_ALIVE = seconds(60);
/** Connections that the kernel holds while the loop is busy: practices poll on the full minute. */
const BACKLOG = 1024;

const refusals = {
  total: errReply(troubles.tooManyConnections),
  stopping: errReply(troubles.stopping),
  network: errReply(troubles.tooManyOfNetwork),
  range: errReply(troubles.tooManyOfNetwork),
  'not-on-listener': errReply(troubles.notForNetwork),
} as const;

/** Resolves once the port is open. Rejects when the port cannot be opened; throws TlsMaterialError. */
export async function startPop3Listener(options: Pop3ListenerOptions): Promise<Listener> {
  const listener = new Pop3Listener(options);
  await listener.open();
  return listener;
}

class Pop3Listener implements Listener, ConnectionContext {
  readonly spec: ListenerSpec;
  readonly hostname: string;
  readonly access: ListenerAccess | undefined;
  readonly store: MaildropStore;
  readonly consumers: Pick<Consumers, 'note'> | undefined;
  readonly receipts: Receipts | undefined;
  readonly authenticator: Authenticator;
  readonly limits: Pop3Limits;
  readonly scram: boolean;
  readonly sent: SentCounts;
  readonly says: (text: string) => string;
  readonly log: Log;
  secureContext: SecureContext;
  #tls: SecureContextOptions;
  now: Milliseconds;
  readonly #options: Pop3ListenerOptions;
  readonly #gate: ProxyGate;
  readonly #turnedAway: TurnedAway;
  /** Who may connect, where that is not everybody. */
  readonly #networks: NetworkSet | undefined;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #prefix = randomBytes(5).toString('hex');
  #port = 0;
  #count = 0;
  #stopping = false;
  #ticking: Timer | undefined;
  /** The look at all deadlines is under way. */
  #checking = false;
  #emptied: (() => void) | undefined;

  constructor(options: Pop3ListenerOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.hostname = options.spec.hostname ?? options.hostname;
    this.access = accessOf(options.spec);
    this.#networks = options.spec.networks === undefined ? undefined : new NetworkSet(options.spec.networks);
    this.store = options.store;
    this.consumers = options.consumers;
    this.receipts = options.receipts;
    this.authenticator = options.authenticator;
    this.limits = options.limits;
    this.scram = options.spec.scram === 'offer';
    this.sent = options.sent ?? newSentCounts();
    this.says = options.says ?? ((text) => text);
    this.log = options.log.with({ listener: options.spec.name });
    this.#gate = new ProxyGate({ networks: options.spec.proxy ?? [], clock: options.clock, log: this.log });
    this.#turnedAway = new TurnedAway(options.clock, this.log, 'pop3.refused');
    this.#tls = serverTlsOptions(options.tls, options.clock.now(), options.spec.profile);
    this.secureContext = createSecureContext(this.#tls);
    this.now = options.clock.monotonic();
    const failed = (error: unknown): void => this.log.error('pop3.expel', { error: String(error) });
    options.store.registry.onChange((changed) => {
      const whose = [...this.#connections].filter(
        ({ account }) => account !== undefined && (changed === 'many' || changed.includes(account.id)),
      );
      const judged = this.#expel(whose).catch(failed);
      for (const connection of whose) connection.judged(judged);
    });
    options.authenticator.onTrustChange(() => {
      this.#expelUntrusted().catch(failed);
    });
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE }, (socket) =>
      this.#accept(socket),
    );
  }

  /** A suspended or ended account, a revoked certificate, or a password that was replaced must not go on reading with the session that it has. */
  async #expel(connections: readonly Connection[]): Promise<void> {
    for (const connection of connections) {
      const { account } = connection;
      if (account === undefined) continue;
      if (turns.over()) await turns.rest();
      const record = await this.store.registry.findLogin(account.login);
      if (record?.account.state !== 'active') connection.expel('account-closed');
      else if (!passwordStands(record, connection.password)) connection.expel('password-ended');
      else if (!(await connection.stands().catch(() => false))) connection.expel('certificate-ended');
    }
  }

  /** A revocation list that names the certificate of an open session ends it, as the registry's own revocation does. */
  async #expelUntrusted(): Promise<void> {
    for (const connection of [...this.#connections]) {
      if (!connection.byCertificate) continue;
      // Each is a path to be verified anew: a millisecond, thousands of times.
      if (turns.over()) await turns.rest();
      if (!(await connection.stands().catch(() => false))) connection.expel('certificate-ended');
    }
  }

  get sessions(): number {
    return this.#connections.size;
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    this.#port = await listen(this.#server, this.spec, BACKLOG);
    // Out of file descriptors, for example: the listener goes on with those it has.
    this.#server.on('error', (error) => this.log.error('pop3.listener', { error: error.message }));
  }

  updateTls(material: readonly TlsMaterial[]): void {
    this.#serve({ ...this.#tls, ...serverTlsOptions(material, this.#options.clock.now(), this.spec.profile) });
  }

  updateTicketKey(key: Buffer): void {
    this.#serve({ ...this.#tls, ticketKeys: key });
  }

  async stop(drain: Milliseconds): Promise<void> {
    this.#stopping = true;
    if (leavesToOthers(this.spec)) rest(this.#server);
    this.#gate.stop();
    const emptied = new Promise<void>((resolve) => (this.#emptied = resolve));
    const timer = this.#options.clock.after(drain, () => this.cut());
    turns.each(this.#connections, (connection) => connection.drain());
    if (this.#connections.size > 0) await emptied;
    this.#server.close();
    timer.cancel();
    this.#ticking?.cancel();
    this.#turnedAway.flush();
  }

  rest(): void {
    rest(this.#server);
  }

  async resume(): Promise<void> {
    if (!this.#stopping && !this.#server.listening)
      await listen(this.#server, { ...this.spec, port: this.#port }, BACKLOG);
  }

  get startTime(): Milliseconds {
    return this.#options.connections.startTime;
  }

  cut(): void {
    if (this.#stopping) turns.each(this.#connections, (connection) => connection.cut('shutdown'));
  }

  ended = (connection: Connection): void => {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#ticking?.cancel();
    this.#ticking = undefined;
    this.#emptied?.();
  };

  #serve(tls: SecureContextOptions): void {
    this.secureContext = createSecureContext(tls);
    this.#tls = tls;
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket;
    // Reset before we came to it.
    if (remoteAddress === undefined) return void socket.destroy();
    // A load balancer's connection meets the limits when its header has told whose it is.
    if (this.#gate.expects(socket) && this.#stopping) socket.destroy();
    else if (this.#gate.expects(socket)) this.#gate.take(socket, (address) => this.#admit(socket, address));
    else this.#admit(socket, remoteAddress);
  }

  #admit(socket: Socket, address: string): void {
    if (this.#networks?.has(address) === false) return this.#refuse(socket, address, 'not-on-listener');
    if (this.#stopping) return this.#refuse(socket, address, 'stopping');
    const admission = this.#options.connections.admit(address, {
      displaced: (session) => {
        this.#turnedAway.note('displaced', address);
        session?.displace();
      },
    });
    if (admission.kind === 'refused') return this.#refuse(socket, address, admission.why);
    this.#open(socket, address, admission.connection);
  }

  #open(socket: Socket, address: string, place: AdmittedConnection): void {
    if (this.#ticking === undefined) this.#tick();
    this.#count += 1;
    const connection = new Connection(socket, address, this, place, `${this.#prefix}-${this.#count.toString(36)}`);
    this.#connections.add(connection);
    connection.start(this.spec.tls);
  }

  #refuse(socket: Socket, address: string, why: keyof typeof refusals): void {
    this.#turnedAway.note(why, address);
    socket.on('error', () => undefined);
    // Inside implicit TLS a word would cost the handshake that the limit is there to save.
    if (this.spec.tls === 'implicit') return void socket.destroy();
    socket.write(this.says(refusals[why]), 'latin1');
    socket.destroySoon();
  }

  /** One timer for all sessions, and none while there is no session. */
  #tick(): void {
    this.now = this.#options.clock.monotonic();
    if (!this.#checking) {
      this.#checking = true;
      turns.each(
        this.#connections,
        (connection) => connection.tick(this.now),
        () => (this.#checking = false),
      );
    }
    this.#ticking = this.#options.clock.after(TICK, () => this.#tick());
  }
}
