/**
 * The part of the store port of the pages on which accounts help themselves: codes by mail, and who
 * is logged in.
 */
import type { AccountId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import type { NewSession } from './console.ts';

/** Which password of the account was shown. A later one of the same name is another. */
export interface ShownLogIn {
  readonly account: AccountId;
  readonly password: string;
  readonly passwordAt: Instant;
}

/** A login whose password was right, and whose code is on its way. */
export interface MailedCode extends ShownLogIn {
  /** SHA-256 of what the browser has. */
  readonly browser: Uint8Array;
  /** HMAC of the code. */
  readonly code: Uint8Array;
}

/** The code that came by mail, as a browser shows it. */
export type TriedCode = Pick<MailedCode, 'browser' | 'code'>;

export type MailedTried =
  | { readonly kind: 'in' }
  /** `ended`: used, or too old. `spent`: too many wrong tries. `unknown`: the browser has none. */
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'wrong' | 'spent' | 'ended' };

/** `certificate`: its fingerprint, where it was the second factor. */
export interface SelfServiceSession extends ShownLogIn, Pick<NewSession, 'id' | 'network'> {
  readonly login: string;
  readonly certificate?: string;
  readonly madeAt: Instant;
  readonly seenAt: Instant;
}
