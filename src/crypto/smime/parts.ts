/**
 * The parts of a multipart that is the whole content of a message, one after another and octet for
 * octet (RFC 2046 section 5.1). For the multiparts of protection, which have two parts, no more
 * (RFC 1847): what is around them is looked at as strictly as they are.
 */
import { DelimiterScanner } from '../../mime/delimiters.ts';
import { asBuffer } from '../../platform/bytes.ts';
import { type Message, part } from './message.ts';

/** Offsets of a part with its header, without the line end that belongs to the delimiter. */
export interface PartRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Walks the parts; pieces of the part that is asked for are collected for each slice of the source.
 */
export class Parts {
  readonly #boundary: Buffer;
  readonly #scanner: DelimiterScanner;
  readonly #wanted: number;
  #pieces: Uint8Array[] = [];
  /** Delimiters that were met so far. */
  #part = 0;
  /** The last delimiter was the closing one. */
  #closed = false;
  #closing = false;
  /** Octets that came before this slice. */
  #taken = 0;
  readonly #maxRanges: number;
  readonly #ranges: { from: number; to: number }[] = [];

  /** `ranges`: number of parts whose position is recorded. */
  constructor(boundary: string, wanted: number, ranges = 2) {
    this.#maxRanges = ranges;
    this.#boundary = Buffer.from(boundary, 'latin1');
    this.#wanted = wanted;
    this.#scanner = new DelimiterScanner({
      content: (octets) => {
        const range = this.#ranges[this.#part - 1];
        if (range !== undefined && !this.#closed) range.to += octets.length;
        if (this.#part === this.#wanted && !this.#closed) this.#pieces.push(octets);
      },
      matches: (octets, from, to) => this.#matches(octets, from, to),
      delimiter: () => {
        this.#part += 1;
        this.#closed ||= this.#closing;
      },
    });
    this.#scanner.begin();
  }

  /** Parts that were begun, the closing delimiter not counted; undefined while it has not come. */
  get count(): number | undefined {
    return this.#closed ? this.#part - 1 : undefined;
  }

  /** Where part `n`, from 1, lies in what was taken: known once it has ended, of the first two. */
  range(n: 1 | 2): PartRange {
    return this.#ranges[n - 1] ?? { from: 0, to: 0 };
  }

  /** As far as they are known, what follows the closing delimiter included. */
  get ranges(): readonly PartRange[] {
    return this.#ranges;
  }

  get done(): boolean {
    return this.#closed || this.#part > this.#wanted;
  }

  take(slice: Buffer): readonly Uint8Array[] {
    this.#pieces = [];
    for (let at = 0; at < slice.length;) {
      const part = this.#part;
      at = this.#scanner.scan(slice, at);
      if (this.#part === part) continue;
      this.#scanner.begin();
      const from = this.#taken + at;
      if (this.#ranges.length < this.#maxRanges) this.#ranges.push({ from, to: from });
    }
    this.#taken += slice.length;
    return this.#pieces;
  }

  end(): readonly Uint8Array[] {
    this.#pieces = [];
    this.#scanner.finish();
    return this.#pieces;
  }

  #matches(octets: Buffer, from: number, to: number): boolean {
    if (this.#closed) return false;
    const after = from + this.#boundary.length;
    if (to < after || octets.compare(this.#boundary, 0, this.#boundary.length, from, after) !== 0) return false;
    this.#closing = to === after + 2 && octets.toString('latin1', after, to) === '--';
    return this.#closing || to === after;
  }
}

/** Part `n`, from 1, with its header; may be read again and again. */
export async function* partOf(message: Message, boundary: string, n: number): AsyncGenerator<Uint8Array, void, void> {
  const parts = new Parts(boundary, n);
  for await (const slice of part(message.source, message.bodyAt)) {
    yield* parts.take(asBuffer(slice));
    if (parts.done) return;
  }
  yield* parts.end();
}
