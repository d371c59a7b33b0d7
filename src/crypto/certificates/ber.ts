/**
 * Reads ASN.1 values from octets that a stranger sent: BER or strict DER (X.690), without copying.
 *
 * Nothing is read ahead and no tree is built: a `Cursor` walks the values of one level, an
 * `Element` is a view of the source. Size, depth and the number of values looked at are limited, so
 * that hostile input costs no more than friendly input of the same size. Every failure is a
 * `BerError` that tells where (offset into the source) and what was expected; nothing else is
 * thrown.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { MiB } from '../../domain/units.ts';
import { Tag } from './der.ts';

export interface ReadLimits {
  /**
   * `der` refuses what has a second encoding (indefinite and overlong lengths): for whatever is
   * signed.
   */
  readonly encoding: 'der' | 'ber';
  readonly maxOctets: number;
  /** Deepest nesting. */
  readonly maxDepth: number;
  /** Values looked at in all, those of an indefinite length's search included. */
  readonly maxElements: number;
}

export const DER_LIMITS: ReadLimits = { encoding: 'der', maxOctets: MiB, maxDepth: 24, maxElements: 20_000 };
export const BER_LIMITS: ReadLimits = { encoding: 'ber', maxOctets: MiB, maxDepth: 32, maxElements: 20_000 };

/**
 * What could not be read. `kind`: `malformed` (no such encoding), `limit` (too large, deep or
 * many), `unsupported` (legal, but not for us).
 */
export class BerError extends Error {
  override readonly name = 'BerError';
  readonly kind: 'malformed' | 'limit' | 'unsupported';
  /** Octets from the start of the source. */
  readonly offset: number;
  constructor(kind: BerError['kind'], offset: number, text: string) {
    super(`${text} (at offset ${offset})`);
    this.kind = kind;
    this.offset = offset;
  }
}

interface Source {
  readonly octets: Buffer;
  readonly limits: ReadLimits;
  left: number;
}

const hex = (tag: number): string => `0x${tag.toString(16).padStart(2, '0')}`;
const tagName = (tag: number): string =>
  Object.entries(Tag).find(([, t]) => t === tag)?.[0] ?? (tag >= 0xa0 ? `[${tag & 0x1f}]` : hex(tag));

/** One value: a view of the source, valid as long as the source is not changed. */
export class Element {
  /** Identifier octet as it stands in the encoding. */
  readonly tag: number;
  /** Where the value begins in the source. */
  readonly offset: number;
  readonly contentOffset: number;
  private readonly contentEnd: number;
  private readonly end: number;
  private readonly depth: number;
  private readonly source: Source;

  constructor(source: Source, tag: number, depth: number, at: readonly [number, number, number, number]) {
    this.source = source;
    this.tag = tag;
    this.depth = depth;
    [this.offset, this.contentOffset, this.contentEnd, this.end] = at;
  }

  /** Content octets; zero-copy. For an indefinite length without its end mark. */
  get content(): Buffer {
    return this.source.octets.subarray(this.contentOffset, this.contentEnd);
  }
  /**
   * The whole encoding, head included; zero-copy. What signatures and fingerprints are taken over.
   */
  get raw(): Buffer {
    return this.source.octets.subarray(this.offset, this.end);
  }
  /** Octets of the whole encoding. */
  get length(): number {
    return this.end - this.offset;
  }
  get constructed(): boolean {
    return (this.tag & 0x20) !== 0;
  }
  /** Walks the values inside. Throws if the value is primitive. */
  children(): Cursor {
    if (!this.constructed)
      throw this.error('malformed', `found a plain value (${tagName(this.tag)}), expected a structure`);
    return new Cursor(this.source, this.contentOffset, this.contentEnd, this.depth + 1);
  }
  error(kind: BerError['kind'], text: string): BerError {
    return new BerError(kind, this.offset, text);
  }
  /** Returns itself if its tag is the expected one; throws otherwise. */
  as(tag: number, what: string): this {
    if (this.tag !== tag)
      throw this.error('malformed', `${what}: found ${tagName(this.tag)}, expected ${tagName(tag)}`);
    return this;
  }
  /**
   * Octets of an OCTET STRING (or an IMPLICIT one) as slices: BER may cut it into any number of
   * parts (X.690 section 8.7).
   */
  *octetPieces(): Generator<Buffer> {
    if (!this.constructed) yield this.content;
    else
      for (const part of this.children())
        yield* part.as(part.constructed ? 0x24 : Tag.octetString, 'part of a string').octetPieces();
  }
}

/** The values of one level, one after the other. */
export class Cursor implements Iterable<Element> {
  private readonly source: Source;
  private at: number;
  private readonly end: number;
  private readonly depth: number;

  constructor(source: Source, at: number, end: number, depth: number) {
    this.source = source;
    this.at = at;
    this.end = end;
    this.depth = depth;
  }

  get done(): boolean {
    return this.at >= this.end;
  }
  /** Where the next value begins in the source. */
  get offset(): number {
    return this.at;
  }
  /** Tag of the next value; undefined at the end. */
  get nextTag(): number | undefined {
    return this.at < this.end ? this.source.octets[this.at] : undefined;
  }
  /**
   * The next value; throws at the end, or where it has not the tag `expected`. `what` names it for
   * the error.
   */
  next(what: string, expected?: number): Element {
    if (this.done) throw new BerError('malformed', this.at, `${what} is missing`);
    const element = readElement(this.source, this.at, this.end, this.depth);
    if (expected !== undefined) element.as(expected, what);
    this.at = element.offset + element.length;
    return element;
  }
  /** The next value where it has this tag. */
  optional(tag: number, what: string): Element | undefined {
    return this.nextTag === tag ? this.next(what, tag) : undefined;
  }
  /**
   * Throws if something is left over: where one reader ignores a rest, another may see another
   * document.
   */
  finish(what: string): void {
    if (!this.done)
      throw new BerError('malformed', this.at, `${what} is followed by ${this.end - this.at} unexpected octets`);
  }
  *[Symbol.iterator](): Iterator<Element> {
    while (!this.done) yield this.next('value');
  }
}

/** [content length or -1 for indefinite, where the content begins] */
function readLength(source: Source, at: number, end: number): readonly [number, number] {
  const first = source.octets[at + 1];
  if (at + 2 > end || first === undefined) throw new BerError('malformed', at, 'a value is cut off in its head');
  if (first < 0x80) return [first, at + 2];
  if (first === 0x80) return [-1, at + 2];
  const count = first & 0x7f;
  const begin = at + 2 + count;
  if (begin > end) throw new BerError('malformed', at, 'a value is cut off in its length');
  if (count > 4) throw new BerError('limit', at, `a length has ${count} octets, expected at most 4`);
  const length = source.octets.readUIntBE(at + 2, count);
  if (source.limits.encoding === 'der' && (length < 0x80 || length < 2 ** (8 * (count - 1))))
    throw new BerError('malformed', at, 'a length is written longer than DER allows');
  return [length, begin];
}

function readElement(source: Source, at: number, end: number, depth: number): Element {
  if (--source.left < 0) throw new BerError('limit', at, `there are more than ${source.limits.maxElements} values`);
  if (depth > source.limits.maxDepth)
    throw new BerError('limit', at, `values are nested deeper than ${source.limits.maxDepth} levels`);
  const tag = source.octets[at];
  if (tag === undefined || at >= end) throw new BerError('malformed', at, 'a value is missing');
  if (tag === 0) throw new BerError('malformed', at, 'an end mark has no beginning');
  if ((tag & 0x1f) === 0x1f) throw new BerError('unsupported', at, 'a tag number above 30 is used');
  const [length, begin] = readLength(source, at, end);
  if (length >= 0) {
    if (length > end - begin)
      throw new BerError('malformed', at, `a value of ${length} octets is cut off after ${end - begin}`);
    return new Element(source, tag, depth, [at, begin, begin + length, begin + length]);
  }
  if (source.limits.encoding === 'der')
    throw new BerError('malformed', at, 'an indefinite length is used, DER forbids it');
  if ((tag & 0x20) === 0) throw new BerError('malformed', at, 'a plain value has an indefinite length');
  let next = begin;
  while (source.octets[next] !== 0 || source.octets[next + 1] !== 0 || next + 2 > end) {
    if (next >= end) throw new BerError('malformed', at, 'a value of indefinite length has no end mark');
    next += readElement(source, next, end, depth + 1).length;
  }
  return new Element(source, tag, depth, [at, begin, next, next + 2]);
}

function open(octets: Buffer, limits: ReadLimits): Cursor {
  if (octets.length > limits.maxOctets)
    throw new BerError('limit', 0, `the input has ${octets.length} octets, expected at most ${limits.maxOctets}`);
  return new Cursor({ octets, limits, left: limits.maxElements }, 0, octets.length, 0);
}

/** The one value that fills `octets`; what follows it is refused. Throws `BerError`. */
export function parse(octets: Buffer, limits: ReadLimits = DER_LIMITS): Element {
  const cursor = open(octets, limits);
  const element = cursor.next('a value');
  cursor.finish('the value');
  return element;
}

/** The first value in `octets`, whatever follows. Throws `BerError`. */
export const parseFirst = (octets: Buffer, limits: ReadLimits = DER_LIMITS): Element =>
  open(octets, limits).next('a value');

/** Why something could not be read, as a value: `text` is one line that names the thing. */
export interface Unreadable {
  readonly kind: BerError['kind'];
  readonly text: string;
  readonly offset?: number;
}

const unreadable = (what: string, error: BerError): Unreadable => ({
  kind: error.kind,
  text: `Cannot read the ${what}: ${error.message}`,
  offset: error.offset,
});

/**
 * Runs a reader and turns its `BerError` into a value; whatever else is thrown is a bug and goes
 * on.
 */
export function reading<T>(what: string, read: () => T): Result<T, Unreadable> {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof BerError) return fail(unreadable(what, error));
    throw error;
  }
}

/** As `reading`, for a reader that gives way to others in between. */
export async function readingSlowly<T>(what: string, read: () => Promise<T>): Promise<Result<T, Unreadable>> {
  try {
    return ok(await read());
  } catch (error) {
    if (error instanceof BerError) return fail(unreadable(what, error));
    throw error;
  }
}
