/**
 * What is asked for over the API under a key of the caller's own is done once, however often it is
 * sent: `Store.idempotency`.
 */
import { hours } from '../domain/units.ts';

/** How long a key is remembered, from when it was first sent. */
export const KEYS_FOR = hours(24);
/** Keys of one caller at a time. */
export const MAX_KEYS = 50_000;
/** Octets of one answer that is kept, with its headers. */
export const MAX_KEPT_ANSWER = 64 * 1024;
/** Octets of all answers that are kept for one caller. What comes beyond is remembered as done. */
export const MAX_KEPT_ANSWERS = 16 * 1024 * 1024;

/** What a caller sent. */
export interface KeyedRequest {
  /** `account:12`, `operator:anna:North`. */
  readonly caller: string;
  /** SHA-256 of the key. */
  readonly key: Uint8Array;
  /** SHA-256 of method, path and body. */
  readonly request: Uint8Array;
  /** Random value of the process that asks. */
  readonly run: string;
}

/**
 * `begun`: it is the first, and whoever asked does it now; `end` or `forget` follows. `kept`: it
 * was done, with this answer. `done`: it was done, and its answer is not kept. `unknown`: it was
 * begun, and nobody knows how far it came: the process died, or it failed half way. `running`: this
 * process is still at it. `another`: the key was used for another request. `full`: the caller has
 * as many keys as there can be.
 */
export type KeyState =
  | { readonly kind: 'begun' }
  | { readonly kind: 'done' | 'unknown' | 'running' | 'another' | 'full' }
  | { readonly kind: 'kept'; readonly answer: string };

export type KeyEnd = 'done' | 'unknown' | { readonly answer: string };
