/**
 * Checks packets before the library reads them, those inside others included: decrypted or
 * decompressed octets may hold packets that the message did not show, and 10 KB may become 10 MB of
 * empty packets. The library itself refuses compressed packets inside each other.
 *
 * The library has no option for this, but reads all packets by one method of an exported class;
 * test/crypto/pgp/packets.test.ts fails should it not go through it any more.
 */
import { ReadableStream } from 'node:stream/web';
import { PacketList } from 'openpgp';
import { PacketFrames } from './packet-frames.ts';

type Read = (this: unknown, octets: unknown, ...rest: readonly unknown[]) => Promise<void>;

/** Installs the guard; once in a thread. */
export function guardPackets(): void {
  const prototype = PacketList.prototype as unknown as { read: Read };
  const { read } = prototype;
  prototype.read = async function (octets, ...rest) {
    await read.call(this, framed(octets), ...rest);
  };
}

function framed(octets: unknown): unknown {
  const frames = new PacketFrames();
  if (!(octets instanceof Uint8Array))
    return ReadableStream.from(framedStream(octets as ReadableStream<Uint8Array>, frames));
  const out = frames.push(octets);
  frames.end();
  return frames.changed ? joined(out) : octets;
}

async function* framedStream(
  octets: ReadableStream<Uint8Array>,
  frames: PacketFrames,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = octets.getReader();
  try {
    for (;;) {
      const next = await reader.read();
      if (next.done) break;
      const out = frames.push(next.value);
      // One output slice for each input slice: the library pays for every one.
      if (out.length > 0) yield joined(out);
    }
    frames.end();
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Joins octets into a plain Uint8Array, since the library does not know Buffer. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
