/**
 * Message ids: 42 bits of milliseconds since 1970 (until 2109), 8 of the node that made it, 13 that
 * count within the millisecond.
 *
 * The time stands in front, so that ids lie in the order of their making and a day is a range of
 * them, whichever nodes made them. Two nodes never make the same id: each writes its own 8 bits,
 * and what does not fit into a millisecond (8,192) goes into the next, never into those bits. Ids
 * that were made when there was one node, and 21 bits that counted, keep their value, their time
 * and their day; one whose count went beyond 8,191 looks like another node's, and nothing follows
 * from that.
 */
import { type Instant, instant } from '../domain/units.ts';

const NODE_BITS = 8n;
const SEQUENCE_BITS = 13n;
/** Bits behind the time; also for SQL, where `id >> 21` is the millisecond. */
export const BITS_BELOW_TIME = NODE_BITS + SEQUENCE_BITS;
export const MAX_NODE = 2 ** Number(NODE_BITS) - 1;
/** Ids of one node in one millisecond. */
export const IDS_PER_MILLISECOND = 2 ** Number(SEQUENCE_BITS);

export const idTime = (id: bigint): Instant => instant(Number(id >> BITS_BELOW_TIME));
/** The lowest id of a millisecond, of all nodes. */
export const firstIdAt = (at: Instant): bigint => BigInt(at) << BITS_BELOW_TIME;

export class MessageIds {
  readonly #node: bigint;
  #last: bigint;

  /**
   * `above`: an id that no new one may reach: the highest that the store has filed or written down,
   * whichever node it looks like. `node`: 0 to 255, and no other process that files into the same
   * store has it. Throws RangeError.
   */
  constructor(above: bigint, node = 0) {
    if (!Number.isInteger(node) || node < 0 || node > MAX_NODE)
      throw new RangeError(`Node ${node} cannot make message ids; expected a whole number from 0 to ${MAX_NODE}`);
    this.#node = BigInt(node) << SEQUENCE_BITS;
    this.#last = above;
  }

  /** Rises at every call, whatever the clock does. */
  next(now: Instant): bigint {
    const first = this.#firstOf(firstIdAt(now));
    this.#last = first > this.#last ? first : this.#behind(this.#last);
    return this.#last;
  }

  #firstOf(millisecond: bigint): bigint {
    return millisecond | this.#node;
  }

  /**
   * Above `id`, which may look like another node's: the next one in its millisecond, or the first
   * of the next.
   */
  #behind(id: bigint): bigint {
    const millisecond = firstIdAt(idTime(id));
    const next = id + 1n;
    if (next >> SEQUENCE_BITS === this.#firstOf(millisecond) >> SEQUENCE_BITS) return next;
    return this.#firstOf(millisecond + (1n << BITS_BELOW_TIME));
  }
}
