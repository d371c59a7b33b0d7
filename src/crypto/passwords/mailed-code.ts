/**
 * Codes by mail, the second factor at the pages of accounts: short, so valid only for minutes and a
 * few tries, and hashed under a key that no copy of the database has.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { MAILED_DIGITS } from '../../domain/self-service.ts';
import { deriveKey } from '../keys/sealing.ts';

export const mailedCodeKey = (master: Uint8Array): KeyObject => deriveKey(master, 'sluis mailed code 1');

/** A new code. All digits are equally likely: octets that would favour some are drawn again. */
export function newMailedCode(random: RandomBytes): string {
  let code = '';
  while (code.length < MAILED_DIGITS)
    for (const octet of random(16)) if (octet < 250 && code.length < MAILED_DIGITS) code += String(octet % 10);
  return code;
}

/** A code as people read and type it: `1234 5678`. */
export const shownMailedCode = (code: string): string => `${code.slice(0, 4)} ${code.slice(4)}`;

/** Reads a code as typed, with spaces and dashes; undefined for text that cannot be one. */
export function readMailedCode(text: string): string | undefined {
  const plain = text.slice(0, 64).replace(/[\s-]/g, '');
  return /^\d+$/.test(plain) && plain.length === MAILED_DIGITS ? plain : undefined;
}

/**
 * Hash of a code for one browser's login: the same digits for another browser give another value.
 */
export const mailedCodeHash = (key: KeyObject, browser: Uint8Array, code: string): Buffer =>
  createHmac('sha256', key).update(browser).update(code).digest();
