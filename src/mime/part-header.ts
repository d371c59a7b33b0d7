/**
 * Collects the header of an entity inside a message, line by line, and finds where it ends (RFC
 * 2046 section 5.1).
 *
 * A part may lack the empty line that ends its header, or have no header and no empty line: then
 * its first line that is not a field is content, as Python's email package and others read it, so
 * that nothing is lost.
 */
const CR = 13;
const LF = 10;
const COLON = 58;
/**
 * A line is judged when this much of it is known: enough for a delimiter and for the name of a
 * field.
 */
const JUDGED = 512;
const FIRST = 1024;

/** `content`: the header ended without an empty line, and `rest` is already content. */
export type PartHeaderState = 'open' | 'whole' | 'delimiter' | 'content';

/**
 * True if a line is a delimiter. The octets `from` to `to` are what stands between its two dashes
 * and the blanks at its end.
 */
export type IsDelimiter = (line: Buffer, from: number, to: number) => boolean;

export class PartHeader {
  readonly #limit: number;
  readonly #judgeLines: boolean;
  #octets = Buffer.alloc(0);
  /** Octets of the whole lines that are kept; `#filled` counts the line that is being read, too. */
  #kept = 0;
  #filled = 0;
  /** The line that is being read belongs to the header; only its end is awaited. */
  #passing = false;
  #whole: Buffer | undefined;
  #state: PartHeaderState = 'open';
  #cut = false;

  /** `judgeLines`: false for a header that was read already, whose end is its first empty line. */
  constructor(limit: number, judgeLines: boolean) {
    this.#limit = limit;
    this.#judgeLines = judgeLines;
  }

  get state(): PartHeaderState {
    return this.#state;
  }

  /** Lines were left out, since the header is longer than the limit. */
  get cut(): boolean {
    return this.#cut;
  }

  /** Content that was already read. It stands before the offset that `read` gave. */
  get rest(): Buffer {
    return this.#octets.subarray(this.#kept, this.#filled);
  }

  /** The header's octets; valid until the next slice. */
  end(): Buffer {
    return this.#whole ?? this.#octets.subarray(0, this.#kept);
  }

  /**
   * Reads `data` from `at`, gives where it stopped. `isDelimiter` is asked of a line that begins
   * with two dashes.
   */
  read(data: Buffer, at: number, isDelimiter: IsDelimiter | undefined): number {
    if (!this.#judgeLines && this.#filled === 0) {
      // The usual header of a message comes whole and is not copied.
      const empty = data[at] === CR && data[at + 1] === LF;
      const end = empty ? at : data.indexOf('\n\r\n', at, 'latin1') + 1;
      if ((empty || end > at) && end - at < this.#limit) {
        this.#whole = data.subarray(at, end);
        this.#state = 'whole';
        return end + 2;
      }
    }
    let next = at;
    while (next < data.length && this.#isOpen()) {
      const lineEnd = data.indexOf(LF, next);
      const until = lineEnd < 0 ? data.length : lineEnd + 1;
      const taken = this.#passing ? until : Math.min(until, next + JUDGED - (this.#filled - this.#kept));
      this.#append(data, next, taken);
      next = taken;
      const complete = lineEnd >= 0 && taken === until;
      if (!this.#passing && (complete || this.#filled - this.#kept >= JUDGED)) this.#judge(isDelimiter);
      if (complete && this.#isOpen()) this.#endLine();
    }
    return next;
  }

  /** The message ends here: judges a last line that has no line end. */
  finish(isDelimiter: IsDelimiter | undefined): void {
    if (this.#isOpen() && this.#filled > this.#kept && !this.#passing) this.#judge(isDelimiter);
    if (this.#isOpen()) this.#endLine();
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #append(data: Buffer, from: number, to: number): void {
    const room = this.#limit + JUDGED - this.#filled;
    const length = Math.min(to - from, room);
    if (length < to - from) this.#cut = true;
    const needed = this.#filled + length;
    if (needed > this.#octets.length) {
      const grown = Buffer.allocUnsafe(
        Math.min(Math.max(needed, this.#octets.length * 2, FIRST), this.#limit + JUDGED),
      );
      this.#octets.copy(grown, 0, 0, this.#filled);
      this.#octets = grown;
    }
    data.copy(this.#octets, this.#filled, from, from + length);
    this.#filled = needed;
  }

  #judge(isDelimiter: IsDelimiter | undefined): void {
    const line = this.#octets.subarray(this.#kept, this.#filled);
    if (line.length === 2 && line[0] === CR && line[1] === LF) this.#state = 'whole';
    else if (isDelimiter !== undefined && line[0] === 45 && line[1] === 45 && isDelimiter(line, 2, textEnd(line)))
      this.#state = 'delimiter';
    else if (this.#judgeLines && !isFieldLine(line, this.#kept === 0)) this.#state = 'content';
    else this.#passing = true;
  }

  #endLine(): void {
    this.#passing = false;
    if (this.#filled <= this.#limit) this.#kept = this.#filled;
    else {
      this.#filled = this.#kept;
      this.#cut = true;
    }
  }
}

function textEnd(line: Buffer): number {
  let end = line.length;
  while (end > 2 && (line[end - 1] ?? 0) <= 32) end -= 1;
  return end;
}

/**
 * True for a field, or the continuation of one. `first`: it is the first line, so it may also be an
 * mbox line, as in front of the header of an attached message.
 */
function isFieldLine(line: Buffer, first: boolean): boolean {
  if (line[0] === 32 || line[0] === 9) return true;
  let at = 0;
  while (isNameOctet(line[at])) at += 1;
  while (line[at] === 32 || line[at] === 9) at += 1;
  return line[at] === COLON || (first && line.toString('latin1', 0, 5) === 'From ');
}

const isNameOctet = (octet: number | undefined): boolean =>
  octet !== undefined && octet > 32 && octet < 127 && octet !== COLON;
