/**
 * The bytes behind DATA: finds the end, takes the stuffed dots out, judges line ends; in place, one
 * slice out for each slice in.
 *
 * RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2. Only CRLF.CRLF ends the data, wherever packets are
 * cut: everything laxer lets one sender smuggle a second message past a stricter server. Dots are
 * looked for with `indexOf`; smtp-server's own stream takes an event-loop turn for each stuffed
 * line (measured 1.5 to 14 MB/s on such content).
 *
 * QUIRK: a line that begins with one dot and goes on is kept as it is. By the letter its dot should
 * go, but only a client that forgets to stuff sends it, and ".5 mg" must not become "5 mg".
 */
import { type LineEndCounts, judged } from '../mime/line-ends.ts';

const CR = 13;
const LF = 10;
const DOT = 46;
const END = Buffer.from('\r\n.\r\n');

export interface Decoded {
  /** Canonical octets; may be empty. Valid until the next `push`. */
  readonly slice: Buffer;
  /** What follows the final dot; undefined while it has not come. */
  readonly rest: Buffer | undefined;
}

export interface ContentDecoder {
  readonly met: LineEndCounts;
  /** What came last is a dot between bare LFs: a client that means so waits for its answer. */
  readonly seemsEnded: boolean;
  push(chunk: Buffer): Decoded;
}

export class DataDecoder implements ContentDecoder {
  /** What was met so far; under `normalise` bare ends were made CRLF. */
  readonly met: LineEndCounts = { bareCr: 0, bareLf: 0, nul: 0 };
  readonly #normalise: boolean;
  /** Octets that could belong to the end sequence: 0 to 4. */
  #held: Buffer = Buffer.alloc(0);
  #atStart = true;
  /** The last three octets as they came. */
  #tail = '';

  constructor(normalise: boolean) {
    this.#normalise = normalise;
  }

  get seemsEnded(): boolean {
    return this.#tail === '\n.\n';
  }

  push(chunk: Buffer): Decoded {
    this.#tail = `${this.#tail}${chunk.toString('latin1', Math.max(0, chunk.length - 3))}`.slice(-3);
    let data = chunk;
    if (this.#held.length > 0) {
      data = Buffer.allocUnsafe(this.#held.length + chunk.length);
      this.#held.copy(data);
      chunk.copy(data, this.#held.length);
      this.#held = data.subarray(0, 0);
    }
    if (this.#atStart) {
      const begun = this.#begin(data);
      if (begun !== undefined) return begun;
      if (data[0] === DOT && data[1] === DOT) data = data.subarray(1);
      this.#atStart = false;
    }
    return this.#scan(data);
  }

  /**
   * The first line has no CRLF before it: `.CRLF` at once is an empty message. Undefined: go on
   * with scanning.
   */
  #begin(data: Buffer): Decoded | undefined {
    if (data[0] !== DOT) return data.length === 0 ? { slice: data, rest: undefined } : undefined;
    if (data.length >= 3 && data[1] === CR && data[2] === LF)
      return { slice: data.subarray(0, 0), rest: data.subarray(3) };
    if (data.length < 2 || (data.length === 2 && data[1] === CR)) {
      this.#held = Buffer.from(data);
      return { slice: data.subarray(0, 0), rest: undefined };
    }
    return undefined;
  }

  #scan(data: Buffer): Decoded {
    let from = 0; // what is kept begins here, before the next cut
    let to = 0; // where the kept octets end after compaction
    const keep = (until: number): void => {
      if (to !== from) data.copyWithin(to, from, until);
      to += until - from;
      from = until;
    };
    for (let at = data.indexOf('\r\n.', 0, 'latin1'); at >= 0; at = data.indexOf('\r\n.', at + 2, 'latin1')) {
      const next = data[at + 3];
      if (next === DOT) {
        keep(at + 2);
        from += 1;
      } else if (next === CR && data[at + 4] === LF) {
        keep(at + 2);
        return { slice: this.#judge(data.subarray(0, to)), rest: data.subarray(at + 5) };
      }
    }
    const end = data.length - heldLength(data, from);
    keep(end);
    // A copy: the slice is handed on, and its memory with it.
    this.#held = Buffer.from(data.subarray(end));
    return { slice: this.#judge(data.subarray(0, to)), rest: undefined };
  }

  #judge(slice: Buffer): Buffer {
    return judged(slice, this.met, this.#normalise);
  }
}

/**
 * How many octets at the end of `data` could begin the end sequence; never reaches back before
 * `from`.
 */
function heldLength(data: Buffer, from: number): number {
  for (let length = Math.min(END.length - 1, data.length - from); length > 0; length -= 1)
    if (data.compare(END, 0, length, data.length - length) === 0) return length;
  return 0;
}
