/**
 * Writes ASN.1 values in DER (X.690 sections 8 and 10).
 *
 * A value is a small tree whose length is known when it is made, so that a nested structure is laid
 * out once, in one allocation (`encode`), or handed on piece by piece without joining (`pieces`): a
 * CMS payload is never copied to get a header in front of it. A finished encoding is a Buffer and
 * can be part of any other value.
 */
import type { Instant } from '../../domain/units.ts';

/** A value with its parts. `length` counts the head and everything below it. */
export interface Composite {
  readonly length: number;
  readonly head: Buffer;
  readonly parts: readonly Encoded[];
}
export type Encoded = Buffer | Composite;

/**
 * Identifier octets (X.690 section 8.1.2), as they stand in the encoding. No format here has a tag
 * number above 30.
 */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * `[n]` context-specific: constructed (an EXPLICIT tag, an IMPLICIT one on a structure) or
 * primitive (an IMPLICIT one on a plain value).
 */
export const context = (n: number, form: 'constructed' | 'primitive' = 'constructed'): number =>
  (form === 'constructed' ? 0xa0 : 0x80) | n;

/**
 * Heads of short values, made once each: there are few, and each message has a hundred of them. At
 * most 128 for each tag.
 */
const shortHeads: (Buffer | undefined)[] = [];

function head(tag: number, length: number): Buffer {
  if (length < 0x80) return (shortHeads[(tag << 7) | length] ??= Buffer.from([tag, length]));
  if (length > 0xffffffff) throw new RangeError(`Cannot encode a value of ${length} octets; expected less than 4 GiB`);
  const count = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const made = Buffer.allocUnsafe(2 + count);
  made[0] = tag;
  made[1] = 0x80 | count;
  made.writeUIntBE(length, 2, count);
  return made;
}

/** Any value from its tag and its content. */
export function value(tag: number, ...parts: readonly Encoded[]): Composite {
  let length = 0;
  for (const part of parts) length += part.length;
  const first = head(tag, length);
  return { length: first.length + length, head: first, parts };
}

function primitive(tag: number, content: ArrayLike<number>): Buffer {
  const first = head(tag, content.length);
  const out = Buffer.allocUnsafe(first.length + content.length);
  out.set(first);
  out.set(content, first.length);
  return out;
}

function write(from: Encoded, into: Buffer, at: number): number {
  if (from instanceof Uint8Array) {
    into.set(from, at);
    return at + from.length;
  }
  into.set(from.head, at);
  let next = at + from.head.length;
  for (const part of from.parts) next = write(part, into, next);
  return next;
}

/** The octets in one new Buffer. */
export function encode(from: Encoded): Buffer {
  if (from instanceof Uint8Array) return from;
  const out = Buffer.allocUnsafe(from.length);
  write(from, out, 0);
  return out;
}

function collect(from: Encoded, into: Buffer[]): void {
  if (from instanceof Uint8Array) into.push(from);
  else {
    into.push(from.head);
    for (const part of from.parts) collect(part, into);
  }
}

/** The octets as slices in order: nothing is copied. */
export function pieces(from: Encoded): readonly Buffer[] {
  const found: Buffer[] = [];
  collect(from, found);
  return found;
}

/**
 * Opens a value of unknown length (BER, X.690 section 8.1.3.6); `END_OF_CONTENTS` closes it. Only
 * for a CMS stream: DER forbids it.
 */
export const indefinite = (tag: number): Buffer => Buffer.from([tag | 0x20, 0x80]);
export const END_OF_CONTENTS: Buffer = Buffer.from([0, 0]);

export const sequence = (...parts: readonly Encoded[]): Composite => value(Tag.sequence, ...parts);
/** A SEQUENCE OF from a list that may be too long for an argument list. */
export function sequenceOf(parts: readonly Encoded[]): Composite {
  let length = 0;
  for (const part of parts) length += part.length;
  const first = head(Tag.sequence, length);
  return { length: first.length + length, head: first, parts };
}
/** A SET OF: DER wants the encodings in ascending order (X.690 section 11.6). */
export const setOf = (parts: readonly Encoded[], tag: number = Tag.set): Composite =>
  parts.length < 2 ? value(tag, ...parts) : value(tag, ...parts.map(encode).sort((a, b) => Buffer.compare(a, b)));
export const explicit = (n: number, part: Encoded): Composite => value(context(n), part);

export const boolean = (is: boolean): Buffer => Buffer.from([Tag.boolean, 1, is ? 0xff : 0]);
export const nothing = (): Buffer => Buffer.from([Tag.null, 0]);
export const octetString = (...parts: readonly Encoded[]): Composite => value(Tag.octetString, ...parts);
/** Whole octets, none of whose bits is unused. */
export const bitString = (content: Encoded): Composite => value(Tag.bitString, Buffer.from([0]), content);

/** Named bits (X.690 section 11.2.2): bit 0 first, trailing zero bits dropped. */
export function namedBits(bits: readonly number[]): Buffer {
  const last = Math.max(-1, ...bits);
  const content = Buffer.alloc(1 + Math.ceil((last + 1) / 8));
  content[0] = (8 - ((last + 1) % 8)) % 8;
  for (const bit of bits) {
    const at = 1 + (bit >> 3);
    content[at] = (content[at] ?? 0) | (0x80 >> (bit & 7));
  }
  return primitive(Tag.bitString, content);
}

/**
 * A whole number of zero or more, as a number or as big-endian octets; leading zeros are dropped or
 * added as DER wants.
 */
export function integer(n: number | Uint8Array, tag: number = Tag.integer): Buffer {
  if (typeof n === 'number') {
    if (!Number.isSafeInteger(n) || n < 0)
      throw new RangeError(`Cannot encode ${n}; expected a whole number from zero`);
    if (n < 0x80) return primitive(tag, [n]); // versions, which every structure has
    const hex = n.toString(16);
    return integer(Buffer.from(hex.padStart(hex.length + (hex.length & 1), '0'), 'hex'), tag);
  }
  let from = 0;
  while (from < n.length - 1 && n[from] === 0) from++;
  const pad = n.length === 0 || (n[from] ?? 0) >= 0x80 ? 1 : 0;
  const content = Buffer.alloc(n.length - from + pad);
  content.set(from === 0 ? n : n.subarray(from), pad);
  return primitive(tag, content);
}

const known = new Map<string, Buffer>();
const MAX_KNOWN = 256;

/** An object identifier from its dotted text. */
export function oid(dotted: string): Buffer {
  const found = known.get(dotted);
  if (found !== undefined) return found;
  const arcs = dotted.split('.').map(Number);
  const [first = NaN, second = NaN, ...rest] = arcs;
  if (arcs.some((arc) => !Number.isSafeInteger(arc) || arc < 0) || first > 2 || !(second < (first < 2 ? 40 : 1e9)))
    throw new RangeError(`Cannot encode the object identifier "${dotted}"; expected at least two dotted numbers`);
  const content: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.push((high % 128) | 0x80);
    content.push(...groups.reverse());
  }
  const encoded = primitive(Tag.oid, Buffer.from(content));
  if (known.size < MAX_KNOWN) known.set(dotted, encoded);
  return encoded;
}

export const utf8 = (text: string): Buffer => primitive(Tag.utf8String, Buffer.from(text, 'utf8'));
/** ASCII only; the caller has checked. */
export const ia5 = (text: string, tag: number = Tag.ia5String): Buffer => primitive(tag, Buffer.from(text, 'latin1'));
export const printable = (text: string): Buffer => ia5(text, Tag.printableString);
/** UTF-16, big-endian (PKCS #12 friendly names). */
export const bmp = (text: string): Buffer => primitive(Tag.bmpString, Buffer.from(text, 'utf16le').swap16());

const digits = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** UTCTime up to 2049, GeneralizedTime from 2050 on, whole seconds (RFC 5280 section 4.1.2.5). */
export function time(at: Instant): Buffer {
  const date = new Date(at);
  const year = date.getUTCFullYear();
  const day = `${year}${digits(date.getUTCMonth() + 1)}${digits(date.getUTCDate())}`;
  const text = `${day}${digits(date.getUTCHours())}${digits(date.getUTCMinutes())}${digits(date.getUTCSeconds())}Z`;
  if (!(year >= 1950 && year <= 9999)) throw new RangeError(`Cannot encode the year ${year}; expected 1950 to 9999`);
  return year < 2050 ? ia5(text.slice(2), Tag.utcTime) : ia5(text, Tag.generalizedTime);
}
