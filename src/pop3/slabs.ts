/**
 * Memory for answers, used again and again.
 *
 * A message of 10 KB leaves as one buffer. With a new one for each RETR, V8 counted their octets,
 * which lie outside of its heap, and collected the whole heap every 600 RETRs (measured), at the
 * price of a third of what they cost otherwise.
 */
import { PIECE } from './limits.ts';

/** A piece, a line end and the final dot. */
const SLAB_OCTETS = PIECE + 64;
/** An answer shorter than this gets memory from Node's pool. */
const WORTH_IT = 4 * 1024;
/**
 * Slabs that are kept for later, 2 MB. The number in use is bounded by the number of sessions only:
 * one for each.
 */
const MOST_FREE = 32;

export class Slabs {
  readonly #free: Buffer[] = [];
  /**
   * Slabs in use, by the very object that `take` gave: giving one back twice frees nothing that
   * somebody else has by then.
   */
  readonly #taken = new WeakMap<Uint8Array, Buffer>();

  /** Memory of `length` octets, not cleared. */
  take(length: number): Buffer {
    if (length < WORTH_IT || length > SLAB_OCTETS) return Buffer.allocUnsafe(length);
    const slab = this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_OCTETS);
    const taken = slab.subarray(0, length);
    this.#taken.set(taken, slab);
    return taken;
  }

  /**
   * Gives back what `take` gave, once it was written and nothing refers to it. Anything else is
   * left alone; what is never given back is freed with its last reference.
   */
  give(octets: Uint8Array): void {
    const slab = this.#taken.get(octets);
    if (slab === undefined) return;
    this.#taken.delete(octets);
    if (this.#free.length < MOST_FREE) this.#free.push(slab);
  }
}

/** The slabs that all connections share. */
export const slabs = new Slabs();
