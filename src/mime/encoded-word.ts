/**
 * Decodes text of a header for display: encoded words (RFC 2047) and character sets. The result is
 * never written into a message.
 */
import { isUtf8 } from 'node:buffer';

/**
 * An octet string (latin1) that may hold `=?utf-8?B?...?=`; octets outside of such words are read
 * as UTF-8 if they are valid UTF-8, else as Latin-1.
 */
export function decodeEncodedWords(text: string): string {
  if (!text.includes('=?')) return octetsAsText(text);
  const word = /=\?([\w.:+-]{1,40})(?:\*[\w-]{1,40})?\?([bq])\?([^?\s]{0,2000})\?=/gi;
  let read = '';
  let at = 0;
  for (let match = word.exec(text); match !== null; match = word.exec(text)) {
    const between = text.slice(at, match.index);
    // RFC 2047 section 6.2: blanks between two encoded words are not shown.
    if (at === 0 || !/^[ \t\r\n]*$/.test(between)) read += octetsAsText(between);
    read += decodeCharset(wordOctets(match[2] ?? '', match[3] ?? ''), match[1] ?? '');
    at = word.lastIndex;
  }
  return read + octetsAsText(text.slice(at));
}

/** The octets that stand in one encoded word; `encoding` is its `b` or `q` (RFC 2047 section 4). */
export function wordOctets(encoding: string, text: string): Buffer {
  if (encoding.toLowerCase() === 'b') return Buffer.from(text, 'base64');
  const octets = text
    .replace(/_/g, ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(octets, 'latin1');
}

/**
 * The text of `octets` in the character set `charset`. If that is unknown or empty, they are read
 * as UTF-8 if they are valid UTF-8, else as Latin-1.
 */
export function decodeCharset(octets: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset || 'utf-8', { fatal: charset === '' }).decode(octets);
  } catch {
    return charset === '' || !isUtf8(octets) ? Buffer.from(octets).toString('latin1') : Buffer.from(octets).toString();
  }
}

/**
 * The text of octets that are given as one character each: read as UTF-8 if they are valid UTF-8,
 * else as Latin-1.
 */
export function octetsAsText(text: string): string {
  const ascii = Buffer.byteLength(text) === text.length;
  return ascii ? text : decodeCharset(Buffer.from(text, 'latin1'), '');
}
