/** Writing a second body beside the upload. */
import type { Source } from '../crypto/smime/message.ts';
import type { Staging } from '../crypto/smime/open.ts';
import type { Octets } from '../domain/units.ts';
import type { SealedBody } from '../store/body.ts';
import type { BodyWriters } from './middleware.ts';

/** Writes slices, one behind the other; each is stored before the next is made. */
export async function writeBody(
  bodies: BodyWriters,
  promised: Octets,
  slices: AsyncIterable<Uint8Array>,
): Promise<SealedBody> {
  const writer = bodies.open(promised);
  for await (const slice of slices) await writer.write(slice);
  return await writer.seal();
}

/** `first`, then the octets of `source` from `from` on. */
export async function* behind(first: Uint8Array, source: Source, from = 0): AsyncGenerator<Uint8Array, void, void> {
  yield first;
  let at = 0;
  for await (const slice of source.slices()) {
    const begin = Math.max(0, from - at);
    if (begin < slice.length) yield slice.subarray(begin);
    at += slice.length;
  }
}

/** Puts what nobody believes yet into a body of its own, sealed like any upload. */
export function stagingIn(bodies: BodyWriters, promised: Octets): Staging {
  const writer = bodies.open(promised);
  return {
    write: (slice) => writer.write(slice),
    seal: () => writer.seal(),
    abort: () => writer.abort(),
  };
}
