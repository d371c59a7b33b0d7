/**
 * Plain text that we write ourselves: paragraphs wrapped for the oldest mail program, and
 * quoted-printable where ASCII does not suffice.
 *
 * RFC 2045 sections 6.7 and 2.7 (7bit), RFC 2046 section 4.1.
 */
import { Buffer } from 'node:buffer';

const WIDTH = 72;
/** Most characters of a word: even as UTF-8, such a line stays below 998 octets. */
const MAX_WORD = 200;

/**
 * One paragraph as lines of at most 72 characters; a word longer than that (an address, a hash)
 * keeps a line of its own, cut after 200 characters.
 */
export function wrapText(text: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const next = word.slice(0, MAX_WORD);
    if (line === '') line = next;
    else if (indent.length + line.length + 1 + next.length <= WIDTH) line += ` ${next}`;
    else {
      lines.push(indent + line);
      line = next;
    }
  }
  return [...lines, indent + line];
}

/** Lines `Name:   value` with the values below each other; a long value continues below itself. */
export function factLines(facts: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return facts.flatMap(([name, value]) =>
    wrapText(value, ' '.repeat(width)).map((line, i) =>
      i === 0 ? `${`${name}:`.padEnd(width)}${line.slice(width)}` : line,
    ),
  );
}

export interface TextPart {
  readonly charset: 'us-ascii' | 'utf-8';
  readonly encoding: '7bit' | 'quoted-printable';
  /** The text with CRLF line ends, also behind the last line. */
  readonly body: string;
}

/**
 * Lines of text, ready for a part of a message. Always 7bit, so that no peer needs 8BITMIME for it.
 */
export function textPart(lines: readonly string[]): TextPart {
  if (lines.every((line) => line.length <= 900 && /^[\x20-\x7e]*$/.test(line)))
    return { charset: 'us-ascii', encoding: '7bit', body: lines.map((line) => `${line}\r\n`).join('') };
  return {
    charset: 'utf-8',
    encoding: 'quoted-printable',
    body: lines.map((l) => quotedLine(Buffer.from(l))).join(''),
  };
}

const HEX = Buffer.from('0123456789ABCDEF');
const EQUALS = 0x3d;
const BLANK = 0x20;
const WIDEST = 75;

/** One line as quoted-printable, with its CRLF; soft breaks keep each line within 76 characters. */
export function quotedLine(octets: Uint8Array): string {
  // Octet by octet into one buffer: a text may be one line of a quarter of a million letters, and
  // is written in one go.
  const most = octets.length * 3;
  const written = Buffer.allocUnsafe(most + 3 * Math.ceil(most / (WIDEST - 2)) + 2);
  const last = octets.length - 1;
  let at = 0;
  let column = 0;
  for (let i = 0; i <= last; i += 1) {
    const octet = octets[i] ?? 0;
    const literal = (octet > BLANK && octet < 127 && octet !== EQUALS) || (octet === BLANK && i < last);
    const width = literal ? 1 : 3;
    if (column + width > WIDEST) {
      at += written.write('=\r\n', at, 'latin1');
      column = 0;
    }
    column += width;
    if (literal) written[at] = octet;
    else {
      written[at] = EQUALS;
      written[at + 1] = HEX[octet >> 4] ?? 0;
      written[at + 2] = HEX[octet & 15] ?? 0;
    }
    at += width;
  }
  at += written.write('\r\n', at, 'latin1');
  return written.toString('latin1', 0, at);
}

/** Canonical octets (CRLF line ends) as quoted-printable. */
export function quotedPrintable(octets: Buffer): string {
  let written = '';
  for (let at = 0; at < octets.length;) {
    const end = octets.indexOf('\r\n', at, 'latin1');
    const line = octets.subarray(at, end < 0 ? octets.length : end);
    written += quotedLine(line);
    at = end < 0 ? octets.length : end + 2;
  }
  return written;
}
