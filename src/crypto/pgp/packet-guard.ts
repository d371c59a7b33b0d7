/**
 * Stands before the library wherever it reads packets, those inside others included: what is decrypted or decompressed may hold what never
 * stood in the message, and 10 KB of it may become 10 MB of empty packets. Compressed packets in one another the library refuses itself.
 *
 * The library has no option for this, but reads all packets by one method of an exported class; test/crypto/pgp/packets.test.ts fails should
 * it not go through it any more.
 */
import { ReadableStream } from 'node:stream/web';
import { PacketList } from 'openpgp';
import { PacketFrames } from './packet-frames.ts';

type Read = (this: unknown, octets: unknown, ...rest: readonly unknown[]) => Promise<void>;

/** Once in a thread. */
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
      // One slice for each that came: the library pays for every one.
      if (out.length > 0) yield joined(out);
    }
    frames.end();
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A plain array of octets: the library knows no Buffer. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
