/** Small helpers over octets. Bodies never pass through here: they travel as slices. */

/** Most that `joinSmall` joins: a header at its limit. */
export const JOIN_LIMIT = 256 * 1024;

/** Joins small pieces. Throws above `JOIN_LIMIT`: a caller that needs more should stream. */
export function joinSmall(pieces: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  if (length > JOIN_LIMIT)
    throw new RangeError(`Cannot join ${length} octets; expected at most ${JOIN_LIMIT}; stream the pieces instead`);
  const joined = Buffer.allocUnsafe(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** The same octets as a Buffer, without a copy. */
export const asBuffer = (octets: Uint8Array): Buffer =>
  Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
