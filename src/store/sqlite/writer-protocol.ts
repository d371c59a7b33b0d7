/**
 * What the writer's thread and the calling thread say to each other. Everything here is cloned or
 * transferred: plain values, no functions.
 *
 * The caller numbers its requests; answers carry the number. Both sides send lists, one a turn.
 */
import type { Notices } from '../changes/accept-work.ts';
import type { Effects } from '../changes/changed.ts';
import type { RegistryError } from '../registry.ts';
import type { Reserved } from './reserve.ts';
import type { Upgrade } from './upgrade-copy.ts';

/** A method of an object of CHANGES, MAIL_CHANGES or the writer's own. */
export interface WriterCall {
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /**
   * Of a change, not of the writer's own: its moment, and 32 random octets, from which those of its
   * audit rows are made.
   */
  readonly at?: number;
  readonly salt?: Uint8Array;
}

export interface Request {
  readonly n: number;
  readonly call: WriterCall;
}

export type WriterAnswer =
  | { readonly kind: 'done'; readonly value: unknown; readonly effects?: Effects }
  | { readonly kind: 'refused'; readonly error: RegistryError['kind']; readonly message: string }
  | { readonly kind: 'full' }
  /** An internal error: nothing was changed. */
  | { readonly kind: 'error'; readonly message: string };

export type WriterSays =
  | {
      readonly kind: 'ready';
      readonly version: string;
      readonly epoch: number;
      readonly highest: bigint;
      readonly latest: number;
      readonly days: readonly string[];
      readonly unclean: boolean;
      /** Every page of the database has to be read, beside the work. */
      readonly unchecked: boolean;
      readonly pageOctets: number;
      readonly pages: number;
      readonly freePages: number;
      readonly shrinks: boolean;
      /** `out`: the disk has no space for it, and no new mail is accepted yet. */
      readonly reserved: Reserved;
    }
  | { readonly kind: 'refused'; readonly message: string }
  /** Before "ready": the form of the database is about to change. */
  | { readonly kind: 'upgrading'; readonly upgrade: Upgrade }
  | {
      readonly kind: 'answers';
      readonly answers: readonly { readonly n: number; readonly answer: WriterAnswer }[];
      /**
       * Milliseconds that the transaction took, with its sync; absent if there was none, or one for
       * each answer.
       */
      readonly took?: number;
      readonly pages: number;
      readonly freePages: number;
      readonly reserved: Reserved;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

export type WriterHears =
  | { readonly kind: 'work'; readonly requests: readonly Request[] }
  | { readonly kind: 'notices'; readonly token: number; readonly notices: Notices }
  | { readonly kind: 'close' };
