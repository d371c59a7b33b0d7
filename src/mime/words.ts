/**
 * Header text outside ASCII: writes it in messages of ours as encoded words (RFC 2047 sections 2 to
 * 5), and reads a field of a received message for display.
 */
import { Buffer } from 'node:buffer';
import { decodeEncodedWords } from './encoded-word.ts';

/**
 * Octets of UTF-8 in one encoded word: 45 make 60 characters of base64, so that the word stays
 * below 75 characters.
 */
const WORD_OCTETS = 45;

/**
 * Header text as it is if ASCII suffices, else as encoded words, with a folded line for each.
 * Control characters become blanks, so that nobody smuggles in a line.
 */
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

/**
 * A field's octets (latin1), unfolded, for people to read: at most `max` characters, without
 * control characters.
 */
export function readableHeaderText(octets: string, max = 200): string {
  const text = decodeEncodedWords(octets.slice(0, max * 8))
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return text.length > max ? `${text.slice(0, max - 1)}\u2026` : text;
}
