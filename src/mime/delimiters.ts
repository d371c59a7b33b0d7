/**
 * Splits content at the delimiter lines of the multiparts that are open (RFC 2046 section 5.1.1),
 * wherever the slices are cut.
 *
 * It searches for `--`, not for the line end before it. Base64 has no dashes, so a memory search
 * passes over it at many GB/s; other text costs one look for each `--`. The CRLF in front of a
 * delimiter belongs to the delimiter, so octets that could begin one are held back until that is
 * decided.
 */
import { MAX_BOUNDARY } from './content-fields.ts';

const CR = 13;
const LF = 10;
const DASH = 45;
/** CRLF, dashes, boundary, dashes, some blanks, CRLF. A longer line is not a delimiter. */
const MAX_HELD = MAX_BOUNDARY + 64;

export interface DelimiterSink {
  /** Takes content; `octets` stay valid as long as the data in which they came. */
  content(octets: Buffer): void;
  /**
   * True if a line that begins with two dashes is a delimiter. Octets `from` to `to` are the line
   * without these dashes and without the blanks at its end.
   */
  matches(octets: Buffer, from: number, to: number): boolean;
  /** Called when the line that matched last has ended the content. */
  delimiter(): void;
}

export class DelimiterScanner {
  readonly #sink: DelimiterSink;
  readonly #held = Buffer.allocUnsafe(MAX_HELD);
  #filled = 0;
  /**
   * Octets of the CRLF with which a delimiter begins here: 2 if content stands before it, 0 if the
   * content has just begun.
   */
  #prefix = 2;

  constructor(sink: DelimiterSink) {
    this.#sink = sink;
  }

  /** Content begins here, at the beginning of a line. */
  begin(): void {
    this.#filled = 0;
    this.#prefix = 0;
  }

  /** Takes `data` from `at`; gives the offset behind a delimiter line, or the length of `data`. */
  scan(data: Buffer, at: number): number {
    let from = at;
    if (this.#filled > 0 || this.#prefix === 0) {
      const resumed = this.#resume(data, at);
      if (resumed.delimited || resumed.at === data.length) return resumed.at;
      from = resumed.at;
    }
    for (let seek = from; ;) {
      const dashes = data[seek] === DASH && data[seek + 1] === DASH ? seek : data.indexOf('--', seek, 'latin1');
      const line = dashes < 0 ? -1 : lineEndBefore(data, dashes, from);
      const end = dashes < 0 ? -1 : data.indexOf(LF, dashes);
      if (end < 0) {
        this.#rest(data, from, line);
        return data.length;
      }
      const matched =
        line >= 0 && data[end - 1] === CR && end - line < MAX_HELD && this.#matches(data, dashes + 2, end);
      if (matched) {
        this.#end(data, from, line);
        return end + 1;
      }
      seek = end + 1;
    }
  }

  /** The content has ended; its last line may be a delimiter without line end. */
  finish(): void {
    const held = this.#held.subarray(0, this.#filled);
    const from = this.#prefix + 2;
    if (held.length >= from && this.#matches(held, from, held.length)) this.#end(held, 0, 0);
    else this.#giveHeld(held.length);
    this.#filled = 0;
    this.#prefix = 2;
  }

  /**
   * Adds octets to those that are held, one by one, as long as these could become a delimiter.
   * Gives the offset at which the scan continues.
   */
  #resume(data: Buffer, at: number): { readonly at: number; readonly delimited: boolean } {
    const held = this.#held;
    for (let next = at; next < data.length; next += 1) {
      const octet = data[next] ?? 0;
      const place = this.#filled - this.#prefix;
      if (!this.#fits(octet, place)) {
        // The line is too long to be a delimiter, but its last CR may begin the next one.
        this.#release(place >= 2 && octet === LF && held[this.#filled - 1] === CR ? 1 : 0);
        if (this.#filled === 0) return { at: next, delimited: false };
      }
      held[this.#filled++] = octet;
      if (octet !== LF || place < 2) continue;
      const line = this.#filled;
      if (held[line - 2] === CR && this.#matches(held, this.#prefix + 2, line)) {
        this.#end(held, 0, 0);
        return { at: next + 1, delimited: true };
      }
      // This was an ordinary line. Its CRLF may begin a delimiter, so it is looked at once more: in
      // the slice, if it stands there.
      const ended = held[line - 2] === CR;
      this.#release(ended ? 2 : 0);
      if (ended && next > at) {
        this.#filled = 0;
        return { at: next - 1, delimited: false };
      }
    }
    return { at: data.length, delimited: false };
  }

  #fits(octet: number, place: number): boolean {
    if (place < 0) return octet === (place === -2 ? CR : LF);
    return place < 2 ? octet === DASH : this.#filled < MAX_HELD;
  }

  /**
   * Passes on what is held as content, except its last `keep` octets, which may begin a delimiter.
   */
  #release(keep: number): void {
    const end = this.#filled;
    this.#prefix = 2;
    this.#filled = keep;
    this.#giveHeld(end - keep);
    this.#held.copyWithin(0, end - keep, end);
  }

  /**
   * Called at the end of a slice: passes on the content, except what could begin a delimiter.
   * `line`: offset of a CRLF with two dashes behind it, or -1.
   */
  #rest(data: Buffer, from: number, line: number): void {
    const length = data.length;
    let keep = 0;
    if (line >= 0 && length - line <= MAX_HELD) keep = length - line;
    else if (data[length - 1] === CR) keep = 1;
    else if (endsInCrLf(data, length)) keep = 2;
    else if (data[length - 1] === DASH && endsInCrLf(data, length - 1)) keep = 3;
    if (keep > length - from) keep = 0;
    this.#give(data, from, length - keep);
    data.copy(this.#held, 0, length - keep);
    this.#filled = keep;
  }

  #matches(data: Buffer, from: number, to: number): boolean {
    let end = to;
    while (end > from && (data[end - 1] ?? 0) <= 32) end -= 1;
    return this.#sink.matches(data, from, end);
  }

  #end(data: Buffer, from: number, to: number): void {
    this.#give(data, from, to);
    this.#filled = 0;
    this.#sink.delimiter();
  }

  /** Passes on a copy, since the buffer is used again. */
  #giveHeld(octets: number): void {
    if (octets > 0) this.#sink.content(Buffer.from(this.#held.subarray(0, octets)));
  }

  #give(data: Buffer, from: number, to: number): void {
    if (to > from) this.#sink.content(data.subarray(from, to));
  }
}

const endsInCrLf = (data: Buffer, end: number): boolean => end >= 2 && data[end - 2] === CR && data[end - 1] === LF;

/** Offset of the CRLF right before `at`; -1 if none stands there, or if it begins before `from`. */
const lineEndBefore = (data: Buffer, at: number, from: number): number =>
  at >= from + 2 && data[at - 1] === LF && data[at - 2] === CR ? at - 2 : -1;
