/** What a listener asks about a login. */
import type { Account, Organisation } from '../domain/registry.ts';

/** The other end of a session, as far as a login may depend on it. */
export interface Peer {
  readonly session: string;
  readonly protocol: 'smtp' | 'pop3';
  readonly address: string;
  /** `networkOf(address)`. */
  readonly network: string;
}

export type AuthOutcome =
  | { readonly kind: 'granted'; readonly account: Account; readonly organisation: Organisation }
  /** Unknown login, wrong password, suspended or ended account: they look the same and take the same. 535 5.7.8, -ERR [AUTH]. */
  | { readonly kind: 'refused' }
  /** Overload or back-off: the credentials were not judged. 454 4.7.0, -ERR [SYS/TEMP]; never "wrong password". */
  | { readonly kind: 'busy' };

export interface Authenticator {
  /** `signal` is aborted when the peer goes away, so that its place in the queue is freed. */
  password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome>;
}
