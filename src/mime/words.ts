/**
 * Header text outside ASCII: encoded words, written and read.
 *
 * RFC 2047 sections 2 to 6. Reading is for display alone: what no decoder knows stays as it was written.
 */
import { Buffer } from 'node:buffer';

/** Octets of UTF-8 in one encoded word: 45 make 60 characters of base64, so that the word stays below 75. */
const WORD_OCTETS = 45;

/** Header text as it is where ASCII suffices, else as encoded words, folded between them. Controls become blanks: no line is smuggled in. */
export function headerText(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  if (/^[\x20-\x7e]*$/.test(plain) && !plain.includes('=?')) return plain;
  const words: string[] = [];
  let word = '';
  let octets = 0;
  for (const letter of plain) {
    const length = Buffer.byteLength(letter);
    if (octets + length > WORD_OCTETS) {
      words.push(word);
      word = '';
      octets = 0;
    }
    word += letter;
    octets += length;
  }
  return [...words, word].map((w) => `=?utf-8?B?${Buffer.from(w).toString('base64')}?=`).join('\r\n ');
}

const WORD = /=\?([A-Za-z0-9_-]{1,40})(?:\*[A-Za-z0-9-]{1,40})?\?([BbQq])\?([!->@-~]{0,400})\?=/g;

function decodeWord(charset: string, encoding: string, text: string): string | undefined {
  const octets =
    encoding.toUpperCase() === 'B'
      ? Buffer.from(text, 'base64')
      : Buffer.from(
          text
            .replaceAll('_', ' ')
            .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        );
  try {
    return new TextDecoder(charset).decode(octets);
  } catch {
    return undefined;
  }
}

/** An unfolded header value for people to read, at most `max` characters, without controls. */
export function readableHeaderText(value: string, max = 200): string {
  const text = value
    .slice(0, max * 8)
    // Blanks between two encoded words belong to neither (RFC 2047 section 6.2).
    .replace(/(\?=)[ \t]+(?==\?)/g, '$1')
    .replace(
      WORD,
      (whole, charset: string, encoding: string, word: string) => decodeWord(charset, encoding, word) ?? whole,
    )
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return text.length > max ? `${text.slice(0, max - 1)}\u2026` : text;
}
