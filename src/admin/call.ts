/**
 * One call of an operation: who calls, what goes along with the call, and what comes back before
 * the answer.
 */
import type { Right, Standing } from '../domain/roles.ts';
import type { Actor } from '../store/actor.ts';

/** The name of a caller that gave none. It may look, but change nothing. */
export const NOBODY = 'unknown';

/** Who calls, and with whose approval. */
export interface Caller extends Actor {
  /** Id of a request that two operators have signed. */
  readonly approval?: string;
  /** Id of an operator's token, which proves the name. */
  readonly token?: string;
}

/** Options that go along with a call. */
export interface CallOptions {
  readonly progress?: (done: number, total: number, phase?: string) => void;
  /** Text that is sent after the request, such as a CSV file; in pieces if it is large. */
  readonly upload?: string | AsyncIterable<string>;
  /** Takes the octets of a file that the operation gives out, as latin-1 text. */
  readonly receive?: (piece: string) => void;
}

/** The right that an operation needs. */
export interface OperationRight {
  readonly operation: string;
  readonly right: Right;
}

/** One call of one operation. */
export interface Call {
  readonly actor: Actor;
  /**
   * What the caller may do. It is required, so that nobody becomes the owner because somebody
   * forgot it.
   */
  readonly who: Standing;
  readonly approval?: string;
  /**
   * How the operator knows who asked for it on the telephone, from a page for helpdesks. It goes
   * into the trail.
   */
  readonly caller?: string;
  /** The rights that all operations need; runOperation checks them. */
  readonly rights?: readonly OperationRight[];
  /**
   * Aborted when the caller has gone: long work then stops where it can. Absent if the caller
   * cannot go before the work ends.
   */
  readonly gone?: AbortSignal;
  /**
   * Operations that take long call it now and then. `phase`: what is done now, such as "Hashing",
   * if the work has several phases.
   */
  readonly progress: (done: number, total: number, phase?: string) => void;
  /** Text that came after the request, such as a CSV file, in pieces; absent if none came. */
  readonly upload?: AsyncIterable<string>;
  /**
   * Hands over octets of a file before the answer, as latin-1 text in pieces of at most 64 KB.
   * Resolves when the caller can take more. Absent if the caller takes no file.
   */
  readonly send?: (piece: string) => Promise<void>;
}
