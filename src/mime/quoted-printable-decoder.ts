/**
 * Quoted-printable in slices, by RFC 2045 section 6.7: soft line breaks join, blanks at the end of
 * a line go, everything else stays.
 *
 * Content must have CRLF line ends. Octets that should have been encoded but were not (8-bit text,
 * control characters) stay as they are, as in every program that we compared. What programs
 * disagree on clears `exact`.
 */
import type { TransferDecoder } from './transfer-decoder.ts';

const CR = 13;
const LF = 10;
const EQUALS = 61;
/**
 * A run of blanks is held back to see whether the line ends behind it; RFC 2045 allows 76
 * characters in a line.
 */
const MAX_HELD = 1024;

const hexadecimal = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i += 1) {
  hexadecimal['0123456789ABCDEF'.charCodeAt(i)] = i;
  hexadecimal['0123456789abcdef'.charCodeAt(i)] = i;
}
const isBlank = (octet: number | undefined): boolean => octet === 32 || octet === 9;
const hex = (octet: number | undefined): number => (octet === undefined ? -1 : (hexadecimal[octet] ?? -1));

export class QuotedPrintableDecoder implements TransferDecoder {
  #out = Buffer.alloc(0);
  #held = Buffer.alloc(0);
  #exact = true;
  /** Length of the run of blanks with which the output ends so far. */
  #blanks = 0;

  get exact(): boolean {
    return this.#exact;
  }

  push(slice: Buffer): Buffer {
    let data = slice;
    if (this.#held.length > 0) {
      data = Buffer.allocUnsafe(this.#held.length + slice.length);
      this.#held.copy(data);
      slice.copy(data, this.#held.length);
    }
    const until = data.length - undecidedLength(data);
    const out = this.#decode(data, until, false);
    this.#held = Buffer.from(data.subarray(until));
    return out;
  }

  /**
   * Decodes what is held. The line end of a soft break, or behind the blanks of the last line, may
   * be missing: the delimiter of the part takes it.
   */
  end(): Buffer {
    return this.#decode(this.#held, this.#held.length, true);
  }

  #decode(data: Buffer, until: number, last: boolean): Buffer {
    if (this.#out.length < until) this.#out = Buffer.allocUnsafe(until);
    const out = this.#out;
    let to = 0;
    let floor = 0; // blanks below were encoded, or stand in an earlier line
    for (let at = 0; at < until; at += 1) {
      const octet = data[at] ?? 0;
      if (octet === EQUALS) {
        const value = (hex(data[at + 1]) << 4) | hex(data[at + 2]);
        const end = value >= 0 ? at + 3 : softBreakEnd(data, at + 1, until, last);
        if (value >= 0) out[to++] = value;
        if (end > 0) {
          floor = to;
          this.#blanks = 0;
          at = end - 1;
          continue;
        }
        this.#exact = false;
      } else if (octet === CR && data[at + 1] === LF) {
        to = this.#withoutBlanks(out, to, floor);
        out[to++] = CR;
        out[to++] = LF;
        floor = to;
        at += 1;
        continue;
      }
      out[to++] = octet;
      this.#blanks = isBlank(octet) ? this.#blanks + 1 : 0;
    }
    if (last) to = this.#withoutBlanks(out, to, floor);
    return out.subarray(0, to);
  }

  #withoutBlanks(out: Buffer, to: number, floor: number): number {
    let end = to;
    // The beginning of a longer run was already given. So the whole run stays, and the result does
    // not depend on how the content was cut.
    if (this.#blanks <= MAX_HELD) while (end > floor && isBlank(out[end - 1])) end -= 1;
    // RFC 2045 says that such blanks were added on the way; some programs keep them all the same.
    if (this.#blanks > 0) this.#exact = false;
    this.#blanks = 0;
    return end;
  }
}

/** How many octets at the end of `data` cannot be judged before more comes. */
function undecidedLength(data: Buffer): number {
  let at = data.length;
  const octet = data[at - 1];
  if (octet === EQUALS) return 1;
  if (data[at - 2] === EQUALS && hex(octet) >= 0) return 2;
  if (octet === CR) at -= 1;
  const least = Math.max(0, at - MAX_HELD);
  while (at > least && isBlank(data[at - 1])) at -= 1;
  if (at === least && isBlank(data[at - 1])) return 0;
  if (data[at - 1] === EQUALS) at -= 1;
  return data.length - at;
}

/** Offset behind a soft line break whose blanks begin at `at`; 0 if it is none. */
function softBreakEnd(data: Buffer, at: number, until: number, last: boolean): number {
  let end = at;
  while (end < until && end - at <= MAX_HELD && isBlank(data[end])) end += 1;
  if (data[end] === CR && data[end + 1] === LF) return end + 2;
  return last && end === until ? end : 0;
}
