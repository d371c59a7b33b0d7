/** What a listener asks about a login. */
import type { AccountId } from '../domain/ids.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import type { ShownChain } from '../platform/client-certificate.ts';

/** The other end of a session, as far as a login may depend on it. */
export interface Peer {
  readonly session: string;
  readonly protocol: 'smtp' | 'pop3';
  readonly address: string;
  /** `networkOf(address)`. */
  readonly network: string;
  /** What it showed in its TLS handshake. The same object for the whole session: it is read once. */
  readonly certificate?: ShownChain;
}

/** SASL mechanisms (RFC 4616, draft-murchison-sasl-login, RFC 4422 appendix A). */
export type Mechanism = 'PLAIN' | 'LOGIN' | 'EXTERNAL';
export const passwordMechanisms: readonly Mechanism[] = ['PLAIN', 'LOGIN'];

export type AuthOutcome =
  | {
      readonly kind: 'granted';
      readonly account: Account;
      readonly organisation: Organisation;
      /** Set where the log-in rests on the certificate, alone or with a password: it holds as long as `certificateHolds`. */
      readonly by?: 'certificate' | 'both';
    }
  /** Unknown login, wrong password, a certificate that leads nowhere or elsewhere, suspended or ended account: they look the same and take the same. 535 5.7.8, -ERR [AUTH]. */
  | { readonly kind: 'refused' }
  /** Overload or back-off: the credentials were not judged. 454 4.7.0, -ERR [SYS/TEMP]; never "wrong password". */
  | { readonly kind: 'busy' };

export interface Authenticator {
  /** `signal` is aborted when the peer goes away, so that its place in the queue is freed. */
  password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome>;
  /** What to offer this peer: EXTERNAL only where its certificate leads to an account that may log in so. */
  mechanisms(peer: Peer): Promise<readonly Mechanism[]>;
  /** SASL EXTERNAL. `identity`: the authorization identity, empty for the certificate's own account. */
  external(identity: string, peer: Peer): Promise<AuthOutcome>;
  /** The peer sent no AUTH and goes straight to MAIL or STAT. */
  implicit(peer: Peer): Promise<AuthOutcome>;
  /** Whether a log-in that rests on the peer's certificate still does. Rejects when the store cannot tell. */
  certificateHolds(account: AccountId, peer: Peer): Promise<boolean>;
  /** Called when other authorities or other revocation lists count: what rests on a certificate is to be asked again. */
  onTrustChange(listener: () => void): void;
}
