/**
 * Base64 in lines of 76 characters (RFC 2045 section 6.8), a stream in one pass.
 *
 * Node encodes, and we put in the line ends by copying whole lines. 5 MB take 6 ms of processor
 * time: as fast as a table in JavaScript, and half of what a call of the encoder for each line
 * costs. A regular expression over the text takes four times as long.
 */
import { asBuffer } from '../platform/bytes.ts';
import { turns } from '../platform/turns.ts';

const LINE = 57;
const ENCODED = 76;
const WRITTEN = ENCODED + 2;
/**
 * Octets that are encoded in one go; whole lines. This takes a fraction of a millisecond, and the
 * string is small enough to be freed with the young objects. Larger strings stay until the next
 * full garbage collection: 100 MB for ten large messages at once.
 */
const RUN = LINE * 1024;
/** Runs in one turn of the event loop. */
const RUNS = 4;
const CR = 13;
const LF = 10;

/** Holds one run while its lines are copied out; nothing waits in between. */
const scratch = Buffer.allocUnsafeSlow((RUN / LINE) * ENCODED);

/** Encodes whole lines: the length of `octets` is a multiple of 57, at most a run. */
function encodeLines(octets: Buffer): Buffer {
  const length = scratch.write(octets.toString('base64'), 'latin1');
  const out = Buffer.allocUnsafe((length / ENCODED) * WRITTEN);
  let to = 0;
  for (let at = 0; at < length; at += ENCODED) {
    scratch.copy(out, to, at, at + ENCODED);
    out[to + ENCODED] = CR;
    out[to + ENCODED + 1] = LF;
    to += WRITTEN;
  }
  return out;
}

/**
 * The octets of `source` as base64, each line ended by CRLF. Gives the event loop a turn after each
 * four runs (228 KiB) of one slice.
 */
export async function* base64Lines(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void, void> {
  // Octets that do not fill a line yet.
  const rest = Buffer.allocUnsafe(LINE);
  let waiting = 0;
  for await (const given of source) {
    let octets = asBuffer(given);
    if (waiting > 0) {
      const taken = octets.copy(rest, waiting, 0, LINE - waiting);
      waiting += taken;
      if (waiting < LINE) continue;
      yield encodeLines(rest);
      octets = octets.subarray(taken);
    }
    const whole = octets.length - (octets.length % LINE);
    for (let at = 0; at < whole; at += RUN) {
      if (at > 0 && at % (RUN * RUNS) === 0) await turns.rest();
      yield encodeLines(octets.subarray(at, Math.min(whole, at + RUN)));
    }
    waiting = octets.copy(rest, 0, whole);
  }
  if (waiting > 0) yield Buffer.from(`${rest.toString('base64', 0, waiting)}\r\n`, 'latin1');
}

/** How many octets `base64Lines` writes for `n` octets. */
export const base64LinesLength = (n: number): number =>
  Math.floor(n / LINE) * WRITTEN + (n % LINE === 0 ? 0 : Math.ceil((n % LINE) / 3) * 4 + 2);
