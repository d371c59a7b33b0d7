/**
 * Judges the line ends of content that streams by, and makes them CRLF if that is allowed (RFC 5321
 * section 2.3.8). NUL octets are counted too.
 */
import { everyBelow } from '../platform/octet-finder.ts';

const CR = 13;
const LF = 10;

export interface LineEndCounts {
  bareCr: number;
  bareLf: number;
  nul: number;
}

/**
 * Adds to `met` the bare CR, bare LF and NUL octets of a slice. Gives the slice; if `normalise` is
 * set, each bare CR or LF in it is made CRLF.
 */
export function judged(slice: Buffer, met: LineEndCounts, normalise: boolean): Buffer {
  // Nearly all content is clean. Looking at four octets at a time finds that out at 2.7 GB/s, a
  // look at each reaches 0.7 GB/s.
  if (isClean(slice)) return slice;
  let bare = 0;
  for (let at = 0; at < slice.length; at += 1) {
    const octet = slice[at] ?? 0;
    if (octet > CR) continue;
    if (octet === CR) {
      if (slice[at + 1] === LF) at += 1;
      else {
        met.bareCr += 1;
        bare += 1;
      }
    } else if (octet === LF) {
      met.bareLf += 1;
      bare += 1;
    } else if (octet === 0) met.nul += 1;
  }
  return bare > 0 && normalise ? normalised(slice, bare) : slice;
}

/** True if every CR and LF belongs to a CRLF and no octet is NUL. */
const isClean = (slice: Buffer): boolean => everyBelow(slice, CR + 1, isFine);

function isFine(slice: Buffer, at: number): boolean {
  const octet = slice[at];
  if (octet === CR) return slice[at + 1] === LF;
  return octet === LF ? slice[at - 1] === CR : octet !== 0;
}

/**
 * `slice` with each bare CR or LF made CRLF. A slice never ends between the two octets of a CRLF:
 * the caller holds a last CR back.
 */
function normalised(slice: Buffer, bare: number): Buffer {
  const out = Buffer.allocUnsafe(slice.length + bare);
  let to = 0;
  for (let at = 0; at < slice.length; at += 1) {
    const octet = slice[at] ?? 0;
    if (octet !== CR && octet !== LF) {
      out[to++] = octet;
      continue;
    }
    if (octet === CR && slice[at + 1] === LF) at += 1;
    out[to++] = CR;
    out[to++] = LF;
  }
  return out;
}
