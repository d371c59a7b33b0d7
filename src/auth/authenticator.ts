/** What a listener asks about a login. */
import type { AccountId } from '../domain/ids.ts';
import type { Account, Organisation, Password } from '../domain/registry.ts';
import type { ShownChain } from '../platform/client-certificate.ts';
import type { ListenerAccess } from '../platform/listener.ts';

/** The other end of a session, as far as a login may depend on it. */
/** How a session is connected. */
export interface PeerLine {
  /** For example `TLSv1.3`. */
  readonly tls?: string;
  readonly cipher?: string;
  /** What the client calls itself (EHLO). */
  readonly client?: string;
}

export interface Peer {
  readonly session: string;
  readonly protocol: 'smtp' | 'pop3' | 'https' | 'ldap';
  readonly address: string;
  /** `networkOf(address)`. */
  readonly network: string;
  /**
   * What it showed in its TLS handshake. The same object for the whole session: it is read once.
   */
  readonly certificate?: ShownChain;
  /** Called when a login is written down. */
  readonly line?: () => PeerLine;
  /** Set if the listener is for some accounts only. */
  readonly access?: ListenerAccess;
}

/** Whether the account of that name (folded) may log in where the peer came in. */
export const mayEnter = ({ access }: Peer, login: string): boolean =>
  access === undefined || access.accounts.has(login);

/** SASL mechanisms (RFC 4616, draft-murchison-sasl-login, RFC 4422 appendix A, RFC 7677). */
export type Mechanism = 'PLAIN' | 'LOGIN' | 'EXTERNAL' | 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
export const passwordMechanisms: readonly Mechanism[] = ['PLAIN', 'LOGIN'];

/** Which password a session was opened with. A later one of the same name is another. */
export interface UsedPassword extends Pick<Password, 'name' | 'createdAt'> {
  /** Id, if the password is an app password. */
  readonly app?: string;
}

export type AuthOutcome =
  | {
      readonly kind: 'granted';
      readonly account: Account;
      readonly organisation: Organisation;
      /**
       * Set where the login rests on the certificate, alone or with a password: it holds as long as
       * `certificateHolds`.
       */
      readonly by?: 'certificate' | 'both';
      /** The one that was shown: the session ends when it is replaced or revoked. */
      readonly password?: UsedPassword;
      /** Set where it was an app password: what the program may do. */
      readonly scopes?: readonly ('send' | 'fetch')[];
    }
  /**
   * Unknown login, wrong password, a certificate that leads nowhere or elsewhere, suspended or
   * ended account: they look the same and take the same. 535 5.7.8, -ERR [AUTH].
   */
  | { readonly kind: 'refused' }
  /**
   * The credentials were not judged: overload or back-off, or, with `why`, the store cannot be
   * asked. 454 4.7.0, -ERR [SYS/TEMP]; never "wrong password".
   */
  | { readonly kind: 'busy'; readonly why?: 'store' };

/**
 * Why a SCRAM exchange fails whatever its proof is. `binding-downgrade`: the client believes that
 * we know no channel binding, which we had offered. `binding-type`: one that we do not know.
 * `other-channel`: it is bound to another TLS session than ours, so somebody may stand between.
 * `wrong-nonce`: it does not answer our challenge.
 */
export type ScramFault = 'binding-downgrade' | 'binding-type' | 'other-channel' | 'wrong-nonce';

/** Our part of the first answer in SCRAM. */
export interface ScramChallenge {
  /** Fresh, printable, without a comma. */
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** What a client of SCRAM has sent in the end. */
export interface ScramAttempt {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  /** The salt, as in the challenge. */
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** AuthMessage of RFC 5802 section 3. */
  readonly message: string;
  readonly proof: Uint8Array;
  readonly fault?: ScramFault;
}

/** `signature`: what proves to the client that we know its password's verifier. */
export type ScramOutcome =
  | (Extract<AuthOutcome, { kind: 'granted' }> & { readonly signature: Uint8Array })
  | Exclude<AuthOutcome, { kind: 'granted' }>;

export interface Authenticator {
  /**
   * An app password is taken as well. `signal` is aborted when the peer goes away, so that its
   * place in the queue is freed.
   */
  password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome>;
  /**
   * For a login that nobody has as well, and then the same each time but for the nonce. Undefined:
   * the store cannot tell; answer `busy`.
   */
  scramChallenge(login: string, peer: Peer): Promise<ScramChallenge | undefined>;
  /**
   * Judges the proof of a SCRAM exchange like a password: same throttle, same policy, same refusal.
   */
  scram(login: string, attempt: ScramAttempt, peer: Peer, signal: AbortSignal): Promise<ScramOutcome>;
  /**
   * What to offer this peer: EXTERNAL only where its certificate leads to an account that may log
   * in so. SCRAM is the listener's choice, not listed here.
   */
  mechanisms(peer: Peer): Promise<readonly Mechanism[]>;
  /**
   * SASL EXTERNAL. `identity`: the authorization identity, empty for the certificate's own account.
   */
  external(identity: string, peer: Peer): Promise<AuthOutcome>;
  /** The peer sent no AUTH and goes straight to MAIL or STAT. */
  implicit(peer: Peer): Promise<AuthOutcome>;
  /**
   * Whether a login that rests on the peer's certificate still does. Rejects when the store cannot
   * tell.
   */
  certificateHolds(account: AccountId, peer: Peer): Promise<boolean>;
  /**
   * Called when other authorities or other revocation lists count: what rests on a certificate is
   * to be asked again.
   */
  onTrustChange(listener: () => void): void;
}
