/**
 * One LDAP connection: socket, TLS, order of requests, deadlines.
 *
 * Requests run one after the other. A few that came meanwhile are read and wait, so that an Abandon finds its search; behind these the socket is not read. While
 * the peer does not read its answers nothing further runs. There is no timer here: the listener's tick looks at `#due` once a second.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { UsedPassword } from '../auth/authenticator.ts';
import type { Expelled, LoggedInSession } from '../auth/expelling.ts';
import { BerError } from '../crypto/certificates/ber.ts';
import { defined } from '../domain/defined.ts';
import type { Account } from '../domain/registry.ts';
import { type Milliseconds, milliseconds, seconds } from '../domain/units.ts';
import { clientCertificateRequest, shownChain } from '../platform/client-certificate.ts';
import type { AdmittedConnection, SessionFacts } from '../platform/connections.ts';
import type { ListenerAccess, ListenerSpec } from '../platform/listener.ts';
import { logLines } from '../platform/log-lines.ts';
import type { ListenedSession } from '../platform/session-listener.ts';
import { tlsLine } from '../platform/tls-line.ts';
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
  /** Who may log in, where that is not everybody. */
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

const ignore = (): void => undefined;

export class LdapConnection implements LdapWire, ListenedSession, LoggedInSession {
  readonly #context: LdapContext;
  readonly #place: AdmittedConnection;
  readonly #session: LdapSession;
  readonly #frames = new Frames(MOST_OCTETS);
  readonly #abort = new AbortController();
  readonly #openedAt: Milliseconds;
  #socket: Socket;
  #secure = false;
  #waiting: Request[] = [];
  /** The request that is being answered. */
  #running: { readonly id: number; readonly abort: AbortController } | undefined;
  #busy = false;
  #judging: Promise<void> | undefined;
  #closing = false;
  #draining = false;
  #gone = false;
  #ending: Ending = 'dropped';
  #wake: (() => void) | undefined;
  #due: number;
  #dueEnding: Ending = 'start-time';

  /** `address`: the client's, which is not the socket's behind a load balancer. */
  constructor(socket: Socket, address: string, context: LdapContext, place: AdmittedConnection, id: string) {
    this.#socket = socket;
    this.#context = context;
    this.#place = place;
    this.#openedAt = context.now;
    this.#due = context.now + Math.min(context.startTime, context.limits.loginTime);
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
      ...(this.#secure ? tlsLine(this.#socket) : {}),
      octets: { read: this.#socket.bytesRead, written: this.#socket.bytesWritten },
    };
  }

  get secure(): boolean {
    return this.#secure;
  }

  get tlsVersion(): string {
    return tlsLine(this.#socket)?.tls ?? '';
  }

  get gone(): boolean {
    return this.#gone;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
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
    this.#socket.on('error', ignore);
    if (tls === 'implicit') this.#startTls();
    else this.#listen();
  }

  tick(now: Milliseconds): void {
    if (now < this.#due) return;
    if (this.#closing || this.#busy || !this.#secure) this.cut(this.#dueEnding);
    else this.#leave(this.#dueEnding, results.idle);
  }

  drain(): void {
    this.#draining = true;
    if (!this.#busy) this.#leave('shutdown', results.stopping);
  }

  displace(): void {
    this.cut('displaced');
  }

  /** Ends at once. */
  cut(ending: Ending): void {
    if (!this.#closing) this.#ending = ending;
    this.#closing = true;
    this.#socket.destroy();
  }

  async send(...pieces: readonly Buffer[]): Promise<void> {
    this.#mustBeThere();
    logLines.flush();
    const socket = this.#socket;
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    if (!socket.writableNeedDrain) return;
    const { due, ending } = { due: this.#due, ending: this.#dueEnding };
    this.#due = this.#context.now + this.#context.limits.sendTime;
    this.#dueEnding = 'stalled';
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#mustBeThere();
    this.#due = due;
    this.#dueEnding = ending;
  }

  #mustBeThere(): void {
    if (this.#gone) throw new PeerGone('the peer has gone');
  }

  #isClosing(): boolean {
    return this.#closing;
  }

  /** With a word where one can be said. */
  #leave(ending: Ending, why: LdapResult | undefined): void {
    if (this.#closing) return;
    // In a handshake nothing can be said.
    if (this.#socket instanceof TLSSocket && !this.#secure) return this.cut(ending);
    this.#closing = true;
    this.#ending = ending;
    this.#due = this.#context.now + CLOSING;
    this.#frames.clear();
    this.#waiting = [];
    if (why !== undefined) this.#socket.write(disconnection(why));
    this.#socket.end();
    // Read to the end, or the peer's own close stays unseen.
    this.#socket.resume();
  }

  #listen(): void {
    this.#socket
      .on('data', (chunk: Buffer) => this.#read(chunk))
      .on('drain', () => this.#wake?.())
      .on('end', () => this.#closing || this.cut('dropped'))
      .on('close', () => this.#closed());
  }

  #startTls(): void {
    const plain = this.#socket;
    for (const event of ['data', 'drain', 'end', 'close']) plain.removeAllListeners(event);
    const dropped = this.#frames.clear() + this.#waiting.splice(0).length;
    if (dropped > 0)
      // RFC 4511 section 4.14.1: what came before TLS may be an attacker's and is never read as said inside it.
      this.#context.log.warn('ldap.injection', { session: this.#session.peer.session, octets: dropped });
    const secure = new TLSSocket(plain, {
      isServer: true,
      secureContext: this.#context.secureContext,
      ...clientCertificateRequest,
    });
    this.#socket = secure;
    // Until the handshake is done, and after it, Node tells TLS errors of a server without tls.Server only here.
    secure.on('error', ignore).on('_tlsError', () => this.cut(this.#secure ? 'dropped' : 'tls-failed'));
    secure.once('secure', () => {
      this.#secure = true;
      this.#due = this.#openedAt + this.#context.limits.loginTime;
      this.#dueEnding = 'login-time';
      this.#session.secured(shownChain(secure));
      if (this.#draining) this.#leave('shutdown', results.stopping);
    });
    this.#listen();
  }

  #read(chunk: Buffer): void {
    if (this.#closing) return;
    this.#frames.push(chunk);
    this.#take();
    void this.#run();
  }

  /** Reads requests as long as some may wait. One that begins TLS is the last that is read before it. */
  #take(): void {
    try {
      while (this.#waiting.length < MOST_WAITING && this.#waiting.at(-1)?.operation.kind !== 'extended') {
        const octets = this.#frames.next();
        if (octets === undefined) {
          if (this.#socket.isPaused()) this.#socket.resume();
          return;
        }
        const request = readRequest(octets);
        if (request.operation.kind === 'abandon') this.#abandon(request.operation.target);
        else this.#waiting.push(request);
      }
      this.#socket.pause();
    } catch (error) {
      if (!(error instanceof BerError)) throw error;
      this.#context.log.info('ldap.malformed', { session: this.#session.peer.session, why: error.message });
      this.#running?.abort.abort();
      this.#leave('malformed', results.protocol);
    }
  }

  /** RFC 4511 section 4.11: neither has an answer. What is no search goes on. */
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
      if (!this.#gone && !(error instanceof PeerGone)) this.#failed(error);
    } finally {
      this.#busy = false;
      if (this.#gone) this.#context.ended(this);
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

  /** A request was answered. Before the first log-in nothing moves the deadline. */
  #touch(): void {
    if (this.#session.owner === undefined) return;
    this.#due = this.#context.now + this.#context.limits.idleTime;
    this.#dueEnding = 'idle';
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
    if (this.#gone) return;
    this.#gone = true;
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
    this.#abort.abort();
    this.#place.release();
    this.#wake?.();
    if (!this.#busy) this.#context.ended(this);
  }
}

/** The peer has gone, or was cut off; nothing more can be said. */
class PeerGone extends Error {
  override readonly name = 'PeerGone';
}
