/** The steps of a SASL exchange, as values: what to ask the client next, or what came of it. */
import { foldLogin } from '../domain/registry.ts';
import type { AuthOutcome, Authenticator, Peer } from './authenticator.ts';

export type SaslStep =
  /** `challenge` goes to the client in base64, and the client's answer goes to `next`. */
  | { readonly kind: 'ask'; readonly challenge: string; readonly next: SaslNext }
  | { readonly kind: 'judged'; readonly by: 'password' | 'certificate'; readonly outcome: AuthOutcome }
  /** An authorization identity that is not the login itself: nobody may act for another account. */
  | { readonly kind: 'foreign' }
  /** `why`: for the peer or the log; it repeats nothing that was sent. */
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'cancelled' };

export type SaslNext = (response: Buffer) => SaslStep | Promise<SaslStep>;

/**
 * How far SCRAM is offered in a session: not at all, only without channel binding, or with it as
 * well.
 */
export type ScramOffer = 'none' | 'unbound' | 'bound';

export interface SaslSession {
  readonly authenticator: Authenticator;
  readonly peer: Peer;
  /** Aborted when the peer goes away. */
  readonly signal: AbortSignal;
  readonly scram: ScramOffer;
  /** The data of channel binding `tls-exporter`; called if the client binds to it. */
  readonly binding: () => Uint8Array | undefined;
}

export const ask = (challenge: string, next: SaslNext): SaslStep => ({ kind: 'ask', challenge, next });
export const malformed = (why: string): SaslStep => ({ kind: 'malformed', why });

/**
 * True if the authorization identity is not the login itself. Both are login names, which are
 * folded wherever they are compared.
 */
export const isForeign = (identity: string, login: string): boolean =>
  identity !== '' && foldLogin(identity) !== foldLogin(login);
