/** What a listener asks about a login. */
import type { AccountId } from '../domain/ids.ts';
import type { Account, Organisation, Password } from '../domain/registry.ts';
import type { ShownChain } from '../platform/client-certificate.ts';
import type { ListenerAccess } from '../platform/listener.ts';

/** How a session is connected. */
export interface PeerLine {
  /** For example `TLSv1.3`. */
  readonly tls?: string;
  readonly cipher?: string;
  /** What the client calls itself (EHLO). */
  readonly client?: string;
}

/** The other end of a session, as far as a login may depend on it. */
export interface Peer {
  readonly session: string;
  readonly protocol: 'smtp' | 'pop3' | 'https' | 'ldap';
  readonly address: string;
  /** `networkOf(address)`. */
  readonly network: string;
  /**
   * What the peer showed in its TLS handshake. It is the same object for the whole session, so that
   * it is read once.
   */
  readonly certificate?: ShownChain;
  /** How the session is connected; called when a login is written down. */
  readonly line?: () => PeerLine;
  /** Set if the listener is for some accounts only. */
  readonly access?: ListenerAccess;
}

/** True if the account of that name (folded) may log in at the listener of the peer. */
export const mayEnter = ({ access }: Peer, login: string): boolean =>
  access === undefined || access.accounts.has(login);

/** SASL mechanisms (RFC 4616, draft-murchison-sasl-login, RFC 4422 appendix A, RFC 7677). */
export type Mechanism = 'PLAIN' | 'LOGIN' | 'EXTERNAL' | 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
export const passwordMechanisms: readonly Mechanism[] = ['PLAIN', 'LOGIN'];

/** Which password a session was opened with. A later password of the same name is another one. */
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
       * Set if the login rests on the certificate, alone or with a password: it holds as long as
       * `certificateHolds` says so.
       */
      readonly by?: 'certificate' | 'both';
      /** The password that was shown: the session ends when it is replaced or revoked. */
      readonly password?: UsedPassword;
      /** Set if an app password was shown: what the program may do. */
      readonly scopes?: readonly ('send' | 'fetch')[];
    }
  /**
   * Unknown login, wrong password, a certificate that leads nowhere or elsewhere, suspended or
   * ended account: they look the same and take the same time. 535 5.7.8, -ERR [AUTH].
   */
  | { readonly kind: 'refused' }
  /**
   * The credentials were not judged: overload or back-off, or, with `why`, the store cannot be
   * asked. 454 4.7.0, -ERR [SYS/TEMP]; never "wrong password".
   */
  | { readonly kind: 'busy'; readonly why?: 'store' };

/**
 * Why a SCRAM exchange fails whatever its proof is. `binding-downgrade`: the client believes that
 * we know no channel binding, but we had offered it. `binding-type`: it binds to a type that we do
 * not know. `other-channel`: it is bound to another TLS session than ours, so somebody may stand
 * between. `wrong-nonce`: it answers another challenge than ours.
 */
export type ScramFault = 'binding-downgrade' | 'binding-type' | 'other-channel' | 'wrong-nonce';

/** Our part of the first answer in SCRAM. */
export interface ScramChallenge {
  /** Fresh, printable, without a comma. */
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** What a client has sent when its SCRAM exchange ends. */
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
   * Judges a password or an app password. `signal` is aborted when the peer goes away, so that its
   * place in the queue is freed.
   */
  password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome>;
  /**
   * Our challenge for a login. A login that nobody has gets one as well, the same each time except
   * for the nonce. Undefined if the store cannot be asked: answer `busy`.
   */
  scramChallenge(login: string, peer: Peer): Promise<ScramChallenge | undefined>;
  /**
   * Judges the proof of a SCRAM exchange like a password: same throttle, same policy, same refusal.
   */
  scram(login: string, attempt: ScramAttempt, peer: Peer, signal: AbortSignal): Promise<ScramOutcome>;
  /**
   * What to offer this peer: EXTERNAL only if its certificate leads to an account that may log in
   * so. SCRAM is the listener's choice, not listed here.
   */
  mechanisms(peer: Peer): Promise<readonly Mechanism[]>;
  /**
   * SASL EXTERNAL. `identity`: the authorization identity, empty for the certificate's own account.
   */
  external(identity: string, peer: Peer): Promise<AuthOutcome>;
  /** Logs in by certificate a peer that sent no AUTH and goes straight to MAIL or STAT. */
  implicit(peer: Peer): Promise<AuthOutcome>;
  /**
   * True if a login that rests on the peer's certificate still holds. Rejects if the store cannot
   * be asked.
   */
  certificateHolds(account: AccountId, peer: Peer): Promise<boolean>;
  /**
   * Called when other authorities or other revocation lists count: logins that rest on a
   * certificate must be judged again.
   */
  onTrustChange(listener: () => void): void;
}
