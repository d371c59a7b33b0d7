/**
 * What the reader's thread and the calling thread say to each other, by the same rules as with the
 * writer (writer-protocol.ts).
 */
import type { RegistryError } from '../registry.ts';

/** A call of an object of READS, at a moment; without `at`, of one of the reader's own. */
export interface ReaderCall {
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly at?: number;
}

export type ReaderRequest = ReaderCall & { readonly n: number };
export type ReaderHears =
  { readonly kind: 'work'; readonly requests: readonly ReaderRequest[] } | { readonly kind: 'close' };
export interface ReaderAnswer {
  readonly n: number;
  readonly out?: unknown;
  readonly error?: string;
  /** Kind of a RegistryError. */
  readonly refused?: RegistryError['kind'] | 'range';
}
export type ReaderSays =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answers'; readonly answers: readonly ReaderAnswer[] }
  | { readonly kind: 'closed' };
