/** Why a message could not be read, as a value. */
import type { Unreadable } from '../certificates/ber.ts';

/**
 * `malformed`, `limit`, `unsupported`: as everywhere. `no-key`: it is for none of our keys.
 * `damaged`: it was decrypted and makes no sense. That is one answer for a wrong key, wrong padding
 * and changed content: a finer one would tell a stranger about the key, question by question
 * (Bleichenbacher, Vaudenay).
 */
export interface CmsProblem {
  readonly kind: Unreadable['kind'] | 'no-key' | 'damaged';
  /** One line for the log. */
  readonly text: string;
  readonly offset?: number;
}
