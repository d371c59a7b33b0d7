/**
 * Finds uuencoded files in text and decodes them, slice by slice (POSIX.1-2017, uuencode,
 * historical algorithm).
 *
 * Old programs put the file into the text of a message that knows nothing of MIME. `begin 644 name`
 * alone could be prose: a file begins only if the next line is a whole line of data.
 */
import { joinSmall } from '../platform/bytes.ts';

export interface UuFile {
  /** Valid until the next call. */
  take(octets: Buffer): void;
  /** Called before the octets of the last `take` become invalid. */
  flush(): void;
  /** Called if the data is damaged. */
  doubt(): void;
  end(): unknown;
}

const LF = 10;
const CR = 13;
/**
 * Longest line that is kept. Data lines have at most 61 characters and a checksum; a line with
 * `begin` holds the file name.
 */
const MAX_LINE = 512;
const BEGIN = Buffer.from('begin ');

export class UuScanner {
  readonly #open: (name: string) => UuFile | undefined;
  #file: UuFile | undefined;
  /** Name of a begin line, until the line behind it has come. */
  #name: string | undefined;
  /** The data has ended, `end` is awaited. */
  #closing = false;
  #partial: Buffer = Buffer.alloc(0);
  /** Inside a line that cannot matter. */
  #midLine = false;
  #out = Buffer.alloc(0);
  #filled = 0;

  /** `open` may give undefined: then the file is skipped. */
  constructor(open: (name: string) => UuFile | undefined) {
    this.#open = open;
  }

  push(data: Buffer): void {
    let at = this.#resume(data);
    while (at < data.length) {
      if (this.#file === undefined && this.#name === undefined) at = this.#nextBegin(data, at);
      const end = data.indexOf(LF, at);
      if (end < 0) {
        this.#hold(data, at);
        break;
      }
      this.#line(data, at, end + 1);
      at = end + 1;
    }
    this.#emit();
    this.#file?.flush();
  }

  end(): void {
    const last = this.#partial;
    this.#partial = Buffer.alloc(0);
    if (last.length > 0) this.#line(last, 0, last.length);
    this.#close(false);
  }

  /** Finishes the line that the last slice began; gives where the first whole line begins. */
  #resume(data: Buffer): number {
    const before = this.#partial;
    if (before.length === 0 && !this.#midLine) return 0;
    const end = data.indexOf(LF);
    const until = end < 0 ? data.length : end + 1;
    if (this.#midLine) {
      this.#midLine = end < 0;
      return until;
    }
    this.#partial = Buffer.alloc(0);
    if (before.length + until > MAX_LINE) {
      this.#close(false);
      this.#midLine = end < 0;
      return until;
    }
    const line = joinSmall([before, data.subarray(0, until)]);
    if (end < 0) this.#partial = line;
    else this.#line(line, 0, line.length);
    return until;
  }

  /**
   * Offset of the next line that begins like a file, from the line at `at` on. If there is none,
   * offset of the last line, which may be unfinished.
   */
  #nextBegin(data: Buffer, at: number): number {
    if (data.compare(BEGIN, 0, BEGIN.length, at, Math.min(at + BEGIN.length, data.length)) === 0) return at;
    const found = data.indexOf('\nbegin ', at, 'latin1');
    if (found >= 0) return found + 1;
    return Math.max(at, data.lastIndexOf(LF) + 1);
  }

  /** Keeps the octets from `at`, a line that continues in the next slice, if they may matter. */
  #hold(data: Buffer, at: number): void {
    const length = data.length - at;
    if (length === 0) return;
    const wanted =
      this.#file !== undefined ||
      this.#name !== undefined ||
      data.compare(BEGIN, 0, Math.min(length, BEGIN.length), at, Math.min(at + BEGIN.length, data.length)) === 0;
    if (wanted && length <= MAX_LINE) {
      this.#partial = Buffer.from(data.subarray(at));
      return;
    }
    this.#close(false);
    this.#midLine = true;
  }

  #line(data: Buffer, from: number, to: number): void {
    let end = to;
    if (data[end - 1] === LF) end -= 1;
    if (data[end - 1] === CR && end > from) end -= 1;
    if (this.#file !== undefined) {
      if (this.#dataLine(this.#file, data, from, end)) return;
    } else if (this.#name !== undefined) {
      const name = this.#name;
      this.#name = undefined;
      if (isWholeDataLine(data, from, end)) {
        this.#file = this.#open(name);
        if (this.#file !== undefined) this.#dataLine(this.#file, data, from, end);
        return;
      }
    }
    const begin = end - from > MAX_LINE ? null : /^begin [0-7]{3,4} (\S.*)$/.exec(data.toString('latin1', from, end));
    if (begin !== null) this.#name = begin[1];
  }

  /**
   * False if the line does not belong to the file: then the file has ended, damaged, and the line
   * is text.
   */
  #dataLine(file: UuFile, data: Buffer, from: number, end: number): boolean {
    const isEnd = end - from === 3 && data.toString('latin1', from, end) === 'end';
    if (this.#closing || isEnd) {
      this.#close(this.#closing && isEnd);
      return isEnd;
    }
    const octets = octetsOf(data[from]);
    const characters = end - from - 1;
    if (octets < 0 || characters > charactersFor(octets) + 2 || !isDataText(data, from, end)) {
      this.#close(false);
      return false;
    }
    if (octets === 0) this.#closing = true;
    // Blanks at the end of the line stand for zeros and may be lost on the way; two programs may
    // read that differently.
    if (characters < charactersFor(octets)) file.doubt();
    this.#decode(data, from + 1, end, octets);
    return true;
  }

  #decode(data: Buffer, from: number, end: number, octets: number): void {
    if (this.#filled + octets + 3 > this.#out.length) {
      this.#emit();
      this.#file?.flush();
      if (this.#out.length === 0) this.#out = Buffer.allocUnsafe(16 * 1024);
    }
    const out = this.#out;
    const value = (at: number): number => (at < end ? ((data[at] ?? 0) - 32) & 63 : 0);
    let to = this.#filled;
    for (let at = from; to < this.#filled + octets; at += 4, to += 3) {
      const bits = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3);
      out[to] = bits >> 16;
      out[to + 1] = bits >> 8;
      out[to + 2] = bits;
    }
    this.#filled += octets;
  }

  #emit(): void {
    if (this.#filled > 0) this.#file?.take(this.#out.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #close(whole: boolean): void {
    this.#name = undefined;
    this.#closing = false;
    if (this.#file === undefined) return;
    this.#emit();
    if (!whole) this.#file.doubt();
    this.#file.end();
    this.#file = undefined;
  }
}

/** How many octets a line says it holds; -1 for a character that cannot begin a data line. */
const octetsOf = (first: number | undefined): number =>
  first === undefined || first < 32 || first > 96 ? -1 : (first - 32) & 63;
const charactersFor = (octets: number): number => Math.ceil(octets / 3) * 4;

function isDataText(data: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) {
    const octet = data[at] ?? 0;
    if (octet < 32 || octet > 96) return false;
  }
  return true;
}

function isWholeDataLine(data: Buffer, from: number, end: number): boolean {
  const octets = octetsOf(data[from]);
  const characters = end - from - 1;
  const least = charactersFor(octets);
  return octets >= 0 && characters >= least && characters <= least + 2 && isDataText(data, from, end);
}
