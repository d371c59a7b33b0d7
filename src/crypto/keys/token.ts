/**
 * Secrets that are made here for programs: a prefix and 256 random bits in base64url (RFC 4648
 * section 5). The prefix lets scanners of repositories and logs find one that has leaked, and tells
 * what it is for.
 *
 * SHA-256 of the whole text is kept. A slow hash protects what people choose, since that can be
 * guessed; 256 random bits cannot, and a slow hash would make every call of a program as expensive
 * as a login.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { base32 } from './base32.ts';

export interface TokenProof {
  /**
   * Eight characters that name it in lists and in the trail: 40 bits of the hash, from which nobody
   * gets to the token.
   */
  readonly id: string;
  readonly hash: Uint8Array;
}

export interface Tokens {
  readonly make: (random?: (octets: number) => Buffer) => TokenProof & { readonly token: string };
  /** The proof of a token; undefined for a text that cannot be one. */
  readonly read: (text: string) => TokenProof | undefined;
}

export function tokensOf(prefix: string): Tokens {
  const form = new RegExp(`^${prefix}[A-Za-z0-9_-]{43}$`);
  return {
    make: (random = randomBytes) => {
      const token = `${prefix}${random(32).toString('base64url')}`;
      return { token, ...proofOf(token) };
    },
    read: (text) => (form.test(text) ? proofOf(text) : undefined),
  };
}

function proofOf(token: string): TokenProof {
  const octets = hash('sha256', token, 'buffer');
  return { id: base32(octets.subarray(0, 5)), hash: octets };
}

/** Compares in a time that does not depend on where the hashes differ. */
export const isSameToken = (a: Pick<TokenProof, 'hash'>, b: Pick<TokenProof, 'hash'>): boolean =>
  a.hash.length === b.hash.length && timingSafeEqual(a.hash, b.hash);
