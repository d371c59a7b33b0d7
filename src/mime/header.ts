/**
 * Reads the header of a message without ever writing it again: fields are offsets into the octets
 * as they came.
 *
 * RFC 5322 section 2.2. Strict where two readers could disagree: a line that is neither a field nor
 * the continuation of one makes the header unreadable, because one program would end the header
 * there and another would read on.
 */
import { type Result, fail, ok } from '../domain/result.ts';

/** One field: octets `start` to `end`, its line ends included. */
export interface HeaderField {
  /** Lower case, without the blanks that obsolete syntax allows before the colon. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Where the bytes behind the colon begin. */
  readonly value: number;
  /**
   * Obsolete syntax: a blank stands before the colon (`From :`), and some programs do not see the
   * field then.
   */
  readonly spaced: boolean;
}

export interface Header {
  readonly octets: Buffer;
  readonly fields: readonly HeaderField[];
}

const CR = 13;
const LF = 10;
const COLON = 58;
const isBlank = (octet: number | undefined): boolean => octet === 32 || octet === 9;
/** ftext of RFC 5322 section 3.6.8: printable ASCII but the colon. */
const isNameOctet = (octet: number): boolean => octet > 32 && octet < 127 && octet !== COLON;

/**
 * Offset behind the empty line that ends the header, searching from `from`; -1 while it has not
 * come yet. A message that begins with an empty line has an empty header.
 */
export function headerEnd(octets: Buffer, from = 0): number {
  if (octets.length >= 2 && octets[0] === CR && octets[1] === LF) return 2;
  const at = octets.indexOf('\r\n\r\n', Math.max(0, from - 3), 'latin1');
  return at < 0 ? -1 : at + 4;
}

/**
 * Reads the fields of a header: CRLF line ends, with or without the empty line that ends it. The
 * error names the line.
 */
export function readHeader(octets: Buffer): Result<Header, string> {
  const fields: HeaderField[] = [];
  let at = 0;
  let line = 1;
  while (at < octets.length) {
    if (octets[at] === CR && octets[at + 1] === LF) break;
    const start = at;
    let colon = at;
    while (colon < octets.length && isNameOctet(octets[colon] ?? 0)) colon += 1;
    const nameEnd = colon;
    while (isBlank(octets[colon])) colon += 1;
    if (nameEnd === start || octets[colon] !== COLON) return fail(`header line ${line} is not a field`);
    do {
      const lineEnd = octets.indexOf('\r\n', at, 'latin1');
      at = lineEnd < 0 ? octets.length : lineEnd + 2;
      line += 1;
    } while (isBlank(octets[at]));
    const name = octets.toString('latin1', start, nameEnd).toLowerCase();
    fields.push({ name, start, end: at, value: colon + 1, spaced: colon > nameEnd });
  }
  return ok({ octets, fields });
}

/**
 * A field's value, unfolded (RFC 5322 section 2.2.3) and trimmed, as UTF-8. For judging and
 * display, never for writing.
 */
export const fieldText = (header: Header, field: HeaderField): string =>
  header.octets.toString('utf8', field.value, field.end).replace(/\r\n/g, '').trim();

export const fieldsNamed = (header: Header, name: string): readonly HeaderField[] =>
  header.fields.filter((f) => f.name === name);
