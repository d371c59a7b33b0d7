/**
 * The SMTP listener: smtp-server with our connections, our TLS policy and our limits.
 *
 * RFC 6409, RFC 8314 section 3.3. The library's defaults that weaken (its published key, TLS 1.0, hidden status codes, the greeting
 * delay) are all overridden; test/smtp holds each.
 */
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import type { AdmittedConnection, ConnectionLimits } from '../platform/connections.ts';
import type { Listener, ListenerSpec, TlsMaterial } from '../platform/listener.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { HourlyCount } from '../submission/limits.ts';
import type { SubmissionServices } from '../submission/submission.ts';
import { type ConnectionContext, SubmissionConnection } from './connection.ts';
import type { SmtpLimits } from './limits.ts';
import { replies } from './replies.ts';

export interface SmtpListenerOptions {
  readonly spec: ListenerSpec;
  readonly tls: TlsMaterial;
  /** For the greeting and the trace line. */
  readonly hostname: string;
  readonly store: SubmissionServices['store'];
  readonly authenticator: Authenticator;
  readonly connections: ConnectionLimits;
  readonly limits: SmtpLimits;
  /** Shared by all listeners, so that an account has one count; made here when absent. */
  readonly counts?: SubmissionCounts;
  readonly clock: Clock;
  readonly log: Log;
}

export type SubmissionCounts = ConnectionContext['submission']['counts'];

export const newSubmissionCounts = (clock: Clock): SubmissionCounts => ({
  messages: new HourlyCount(clock),
  recipients: new HourlyCount(clock),
  unknown: new HourlyCount(clock),
});

const TICK = seconds(1);

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
  readonly #places = new WeakMap<Socket, AdmittedConnection>();
  #ticking: Timer | undefined;

  constructor(options: SmtpListenerOptions) {
    const { spec, hostname, limits, clock } = options;
    super({
      ...serverTlsOptions(options.tls, clock.now()),
      name: hostname,
      secure: spec.tls === 'implicit',
      authMethods: ['PLAIN', 'LOGIN'],
      size: limits.maxMessage,
      maxCommandLength: limits.commandLine,
      socketTimeout: limits.commandTime,
      disableReverseLookup: true,
      hideENHANCEDSTATUSCODES: false,
      hideDSN: false,
      heloResponse: '%s',
      authRequiredMessage: replies.needLogin.text,
      // Judged by our own deadline and by the commands themselves: a login that is retried must not cut the session at ten commands.
      maxAllowedUnauthenticatedCommands: 100,
      disabledCommands: ['XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL', 'HELP'],
      logger: false,
    });
    this.spec = spec;
    this.#options = options;
    const log = options.log.with({ listener: spec.name });
    this.#context = {
      authenticator: options.authenticator,
      limits,
      clock,
      log,
      submission: {
        store: options.store,
        clock,
        log,
        hostname,
        maxMessage: limits.maxMessage,
        maxRecipients: limits.maxRecipients,
        counts: options.counts ?? newSubmissionCounts(clock),
      },
    };
    this.on('error', (error: Error) => log.debug('smtp.connection-error', { error: error.message }));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.listen(this.spec.port, this.spec.address, 1024, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.#tick();
  }

  updateTls(material: TlsMaterial): void {
    this.updateSecureContext(serverTlsOptions(material, this.#options.clock.now()));
  }

  async stop(drain: Milliseconds): Promise<void> {
    this.options.closeTimeout = drain;
    const closed = new Promise<void>((resolve) => this.close(() => resolve()));
    for (const connection of this.connections) if (connection instanceof SubmissionConnection) connection.drain();
    await closed;
    this.#ticking?.cancel();
  }

  /** Every accepted socket passes here, before TLS: a flood of half-open handshakes meets the limits as well. */
  override _acceptSocket(socket: Socket, handshake: boolean): ReturnType<SMTPServer['_acceptSocket']> {
    const admission = this.#options.connections.admit(socket.remoteAddress ?? '');
    if (admission.kind === 'refused') {
      this.#context.log.warn('smtp.connection-refused', { why: admission.why, address: socket.remoteAddress });
      socket.on('error', () => undefined);
      const { reply, status, text } = replies.tooManyConnections;
      if (handshake) socket.destroy();
      else socket.end(`${reply} ${status} ${text}\r\n`, () => socket.destroy());
      return false;
    }
    this.#places.set(socket, admission.connection);
    socket.once('close', () => admission.connection.release());
    return super._acceptSocket(socket, handshake);
  }

  override _upgrade(...[socket, callback]: Parameters<SMTPServer['_upgrade']>): void {
    super._upgrade(socket, (error, secured) => {
      const place = this.#places.get(socket);
      if (secured !== undefined && place !== undefined) this.#places.set(secured, place);
      callback(error, secured);
    });
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    const place = this.#places.get(socket);
    if (place === undefined) {
      socket.destroy();
      return;
    }
    const connection = new SubmissionConnection(this, socket, socketOptions, this.#context, place);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this._onError(error));
    connection.init();
  }

  #tick(): void {
    this.#ticking = this.#options.clock.after(TICK, () => {
      const now = this.#options.clock.monotonic();
      for (const connection of this.connections) if (connection instanceof SubmissionConnection) connection.tick(now);
      this.#tick();
    });
  }
}
