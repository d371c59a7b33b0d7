/**
 * The login of a session, from EHLO to an account: what is offered, the exchange of AUTH, or a client certificate alone.
 *
 * RFC 4954. A wrong password, an unknown name and a suspended account get the same answer; overload is never called a wrong password (users
 * would change a password that is right). A login that rests on a certificate is judged anew at every MAIL: `holds`.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  type AuthOutcome,
  type Authenticator,
  type Mechanism,
  type Peer,
  type PeerLine,
  passwordMechanisms,
} from '../auth/authenticator.ts';
import { beginSasl, mechanismNamed, offeredMechanisms, respond } from '../auth/sasl.ts';
import type { SaslSession, SaslStep, ScramOffer } from '../auth/sasl-step.ts';
import { defined } from '../domain/defined.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import { canBind, tlsExporter } from '../platform/channel-binding.ts';
import { type ShownChain, fingerprintOf, shownChain } from '../platform/client-certificate.ts';
import type { ListenerAccess } from '../platform/listener.ts';
import { openTls } from '../platform/tls-line.ts';
import type { SmtpLimits } from './limits.ts';
import { type Success, replies, successes } from './replies.ts';

export type Granted = Extract<AuthOutcome, { kind: 'granted' }>;

/** What the phase needs of its session. */
export interface LoginSession {
  readonly authenticator: Authenticator;
  readonly limits: Pick<SmtpLimits, 'failedLogins'>;
  /** SCRAM is offered here, and the login in the form AUTH= too. */
  readonly scram: boolean;
  readonly authEquals: boolean;
  /** Who may log in, where that is not everybody. */
  readonly access?: ListenerAccess;
  /** Of the peer. */
  readonly id: string;
  readonly address: string;
  readonly network: string;
  /** How it is connected, for what a login leaves behind. */
  readonly line: () => PeerLine;
  /** The one in use: STARTTLS puts another in its place. */
  readonly socket: () => Socket;
  /** Aborted when the peer goes away. */
  readonly signal: AbortSignal;
  readonly gone: () => boolean;
  /** Makes the session the account's; why not, where that is refused. */
  readonly become: (granted: Granted) => Refusal | undefined;
  readonly meet: (quirk: Quirk) => void;
  readonly reply: (reply: Success) => void;
  readonly refuse: (command: 'AUTH', refusal: Refusal) => void;
  /** Sends a challenge; the client's next line goes to `answer`. */
  readonly ask: (challenge: string, answer: (line: Buffer) => Promise<void>) => void;
}

const notJudged = ({ why }: Extract<AuthOutcome, { kind: 'busy' }>): Refusal =>
  why === 'store' ? replies.loginUnknown : replies.loginBusy;

export class LoginPhase {
  readonly #session: LoginSession;
  /** AUTH was sent: whoever tried another way in is not let in by the certificate alone. */
  #tried = false;
  /** Of the login under way or done; empty for a certificate without AUTH. */
  #mechanism = '';
  #failed = 0;
  /** What the client showed; null: nothing. Read once, inside TLS. */
  #shown: ShownChain | null | undefined;

  constructor(session: LoginSession) {
    this.#session = session;
  }

  /** Logins that did not succeed. */
  get failed(): number {
    return this.#failed;
  }

  /** For reports of the test address. */
  get mechanism(): string {
    return this.#mechanism;
  }

  get certificate(): ShownChain | undefined {
    const tls = this.#tls;
    if (this.#shown === undefined && tls !== undefined) this.#shown = shownChain(tls) ?? null;
    return this.#shown ?? undefined;
  }

  /** Of the certificate that a login rests on. */
  fingerprint({ by }: Granted): string | undefined {
    const own = this.certificate?.[0];
    return by === undefined || own === undefined ? undefined : fingerprintOf(own);
  }

  /** EXTERNAL is offered only where the client's certificate leads to an account: without one there is nothing to wait for. */
  mechanisms(): readonly Mechanism[] | Promise<readonly Mechanism[]> {
    return this.certificate === undefined ? passwordMechanisms : this.#session.authenticator.mechanisms(this.#peer);
  }

  /** The lines of EHLO. */
  offer(mechanisms: readonly Mechanism[]): readonly string[] {
    return [
      `AUTH ${offeredMechanisms(mechanisms, this.#scram).join(' ')}`,
      // QUIRK auth-equals: clients of 1998 read this form alone, and know LOGIN or PLAIN.
      ...(this.#session.authEquals ? ['AUTH=LOGIN PLAIN'] : []),
    ];
  }

  /** Takes AUTH inside TLS, from a session that is nobody's yet. Undefined: it is answered. */
  auth(command: Buffer): Promise<void> | undefined {
    const [, name = '', initial, more] = command.toString('latin1').trim().split(/\s+/);
    const mechanism = mechanismNamed(name, this.#scram);
    if (name === '' || more !== undefined || mechanism === undefined) {
      this.#session.refuse('AUTH', name === '' || more !== undefined ? replies.argument : replies.mechanism);
      return undefined;
    }
    this.#tried = true;
    this.#mechanism = mechanism;
    if (mechanism === 'LOGIN' && initial !== undefined && initial !== '=') this.#session.meet('login-initial');
    return beginSasl(mechanism, initial, this.#sasl).then((step) => this.#take(step));
  }

  /** Thunderbird sends no AUTH EXTERNAL: it shows its certificate and begins with MAIL. */
  get mayEnter(): boolean {
    return !this.#tried && this.certificate !== undefined;
  }

  /** Logs in by the certificate alone, where its account allows. Undefined: go on, logged in or not; else why the command ends here. */
  async enter(): Promise<Refusal | undefined> {
    const outcome = await this.#session.authenticator.implicit(this.#peer);
    if (this.#session.gone()) return undefined;
    if (outcome.kind === 'busy') return notJudged(outcome);
    return outcome.kind === 'granted' ? this.#session.become(outcome) : undefined;
  }

  /** The certificate that the login rests on leads to the account still. */
  holds(account: Granted['account']): Promise<boolean> {
    return this.#session.authenticator.certificateHolds(account.id, this.#peer);
  }

  get #tls(): TLSSocket | undefined {
    return openTls(this.#session.socket());
  }

  get #peer(): Peer {
    const { id, address, network, line, access } = this.#session;
    const certificate = this.certificate;
    return { session: id, protocol: 'smtp', address, network, line, ...defined({ certificate, access }) };
  }

  get #scram(): ScramOffer {
    const tls = this.#tls;
    if (!this.#session.scram || tls === undefined) return 'none';
    return canBind(tls) ? 'bound' : 'unbound';
  }

  get #sasl(): SaslSession {
    return {
      authenticator: this.#session.authenticator,
      peer: this.#peer,
      signal: this.#session.signal,
      scram: this.#scram,
      binding: () => tlsExporter(this.#tls),
    };
  }

  #take(step: SaslStep): void {
    switch (step.kind) {
      case 'ask':
        return this.#session.ask(step.challenge, async (line) =>
          this.#take(await respond(step.next, line.toString('latin1'))),
        );
      case 'judged':
        return this.#judged(step);
      case 'foreign':
        return this.#refused(replies.loginForeign);
      case 'malformed':
        return this.#refused({ ...replies.loginMalformed, detail: step.why });
      case 'cancelled':
        return this.#refused(replies.loginCancelled);
    }
  }

  #judged({ outcome, by }: Extract<SaslStep, { kind: 'judged' }>): void {
    if (outcome.kind === 'busy') return this.#refused(notJudged(outcome), replies.tooManyBusy);
    if (outcome.kind === 'refused') {
      if (by === 'password') return this.#refused(replies.loginRefused);
      return this.#refused(this.certificate === undefined ? replies.noCertificate : replies.certificateRefused);
    }
    const refusal = this.#session.become(outcome);
    if (refusal === undefined) this.#session.reply(successes.loggedIn);
    else this.#session.refuse('AUTH', refusal);
  }

  /** Counts also what was not judged: a session that only meets the back-off ends as well. */
  #refused(refusal: Refusal, last: Refusal = replies.tooManyLogins): void {
    this.#failed += 1;
    this.#session.refuse('AUTH', this.#failed < this.#session.limits.failedLogins ? refusal : last);
  }
}
