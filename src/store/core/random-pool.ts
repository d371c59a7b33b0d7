/**
 * Unpredictable octets drawn from the system in blocks: four small draws for each message cost more
 * than its encryption otherwise.
 */
import type { RandomBytes } from '../../domain/effects.ts';

const BLOCK = 4096;

/**
 * The octets that a call returns are a copy, and are overwritten in the block, so that it never
 * holds a key that is in use.
 */
export function pooled(source: RandomBytes): RandomBytes {
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  return (length) => {
    if (length > BLOCK / 4) return source(length);
    if (at + length > block.length) {
      block = source(BLOCK);
      at = 0;
    }
    // A copy: `slice` of a Buffer would be a view, and the line below would make every key zero.
    const taken = new Uint8Array(block.subarray(at, at + length));
    block.fill(0, at, at + length);
    at += length;
    return taken;
  };
}
