/** Generates passwords. */
import { randomBytes } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';

// 31 characters that people do not mistake for each other on paper or over the telephone: no i, l,
// o, 0, 1, no capitals.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 6;
const GROUP = 4;

/** Six groups of four, `k7wq-2mhx-...`: 24 characters of 31, 118 bits. */
export function generatePassword(random: RandomBytes = randomBytes): string {
  let text = '';
  while (text.length < GROUPS * GROUP)
    for (const octet of random(32)) {
      // 5 bits give 32 values for 31 characters: the value without one is thrown away, since a
      // remainder would make some characters likelier.
      text += ALPHABET[octet & 31] ?? '';
    }
  return (text.slice(0, GROUPS * GROUP).match(/.{4}/g) ?? []).join('-');
}
