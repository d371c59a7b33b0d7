/**
 * Reads BER from a stream (X.690): goes into structures value by value, collects small values
 * whole, and hands large strings on in slices. Definite and indefinite lengths, strings in any
 * number of parts.
 *
 * What is buffered is one slice and one small value. A length is a claim: memory is taken only for
 * octets that have arrived. Every failure is a `BerError` with the offset into the stream; what the
 * source throws goes through.
 */
import { joinSmall } from '../../platform/bytes.ts';
import { BerError, type Element, parse } from '../certificates/ber.ts';
import { Tag } from '../certificates/der.ts';
import { type CmsLimits, partLimits } from './limits.ts';
import { type Slices, paced } from './slices.ts';

interface Head {
  readonly tag: number;
  /** Octets of the content; -1: indefinite. */
  readonly length: number;
  /** Octets of the head itself. */
  readonly size: number;
}

/** Longest head that is read: tag and a length of 8 bytes behind its count. */
const MAX_HEAD = 10;
/** Octets that may stand behind the message. */
const MAX_TAIL = 64;
/**
 * Short pieces are joined up to this many octets, and this many of them, since the receiver pays
 * for each.
 */
const JOINED_PIECES = 16 * 1024;
const MOST_JOINED = 1024;
const EMPTY = Buffer.alloc(0);
const tagText = (tag: number): string => `0x${tag.toString(16).padStart(2, '0')}`;

export class BerStream {
  private readonly source: AsyncGenerator<Buffer, void, void>;
  private readonly limits: CmsLimits;
  private chunk: Buffer = EMPTY;
  private at = 0;
  /** Offset of the chunk in the stream. */
  private base = 0;
  private ended = false;
  /** Where each structure that we are in ends; Infinity: at its end mark. */
  private readonly ends: number[] = [];

  constructor(source: Slices, limits: CmsLimits) {
    this.source = paced(source);
    this.limits = limits;
  }

  /** Octets read so far. */
  get offset(): number {
    return this.base + this.at;
  }

  /** Lets the source go; needed if reading stops before the end. */
  async close(): Promise<void> {
    await this.source.return();
  }

  private error(kind: BerError['kind'], text: string): BerError {
    return new BerError(kind, this.offset, text);
  }
  private get end(): number {
    return this.ends.at(-1) ?? Infinity;
  }

  /**
   * True if `count` octets are available. They are made contiguous, so ask for few, or for what
   * fits `maxPart`.
   */
  private async fill(count: number): Promise<boolean> {
    if (this.chunk.length - this.at >= count) return true;
    const held: Buffer[] = this.at < this.chunk.length ? [this.chunk.subarray(this.at)] : [];
    let length = this.chunk.length - this.at;
    this.base += this.at;
    this.at = 0;
    // Twice what there was: with slices of one octet each, joining for every octet would be
    // quadratic work.
    for (const wanted = Math.max(count, 2 * length); length < wanted && !this.ended;) {
      const next = await this.source.next();
      if (next.done === true) this.ended = true;
      else {
        held.push(next.value);
        length += next.value.length;
      }
    }
    this.chunk = held.length === 1 ? (held[0] ?? EMPTY) : joined(held, length);
    return length >= count;
  }

  /**
   * The head at `ahead` octets from here, which were filled. Undefined: more octets are needed, and
   * there are none.
   */
  private async head(ahead: number): Promise<Head> {
    if (!(await this.fill(ahead + MAX_HEAD)) && this.chunk.length - this.at < ahead + 2)
      throw this.error('malformed', 'the data end in the middle of a value');
    const from = this.at + ahead;
    const tag = this.chunk[from] ?? 0;
    const first = this.chunk[from + 1] ?? 0;
    if ((tag & 0x1f) === 0x1f) throw this.error('unsupported', 'a tag number above 30 is used');
    if (first < 0x80) return { tag, length: first, size: 2 };
    if (first === 0x80) {
      if ((tag & 0x20) === 0) throw this.error('malformed', 'a plain value has an indefinite length');
      return { tag, length: -1, size: 2 };
    }
    const count = first & 0x7f;
    if (count > 8) throw this.error('limit', `a length has ${count} octets, expected at most 8`);
    if (from + 2 + count > this.chunk.length) throw this.error('malformed', 'the data end in the middle of a length');
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (this.chunk[from + 2 + i] ?? 0);
    if (length > Number.MAX_SAFE_INTEGER / 2) throw this.error('limit', 'a length is larger than any message');
    return { tag, length, size: 2 + count };
  }

  /** Tag of the next value in this structure; undefined at its end. */
  async nextTag(): Promise<number | undefined> {
    if (this.offset >= this.end) return undefined;
    if (!(await this.fill(1))) {
      if (this.ends.length === 0) return undefined;
      throw this.error('malformed', 'the data end inside a structure');
    }
    const tag = this.chunk[this.at];
    return tag === 0 && this.end === Infinity && this.ends.length > 0 ? undefined : tag;
  }

  private async expect(what: string, tag: number | undefined): Promise<Head> {
    const found = await this.nextTag();
    if (found === undefined) throw this.error('malformed', `${what} is missing`);
    if (tag !== undefined && found !== tag)
      throw this.error('malformed', `${what}: found the tag ${tagText(found)}, expected ${tagText(tag)}`);
    if (found === 0) throw this.error('malformed', 'an end mark has no beginning');
    const head = await this.head(0);
    if (head.length > this.end - this.offset - head.size)
      throw this.error('malformed', `${what} is longer than the structure around it`);
    return head;
  }

  /** Goes into a structure. */
  async enter(what: string, tag: number): Promise<void> {
    const { length, size } = await this.expect(what, tag);
    if (this.ends.length >= this.limits.maxDepth) throw this.tooDeep();
    this.at += size;
    this.ends.push(length < 0 ? Infinity : this.offset + length);
  }
  private tooDeep(): BerError {
    return this.error('limit', `values are nested deeper than ${this.limits.maxDepth} levels`);
  }

  /** Leaves the structure; throws where something is left over in it. */
  async leave(what: string): Promise<void> {
    if ((await this.nextTag()) !== undefined)
      throw this.error('malformed', `${what} is followed by an unexpected value`);
    if (this.offset > this.end) throw this.error('malformed', `${what} is shorter than the values in it`);
    if (this.end === Infinity) {
      if (!(await this.fill(2)) || this.chunk[this.at + 1] !== 0)
        throw this.error('malformed', `${what} has no proper end mark`);
      this.at += 2;
    }
    this.ends.pop();
  }

  /**
   * Octets of the small value that begins here, its head included; looks for the end mark of an
   * indefinite length.
   */
  private async measure(what: string, first: Head): Promise<number> {
    const limit = this.limits.maxPart;
    let length = first.size + Math.max(0, first.length);
    let values = 0;
    for (let open = first.length < 0 ? 1 : 0; open > 0;) {
      if (length > limit) break;
      if (!(await this.fill(length + 2))) throw this.error('malformed', `${what} has no end mark`);
      if (this.chunk[this.at + length] === 0 && this.chunk[this.at + length + 1] === 0) {
        open--;
        length += 2;
        continue;
      }
      if (++values > this.limits.maxElements)
        throw this.error('limit', `${what} has more than ${this.limits.maxElements} values`);
      const head = await this.head(length);
      length += head.size + Math.max(0, head.length);
      if (head.length < 0) open++;
      if (this.ends.length + open > this.limits.maxDepth) throw this.tooDeep();
    }
    if (length > limit) throw this.error('limit', `${what} has more than ${limit} octets`);
    return length;
  }

  /** The next value, collected whole; it stays valid. */
  async element(what: string, tag?: number): Promise<Element> {
    const length = await this.measure(what, await this.expect(what, tag));
    if (!(await this.fill(length))) throw this.error('malformed', `${what} is cut off`);
    const octets = this.chunk.subarray(this.at, this.at + length);
    this.at += length;
    return parse(octets, partLimits(this.limits));
  }
  /** The next value where it has this tag. */
  async optional(what: string, tag: number): Promise<Element | undefined> {
    return (await this.nextTag()) === tag ? this.element(what, tag) : undefined;
  }

  /**
   * Content of an OCTET STRING in slices, its head already seen: `tag` and its constructed form are
   * taken. Small pieces come joined, and there may not be more of them than their octets account
   * for: each costs a step, however little it brings.
   */
  async *octets(what: string, tag: number): AsyncGenerator<Buffer, void, void> {
    const base = this.ends.length;
    const { freePieces, octetsAPiece } = this.limits;
    let total = 0;
    let pieces = 0;
    const count = (n: number): void => {
      pieces += n;
      if (pieces > freePieces + total / octetsAPiece)
        throw this.error('limit', `${what} comes in pieces of less than ${octetsAPiece} octets`);
    };
    const bring = (octets: number): void => {
      total += octets;
      if (total > this.limits.maxContent)
        throw this.error('limit', `${what} has more than ${this.limits.maxContent} octets`);
    };
    do {
      const small = this.ends.length > base ? this.smallPieces() : [];
      if (small.length > 0) {
        const octets = joinSmall(small);
        bring(octets.length);
        count(small.length);
        if (octets.length > 0) yield octets;
        continue;
      }
      const found = await this.nextTag();
      if (found === undefined) {
        if (this.ends.length === base) throw this.error('malformed', `${what} is missing`);
        await this.leave(what);
        continue;
      }
      const plain = this.ends.length === base ? tag : Tag.octetString;
      if ((found & ~0x20) !== plain) throw this.error('malformed', `${what}: found the tag ${tagText(found)} in it`);
      count(1);
      if ((found & 0x20) !== 0) {
        await this.enter(what, found);
        continue;
      }
      const head = await this.expect(what, found);
      this.at += head.size;
      for (let left = head.length; left > 0;) {
        if (!(await this.fill(1))) throw this.error('malformed', `${what} is cut off, ${left} octets are missing`);
        const slice = this.chunk.subarray(this.at, Math.min(this.chunk.length, this.at + left));
        bring(slice.length);
        this.at += slice.length;
        left -= slice.length;
        yield slice;
      }
    } while (this.ends.length > base);
  }

  /**
   * Short pieces that lie whole in what was read, one behind another: waiting eight times for each
   * would cost more than all else.
   */
  private smallPieces(): readonly Buffer[] {
    const found: Buffer[] = [];
    const end = Math.min(this.chunk.length, this.end - this.base);
    for (let octets = 0; octets < JOINED_PIECES && found.length < MOST_JOINED;) {
      const length = this.chunk[this.at + 1] ?? 0x80;
      const from = this.at + 2;
      if (this.chunk[this.at] !== Tag.octetString || length >= 0x80 || from + length > end) break;
      found.push(this.chunk.subarray(from, from + length));
      this.at = from + length;
      octets += length;
    }
    return found;
  }

  /**
   * Reads to the end. A few line ends and zeros may follow, which transports append; anything else
   * is refused.
   */
  async finish(what: string): Promise<void> {
    await this.fill(MAX_TAIL + 1);
    const tail = this.chunk.subarray(this.at);
    if (tail.length > MAX_TAIL || tail.some((octet) => octet !== 0 && octet !== 0x0d && octet !== 0x0a))
      throw this.error('malformed', `${what} is followed by unexpected octets`);
    this.at = this.chunk.length;
  }
}

/** A small value may be larger than `joinSmall` takes; `maxPart` bounds it. */
function joined(pieces: readonly Buffer[], length: number): Buffer {
  if (length <= 64 * 1024) return joinSmall(pieces);
  const whole = Buffer.allocUnsafe(length);
  let at = 0;
  for (const piece of pieces) at += piece.copy(whole, at);
  return whole;
}
