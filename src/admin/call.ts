/** One call of one operation: who asks, what goes along with it, and what comes back meanwhile. */
import type { Right, Standing } from '../domain/roles.ts';
import type { Actor } from '../store/actor.ts';

/** The name of a caller that gave none: it may look, and change nothing. */
export const NOBODY = 'unknown';

/** Who calls, and with whose approval. */
export interface Caller extends Actor {
  /** Id of a request that two operators have signed. */
  readonly approval?: string;
  /** Id of an operator's token: then the name is proved. */
  readonly token?: string;
}

/** Options that go along with a call. */
export interface CallOptions {
  readonly progress?: (done: number, total: number, phase?: string) => void;
  /** Text to send after the request, such as a CSV file; in pieces where it is large. */
  readonly upload?: string | AsyncIterable<string>;
  /** Takes the octets of a file that the operation gives out, latin-1. */
  readonly receive?: (piece: string) => void;
}

/** What an operation asks of its caller. */
export interface OperationRight {
  readonly operation: string;
  readonly right: Right;
}

/** One call of one operation. */
export interface Call {
  readonly actor: Actor;
  /** What the caller may do. Required: nobody becomes the owner by being forgotten. */
  readonly who: Standing;
  readonly approval?: string;
  /**
   * How it is known who asked for it on the telephone; of a page for helpdesks. Stands in the
   * trail.
   */
  readonly caller?: string;
  /** Rights that every operation asks for; runOperation checks them. */
  readonly rights?: readonly OperationRight[];
  /**
   * Aborted when the caller has gone: long work stops where it may, and nobody is told any more.
   * Absent if the caller cannot go without us.
   */
  readonly gone?: AbortSignal;
  /**
   * Told now and then by operations that take long. `phase`: what is done now, as in "Hashing",
   * where there are several.
   */
  readonly progress: (done: number, total: number, phase?: string) => void;
  /** Text that came after the request, such as a CSV file, in pieces; absent when none came. */
  readonly upload?: AsyncIterable<string>;
  /**
   * Hands over octets of a file before the answer, as latin-1 text, in pieces of at most 64 KB;
   * resolves when the caller takes more. Absent if nobody takes a file.
   */
  readonly send?: (piece: string) => Promise<void>;
}
