/**
 * Base64 in slices, as RFC 2045 section 6.8 reads it: line ends and blanks count for nothing,
 * padding ends the data.
 *
 * Clean lines go through Node's own decoder, which is four times as quick as the loop below. But
 * that decoder also reads the letters of base64url as data, skips what it does not know, and
 * reports neither. So it gets a slice only up to the first `-`, `_` or `=`, and must give three
 * octets for each four that are not line ends: only then was each of the four a letter of base64.
 * If it gives fewer, the loop reads the slice again and finds what is wrong.
 */
import type { TransferDecoder } from './transfer-decoder.ts';

const NONE = -1;
const PADDING = 61;
const CR = 13;
const LF = 10;
/** Octets that Node's decoder reads differently from RFC 2045. */
const NOT_NATIVE = [PADDING, 45, 95];
/** For fewer octets than this the loop is quicker, since it needs no string. */
const NATIVE_FROM = 1024;
const values = new Int8Array(256).fill(NONE);
for (let i = 0; i < 64; i += 1)
  values['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i;

const valueOf = (octet: number | undefined): number => (octet === undefined ? NONE : (values[octet] ?? NONE));
const isLineEnd = (octet: number | undefined): boolean => octet === CR || octet === LF;
const isLayout = (octet: number): boolean => isLineEnd(octet) || octet === 32 || octet === 9;

export class Base64Decoder implements TransferDecoder {
  #out = Buffer.alloc(0);
  /** Characters of the group of four that is being read, and their bits. */
  #count = 0;
  #bits = 0;
  #padding = 0;
  #ended = false;
  #exact = true;

  get exact(): boolean {
    return this.#exact;
  }

  push(slice: Buffer): Buffer {
    const most = Math.ceil(slice.length * 0.75) + 3;
    if (this.#out.length < most) this.#out = Buffer.allocUnsafe(most);
    const out = this.#out;
    let to = 0;
    let at = 0;
    // The rest of a group that the last slice began.
    for (; at < slice.length && this.#count > 0; at += 1) to = this.#one(slice[at] ?? 0, out, to);
    if (!this.#ended && slice.length - at >= NATIVE_FROM) {
      const run = nativeRun(slice, at);
      const octets = (run.letters / 4) * 3;
      if (octets > 0 && out.write(slice.toString('latin1', at, run.end), to, 'base64') === octets) {
        at = run.end;
        to += octets;
      }
    }
    return this.#loop(slice, at, out, to);
  }

  /** The octets of an unfinished group. Data that ends without its padding is not exact. */
  end(): Buffer {
    if (this.#ended || this.#count === 0) return Buffer.alloc(0);
    this.#exact = false;
    const out = Buffer.alloc(2);
    return out.subarray(0, this.#flush(out, 0));
  }

  /**
   * Decodes any octets, from `from` on. `given`: how many octets `out` holds before. Gives all
   * octets that it holds then.
   */
  #loop(slice: Buffer, from: number, out: Buffer, given: number): Buffer {
    let at = from;
    let to = given;
    while (at < slice.length) {
      if (this.#count === 0 && !this.#ended) {
        for (; at + 4 <= slice.length; at += 4, to += 3) {
          const a = valueOf(slice[at]);
          const b = valueOf(slice[at + 1]);
          const c = valueOf(slice[at + 2]);
          const d = valueOf(slice[at + 3]);
          if ((a | b | c | d) < 0) break;
          out[to] = (a << 2) | (b >> 4);
          out[to + 1] = (b << 4) | (c >> 2);
          out[to + 2] = (c << 6) | d;
        }
        if (at === slice.length) break;
      }
      to = this.#one(slice[at] ?? 0, out, to);
      at += 1;
    }
    return out.subarray(0, to);
  }

  #one(octet: number, out: Buffer, to: number): number {
    const value = valueOf(octet);
    if (value === NONE) return this.#foreign(octet, out, to);
    // After padding some programs continue and some stop.
    if (this.#ended || this.#padding > 0) this.#exact = false;
    if (this.#ended) return to;
    this.#bits = (this.#bits << 6) | value;
    this.#count += 1;
    return this.#count === 4 ? this.#flush(out, to) : to;
  }

  #foreign(octet: number, out: Buffer, to: number): number {
    if (isLayout(octet)) return to;
    if (octet !== PADDING || this.#ended || this.#count < 2) {
      this.#exact = false;
      return to;
    }
    this.#padding += 1;
    if (this.#count + this.#padding < 4) return to;
    this.#ended = true;
    return this.#flush(out, to);
  }

  #flush(out: Buffer, to: number): number {
    const bits = this.#bits << (6 * (4 - this.#count));
    const octets = Math.max(0, this.#count - 1);
    for (let n = 0; n < octets; n += 1) out[to + n] = bits >> (16 - 8 * n);
    this.#bits = 0;
    this.#count = 0;
    return to + octets;
  }
}

interface Run {
  readonly end: number;
  /** Octets of the run without its line ends (LF and CRLF); a multiple of four. */
  readonly letters: number;
}

/**
 * The octets from `from` on that Node's decoder may read: up to the first that it reads differently
 * from RFC 2045, in whole groups of four.
 */
function nativeRun(slice: Buffer, from: number): Run {
  let end = slice.length;
  for (const octet of NOT_NATIVE) {
    const found = slice.subarray(from, end).indexOf(octet);
    if (found >= 0) end = from + found;
  }
  // A CR at the end is left out: its LF comes with the next slice, or it stands alone.
  if (end > from && slice[end - 1] === CR) end -= 1;
  let letters = end - from - lineEndOctets(slice, from, end);
  for (let over = letters % 4; over > 0;) {
    end -= 1;
    if (isLineEnd(slice[end])) continue;
    over -= 1;
    letters -= 1;
  }
  return { end, letters };
}

/**
 * Number of octets of the line ends between two offsets. Most lines have the same length, so the
 * next line end is looked for at that distance first.
 */
function lineEndOctets(slice: Buffer, from: number, to: number): number {
  let octets = 0;
  let width = 0;
  for (let end = slice.indexOf(LF, from); end >= 0 && end < to;) {
    octets += end > from && slice[end - 1] === CR ? 2 : 1;
    const next = width > 0 && slice[end + width] === LF ? end + width : slice.indexOf(LF, end + 1);
    width = next - end;
    end = next;
  }
  return octets;
}
