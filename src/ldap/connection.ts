/**
 * One LDAP connection: socket, TLS, order of requests, deadlines.
 *
 * Requests run one after the other. A few requests that come meanwhile are read and wait, so that
 * an Abandon finds its search; then the socket is not read further. While the peer does not read
 * its answers, nothing further runs. There is no timer here: the listener calls `tick` once a
 * second, which looks at the deadline.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { UsedPassword } from '../auth/authenticator.ts';
import type { Expelled, LoggedInSession } from '../auth/expelling.ts';
import { BerError } from '../crypto/certificates/ber.ts';
import { defined } from '../domain/defined.ts';
import type { Account } from '../domain/registry.ts';
import { type Milliseconds, milliseconds, seconds } from '../domain/units.ts';
import { ConnectionGone } from '../platform/connection-gone.ts';
import type { AdmittedConnection, SessionFacts } from '../platform/connections.ts';
import type { ListenerAccess, ListenerSpec } from '../platform/listener.ts';
import { logLines } from '../platform/log-lines.ts';
import { ServedSocket } from '../platform/served-socket.ts';
import type { ListenedSession } from '../platform/session-listener.ts';
import { turns } from '../platform/turns.ts';
import { Frames } from './frames.ts';
import { MOST_OCTETS, MOST_WAITING } from './limits.ts';
import { type Request, readRequest } from './requests.ts';
import { disconnection } from './responses.ts';
import { type LdapResult, results } from './results.ts';
import { LdapSession, type LdapSessionParts } from './session.ts';
import type { LdapWire } from './wire.ts';

/** What all connections of a listener share. */
export interface LdapContext extends LdapSessionParts {
  readonly spec: Pick<ListenerSpec, 'name'>;
  /** Who may log in; undefined: everybody. */
  readonly access: ListenerAccess | undefined;
  readonly secureContext: SecureContext;
  readonly startTime: Milliseconds;
  readonly now: Milliseconds;
  readonly ended: (connection: LdapConnection) => void;
}

/** Why a session ended, for the log. */
type Ending =
  | (
      | 'unbind'
      | 'dropped'
      | 'idle'
      | 'login-time'
      | 'start-time'
      | 'stalled'
      | 'displaced'
      | 'failed-logins'
      | 'malformed'
    )
  | ('failed' | 'flood' | 'killed' | 'shutdown' | 'tls-failed')
  | Expelled;

/** After the last answer the peer has this long to take it and close. */
const CLOSING = seconds(5);

export class LdapConnection implements LdapWire, ListenedSession, LoggedInSession {
  readonly #context: LdapContext;
  readonly #place: AdmittedConnection;
  readonly #session: LdapSession;
  readonly #frames = new Frames(MOST_OCTETS);
  readonly #openedAt: Milliseconds;
  readonly #line: ServedSocket<Ending>;
  #waiting: Request[] = [];
  /** The request that is being answered. */
  #running: { readonly id: number; readonly abort: AbortController } | undefined;
  #busy = false;
  #judging: Promise<void> | undefined;
  #closing = false;
  #draining = false;
  #ending: Ending = 'dropped';

  /** `address`: that of the client; behind a load balancer it is not that of the socket. */
  constructor(socket: Socket, address: string, context: LdapContext, place: AdmittedConnection, id: string) {
    this.#context = context;
    this.#place = place;
    this.#openedAt = context.now;
    const due = context.now + Math.min(context.startTime, context.limits.loginTime);
    this.#line = new ServedSocket(
      socket,
      { at: due, ending: 'start-time' },
      {
        data: (chunk) => this.#read(chunk),
        ended: () => this.#closing || this.cut('dropped'),
        closed: () => this.#closed(),
        tlsFailed: () => this.cut(this.secure ? 'dropped' : 'tls-failed'),
      },
    );
    this.#session = new LdapSession(context, this, place, {
      session: id,
      protocol: 'ldap',
      address,
      network: place.network,
      line: () => this.facts(),
      ...defined({ access: context.access }),
    });
    place.attach(this);
  }

  facts(): SessionFacts {
    const { peer } = this.#session;
    const { account } = this;
    return {
      id: peer.session,
      protocol: 'ldap',
      address: peer.address,
      listener: this.#context.spec.name,
      age: milliseconds(Math.max(0, this.#context.now - this.#openedAt)),
      ...defined({ account: account && { id: account.id, login: account.login } }),
      state: this.#closing ? 'closing' : account === undefined ? 'login' : this.#busy ? 'busy' : 'idle',
      ...this.#line.line,
    };
  }

  get secure(): boolean {
    return this.#line.secure;
  }

  get tlsVersion(): string {
    return this.#line.tlsVersion;
  }

  get gone(): boolean {
    return this.#line.gone;
  }

  get signal(): AbortSignal {
    return this.#line.signal;
  }

  get account(): Account | undefined {
    return this.#session.login?.account;
  }

  get password(): UsedPassword | undefined {
    return this.#session.login?.password;
  }

  get byCertificate(): boolean {
    return this.#session.login?.byCertificate === true;
  }

  stands(): Promise<boolean> {
    return this.#session.stands();
  }

  judged(until: Promise<void>): void {
    this.#judging = until;
  }

  expel(ending: Expelled): void {
    if (this.#busy) this.cut(ending);
    else this.#leave(ending, results.ended);
  }

  kill(): void {
    this.cut('killed');
  }

  start(tls: ListenerSpec['tls']): void {
    if (tls === 'implicit') this.#startTls();
    else this.#line.listen();
  }

  tick(now: Milliseconds): void {
    const { due, dueEnding } = this.#line;
    if (now < due) return;
    if (this.#closing || this.#busy || !this.secure) this.cut(dueEnding);
    else this.#leave(dueEnding, results.idle);
  }

  drain(): void {
    this.#draining = true;
    if (!this.#busy) this.#leave('shutdown', results.stopping);
  }

  displace(): void {
    this.cut('displaced');
  }

  /** Ends the connection at once. */
  cut(ending: Ending): void {
    if (!this.#closing) this.#ending = ending;
    this.#closing = true;
    this.#line.raw.destroy();
  }

  async send(...pieces: readonly Buffer[]): Promise<void> {
    this.#line.mustBeThere();
    logLines.flush();
    const socket = this.#line.raw;
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    const { loginTime, sendTime } = this.#context.limits;
    // Before the first login nothing moves the deadline.
    const latest = this.#session.owner === undefined ? this.#openedAt + loginTime : Infinity;
    await this.#line.room(Math.min(latest, this.#context.now + sendTime));
  }

  #isClosing(): boolean {
    return this.#closing;
  }

  /** Ends the connection, with a response if one can be sent. */
  #leave(ending: Ending, why: LdapResult | undefined): void {
    if (this.#closing) return;
    // During a handshake nothing can be said.
    if (this.#line.inHandshake) return this.cut(ending);
    this.#closing = true;
    this.#ending = ending;
    this.#line.due = this.#context.now + CLOSING;
    this.#frames.clear();
    this.#waiting = [];
    if (why !== undefined) this.#line.raw.write(disconnection(why));
    this.#line.end();
  }

  #startTls(): void {
    const dropped = this.#frames.clear() + this.#waiting.splice(0).length;
    if (dropped > 0) this.#context.log.warn('ldap.injection', { session: this.#session.peer.session, octets: dropped });
    this.#line.startTls(this.#context.secureContext, (shown) => {
      this.#line.due = this.#openedAt + this.#context.limits.loginTime;
      this.#line.dueEnding = 'login-time';
      this.#session.secured(shown);
      if (this.#draining) this.#leave('shutdown', results.stopping);
    });
  }

  #read(chunk: Buffer): void {
    if (this.#closing) return;
    this.#frames.push(chunk);
    this.#take();
    void this.#run();
  }

  /**
   * Reads requests as long as more may wait. It stops behind an extended request, which may begin
   * TLS.
   */
  #take(): void {
    try {
      while (this.#waiting.length < MOST_WAITING && this.#waiting.at(-1)?.operation.kind !== 'extended') {
        const octets = this.#frames.next();
        if (octets === undefined) {
          if (this.#line.raw.isPaused()) this.#line.raw.resume();
          return;
        }
        const request = readRequest(octets);
        if (request.operation.kind === 'abandon') this.#abandon(request.operation.target);
        else this.#waiting.push(request);
      }
      this.#line.raw.pause();
    } catch (error) {
      if (!(error instanceof BerError)) throw error;
      this.#context.log.info('ldap.malformed', { session: this.#session.peer.session, why: error.message });
      this.#running?.abort.abort();
      this.#leave('malformed', results.protocol);
    }
  }

  /** RFC 4511 section 4.11: neither request has an answer. Only a search can be abandoned. */
  #abandon(target: number): void {
    if (this.#running?.id === target) this.#running.abort.abort();
    this.#waiting = this.#waiting.filter(({ id, operation }) => id !== target || operation.kind !== 'search');
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (!this.#isClosing()) {
        await this.#judging;
        const whose = this.account?.id;
        if (turns.over(whose)) await turns.rest(whose);
        const request = this.#isClosing() ? undefined : this.#waiting.shift();
        if (request === undefined) break;
        await this.#answer(request);
        if (this.#draining) this.#leave('shutdown', results.stopping);
        else if (!this.#isClosing()) this.#take();
      }
    } catch (error) {
      if (!this.gone && !(error instanceof ConnectionGone)) this.#failed(error);
    } finally {
      this.#busy = false;
      if (this.gone) this.#context.ended(this);
    }
  }

  async #answer(request: Request): Promise<void> {
    const abort = new AbortController();
    const gone = (): void => abort.abort();
    this.signal.addEventListener('abort', gone, { once: true });
    this.#running = { id: request.id, abort };
    try {
      const next = await this.#session.answer(request, abort.signal);
      if (next === 'close') {
        const ending = request.operation.kind === 'unbind' ? 'unbind' : 'failed-logins';
        this.#leave(ending, undefined);
      } else if (next === 'tls') this.#startTls();
      else this.#touch();
    } finally {
      this.signal.removeEventListener('abort', gone);
      this.#running = undefined;
    }
  }

  /** Called when a request was answered. Before the first login nothing moves the deadline. */
  #touch(): void {
    if (this.#session.owner === undefined) return;
    this.#line.due = this.#context.now + this.#context.limits.idleTime;
    this.#line.dueEnding = 'idle';
  }

  #failed(error: unknown): void {
    this.#context.log.error('ldap.failed', {
      session: this.#session.peer.session,
      account: this.account?.login,
      error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    });
    this.#leave('failed', results.failed);
  }

  #closed(): void {
    this.#closing = true;
    const { peer, searches, entries } = this.#session;
    const account = this.account?.login;
    if (account !== undefined)
      this.#context.log.info('ldap.ended', {
        session: peer.session,
        account,
        ending: this.#ending,
        searches,
        entries,
      });
    this.#place.release();
    if (!this.#busy) this.#context.ended(this);
  }
}
