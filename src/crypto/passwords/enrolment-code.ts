/**
 * One-time enrolment codes: six groups of four characters. The first two groups name the enrolment,
 * so that wrong tries can be counted; the other four are the secret, 79 bits, of which only a hash
 * is kept.
 */
import { createHash } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { generatePassword } from './password-generate.ts';

export interface EnrolmentCode {
  /** Eight characters that name the enrolment; no secret. */
  readonly id: string;
  /** SHA-256 of the whole code. 79 random bits need no slow hash. */
  readonly hash: Buffer;
}

function parts(plain: string): EnrolmentCode {
  return { id: plain.slice(0, 8), hash: createHash('sha256').update(`sluis enrolment 1 ${plain}`).digest() };
}

export function newEnrolmentCode(random: RandomBytes): EnrolmentCode & { readonly code: string } {
  const code = generatePassword(random);
  return { ...parts(code.replaceAll('-', '')), code };
}

/**
 * Reads a code as typed: case, spaces and dashes do not count. Undefined for text that cannot be
 * one.
 */
export function readEnrolmentCode(text: string): EnrolmentCode | undefined {
  const plain = text.replace(/[\s-]/g, '').toLowerCase();
  return /^[a-hjkmnp-z2-9]{24}$/.test(plain) ? parts(plain) : undefined;
}
