/**
 * What the plain values of an encoding mean: numbers, identifiers, texts, times. Each refuses what
 * has no meaning with a `BerError`.
 */
import type { Instant } from '../../domain/units.ts';
import type { Element } from './ber.ts';
import { Tag } from './der.ts';

/**
 * Content of an INTEGER as it stands, checked for the shortest form; lowercase hexadecimal without
 * leading zeros. Negative is refused.
 */
export function integerHex(element: Element, what: string): string {
  const content = element.as(Tag.integer, what).content;
  const [first, second] = content;
  if (first === undefined) throw element.error('malformed', `${what} is an empty number`);
  if (first >= 0x80) throw element.error('unsupported', `${what} is negative`);
  if (first === 0 && second !== undefined && second < 0x80)
    throw element.error('malformed', `${what} is written longer than DER allows`);
  if (content.length > 1025) throw element.error('limit', `${what} has more than 8192 bits`);
  const text = content.toString('hex').replace(/^0+/, '');
  return text === '' ? '0' : text;
}

/** A small whole number, from zero to 2^31 - 1. */
export function smallInteger(element: Element, what: string): number {
  const n = Number.parseInt(integerHex(element, what), 16);
  if (n > 0x7fffffff) throw element.error('limit', `${what} is larger than 2147483647`);
  return n;
}

export function booleanValue(element: Element, what: string): boolean {
  const content = element.as(Tag.boolean, what).content;
  if (content.length !== 1) throw element.error('malformed', `${what} is not a boolean`);
  return content[0] !== 0;
}

/** Dotted text of an OBJECT IDENTIFIER. */
export function oidValue(element: Element, what: string): string {
  const content = element.as(Tag.oid, what).content;
  if (content.length === 0 || content.length > 64 || (content[content.length - 1] ?? 0) >= 0x80)
    throw element.error('malformed', `${what} is not an object identifier`);
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    if (arc === 0 && octet === 0x80) throw element.error('malformed', `${what} is not an object identifier`);
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 256) throw element.error('unsupported', `${what} has too large a number in it`);
    if (octet < 0x80) {
      if (arcs.length === 0) {
        const top = Math.min(2, Math.floor(arc / 40));
        arcs.push(top, arc - top * 40);
      } else arcs.push(arc);
      arc = 0;
    }
  }
  return arcs.join('.');
}

/** Whole octets of a BIT STRING. */
export function bitOctets(element: Element, what: string): Buffer {
  const content = element.as(Tag.bitString, what).content;
  if (content[0] !== 0) throw element.error('malformed', `${what} does not have a whole number of octets`);
  return content.subarray(1);
}

/** Numbers of the bits that are set in a BIT STRING with named bits. */
export function namedBitNumbers(element: Element, what: string): readonly number[] {
  const content = element.as(Tag.bitString, what).content;
  const unused = content[0];
  if (unused === undefined || unused > 7 || content.length > 9 || (content.length === 1 && unused > 0))
    throw element.error('malformed', `${what} is not a set of named bits`);
  const set: number[] = [];
  for (let bit = 0; bit < (content.length - 1) * 8 - unused; bit++)
    if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) set.push(bit);
  return set;
}

const utf8Strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of a string type; undefined if the value is of no string type. Malformed text is refused.
 */
export function textValue(element: Element, what: string): string | undefined {
  const content = element.content;
  switch (element.tag) {
    case Tag.utf8String:
      try {
        return utf8Strict.decode(content);
      } catch {
        throw element.error('malformed', `${what} is not UTF-8`);
      }
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.visibleString:
    case 0x12: // NumericString
    case Tag.teletexString: // in practice ISO 8859-1
      return content.toString('latin1');
    case Tag.bmpString:
      if (content.length % 2 !== 0) throw element.error('malformed', `${what} ends in the middle of a character`);
      return Buffer.from(content).swap16().toString('utf16le');
    case Tag.universalString: {
      if (content.length % 4 !== 0) throw element.error('malformed', `${what} has an incomplete character`);
      let text = '';
      for (let at = 0; at < content.length; at += 4) {
        const point = content.readUInt32BE(at);
        if (point > 0x10ffff) throw element.error('malformed', `${what} has a character that does not exist`);
        text += String.fromCodePoint(point);
      }
      return text;
    }
    default:
      return undefined;
  }
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** UTCTime or GeneralizedTime in whole seconds and Z (RFC 5280 section 4.1.2.5). */
export function timeValue(element: Element, what: string): Instant {
  const utc = element.tag === Tag.utcTime;
  if (!utc) element.as(Tag.generalizedTime, what);
  let text = element.content.toString('latin1');
  if (utc) text = (Number(text.slice(0, 2)) >= 50 ? '19' : '20') + text;
  const [, year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN] =
    TIME.exec(text)?.map(Number) ?? [];
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = Number.isNaN(at) ? '' : new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, '');
  if (`${back}Z` !== text) throw element.error('malformed', `${what} is not a time of the form YYYYMMDDHHMMSSZ`);
  return at as Instant;
}
