/**
 * The login of a session, from EHLO to an account: what is offered, the exchange of AUTH, or a
 * client certificate alone.
 *
 * RFC 4954. A wrong password, an unknown name and a suspended account get the same answer; overload
 * is never called a wrong password (users would change a password that is right). A login that
 * rests on a certificate is judged again at every MAIL (`holds`).
 */
import {
  type AuthOutcome,
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
import type { SmtpLimits } from './limits.ts';
import { replies, successes } from './replies.ts';
import type { SessionParts } from './parts.ts';
import type { Answer, Reply, Said, Wire } from './wire.ts';

export type Granted = Extract<AuthOutcome, { kind: 'granted' }>;

/** The session that a login belongs to, and that gets its result. */
export interface LoginOwner {
  /** Makes the session the account's. A result: the refusal, and the session is still nobody's. */
  become(granted: Granted): Refusal | undefined;
  meet(quirk: Quirk): void;
}

type LoginParts = Pick<SessionParts, 'authenticator' | 'scram' | 'authEquals' | 'access'> & {
  readonly limits: Pick<SmtpLimits, 'failedLogins'>;
};

const notJudged = ({ why }: Extract<AuthOutcome, { kind: 'busy' }>): Refusal =>
  why === 'store' ? replies.loginUnknown : replies.loginBusy;

export class Login {
  readonly #parts: LoginParts;
  readonly #wire: Wire;
  readonly #network: string;
  readonly #owner: LoginOwner;
  /** AUTH was sent: whoever tried another way in is not let in by the certificate alone. */
  #tried = false;
  /** Mechanism of the login under way or done; empty for a certificate without AUTH. */
  #mechanism = '';
  #failed = 0;
  /** The certificate chain that the client showed; null: it showed none. Read once, inside TLS. */
  #shown: ShownChain | null | undefined;

  constructor(parts: LoginParts, wire: Wire, network: string, owner: LoginOwner) {
    this.#parts = parts;
    this.#wire = wire;
    this.#network = network;
    this.#owner = owner;
  }

  /** Logins that did not succeed. */
  get failed(): number {
    return this.#failed;
  }

  /** The mechanism of the login, as reports of the test address show it. */
  get mechanism(): string {
    return this.#mechanism;
  }

  get certificate(): ShownChain | undefined {
    const { tls } = this.#wire;
    if (this.#shown === undefined && tls !== undefined) this.#shown = shownChain(tls) ?? null;
    return this.#shown ?? undefined;
  }

  /** Fingerprint of the certificate that a login rests on. */
  fingerprint({ by }: Granted): string | undefined {
    const own = this.certificate?.[0];
    return by === undefined || own === undefined ? undefined : fingerprintOf(own);
  }

  /**
   * EXTERNAL is offered only where the client's certificate leads to an account: without one there
   * is nothing to wait for.
   */
  mechanisms(): readonly Mechanism[] | Promise<readonly Mechanism[]> {
    return this.certificate === undefined ? passwordMechanisms : this.#parts.authenticator.mechanisms(this.#peer);
  }

  /** The lines of EHLO. */
  offer(mechanisms: readonly Mechanism[]): readonly string[] {
    return [
      `AUTH ${offeredMechanisms(mechanisms, this.#scram).join(' ')}`,
      // QUIRK auth-equals: clients of 1998 read this form alone, and know LOGIN or PLAIN.
      ...(this.#parts.authEquals ? ['AUTH=LOGIN PLAIN'] : []),
    ];
  }

  /** AUTH inside TLS, from a session that is nobody's yet. */
  auth(command: Buffer): Answer {
    const [, name = '', initial, more] = command.toString('latin1').trim().split(/\s+/);
    const mechanism = mechanismNamed(name, this.#scram);
    if (name === '' || more !== undefined) return replies.argument;
    if (mechanism === undefined) return replies.mechanism;
    this.#tried = true;
    this.#mechanism = mechanism;
    if (mechanism === 'LOGIN' && initial !== undefined && initial !== '=') this.#owner.meet('login-initial');
    return beginSasl(mechanism, initial, this.#sasl).then((step) => this.#take(step));
  }

  /** Thunderbird sends no AUTH EXTERNAL: it shows its certificate and begins with MAIL. */
  get mayEnter(): boolean {
    return !this.#tried && this.certificate !== undefined;
  }

  /**
   * Logs in by the certificate alone, where its account allows. Undefined: the command may run,
   * logged in or not; else the refusal that ends it.
   */
  async enter(): Promise<Refusal | undefined> {
    const outcome = await this.#parts.authenticator.implicit(this.#peer);
    if (this.#wire.gone) return undefined;
    if (outcome.kind === 'busy') return notJudged(outcome);
    return outcome.kind === 'granted' ? this.#owner.become(outcome) : undefined;
  }

  /** True while the certificate that the login rests on still leads to the account. */
  holds(account: Granted['account']): Promise<boolean> {
    return this.#parts.authenticator.certificateHolds(account.id, this.#peer);
  }

  get #peer(): Peer {
    const { id, remoteAddress: address } = this.#wire;
    const { access } = this.#parts;
    const certificate = this.certificate;
    const line = (): PeerLine => this.#wire.facts();
    return {
      session: id,
      protocol: 'smtp',
      address,
      network: this.#network,
      line,
      ...defined({ certificate, access }),
    };
  }

  get #scram(): ScramOffer {
    const { tls } = this.#wire;
    if (!this.#parts.scram || tls === undefined) return 'none';
    return canBind(tls) ? 'bound' : 'unbound';
  }

  get #sasl(): SaslSession {
    return {
      authenticator: this.#parts.authenticator,
      peer: this.#peer,
      signal: this.#wire.signal,
      scram: this.#scram,
      binding: () => tlsExporter(this.#wire.tls),
    };
  }

  #take(step: SaslStep): Said {
    switch (step.kind) {
      case 'ask':
        return {
          challenge: step.challenge,
          next: async (line) => this.#take(await respond(step.next, line.toString('latin1'))),
        };
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

  #judged({ outcome, by }: Extract<SaslStep, { kind: 'judged' }>): Reply {
    if (outcome.kind === 'busy') return this.#refused(notJudged(outcome), replies.tooManyBusy);
    if (outcome.kind === 'granted') return this.#owner.become(outcome) ?? successes.loggedIn;
    if (by === 'password') return this.#refused(replies.loginRefused);
    return this.#refused(this.certificate === undefined ? replies.noCertificate : replies.certificateRefused);
  }

  /**
   * Counts attempts that the back-off refused unjudged, too: a session that meets nothing else ends
   * as well.
   */
  #refused(refusal: Refusal, last: Refusal = replies.tooManyLogins): Refusal {
    this.#failed += 1;
    return this.#failed < this.#parts.limits.failedLogins ? refusal : last;
  }
}
