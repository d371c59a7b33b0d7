/**
 * Gives octets of strangers the form that a stored message has: every line end CRLF, the last line ended (RFC 5321 section 2.3.8).
 *
 * For what was encrypted: it did not pass the edge, where line ends are judged.
 */
import { asBuffer } from '../platform/bytes.ts';

/** A NUL: there is no way to hand this out. */
export class NulFound extends Error {
  override readonly name = 'NulFound';
}

const CR = 13;
const LF = 10;

/** True where the slice, behind a slice that ended in CR or not, can pass as it is; its last CR must wait for what follows. */
function isCanonical(octets: Buffer, afterCr: boolean): boolean {
  let cr = afterCr;
  for (const octet of octets) {
    if (octet === 0) throw new NulFound('Cannot hand out the content: it has a NUL octet');
    if (cr !== (octet === LF)) return false;
    cr = octet === CR;
  }
  return !cr;
}

/** Writes the slice anew; a CR at its end is left for the next one. */
function rewritten(octets: Buffer, afterCr: boolean): { readonly made: Buffer; readonly cr: boolean } {
  const out = Buffer.allocUnsafe(octets.length * 2 + 2);
  let to = 0;
  let cr = afterCr;
  const lineEnd = (): void => {
    out[to++] = CR;
    out[to++] = LF;
  };
  for (const octet of octets) {
    if (octet === 0) throw new NulFound('Cannot hand out the content: it has a NUL octet');
    if (cr || octet === LF) lineEnd();
    if (octet !== LF && octet !== CR) out[to++] = octet;
    cr = octet === CR;
  }
  return { made: out.subarray(0, to), cr };
}

/** Throws NulFound. */
export async function* canonicalLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let cr = false;
  let last = LF;
  for await (const given of source) {
    const octets = asBuffer(given);
    if (octets.length === 0) continue;
    if (isCanonical(octets, cr)) {
      // The CR that waited belongs in front of the LF that this slice begins with.
      if (cr) yield Buffer.from('\r');
      cr = false;
      last = octets.at(-1) ?? last;
      yield octets;
      continue;
    }
    const written = rewritten(octets, cr);
    cr = written.cr;
    if (written.made.length === 0) continue;
    last = written.made.at(-1) ?? last;
    yield written.made;
  }
  if (cr || last !== LF) yield Buffer.from('\r\n');
}
