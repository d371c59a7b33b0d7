/**
 * Splits a secret so that any `needed` of its shares make it again and fewer tell nothing (A.
 * Shamir, How to share a secret, CACM 22, 1979).
 *
 * Each octet is the value at 0 of a polynomial of degree `needed - 1` over GF(2^8), whose other
 * coefficients are random; share x holds the values at x. The field is that of AES (FIPS 197
 * section 4.2: x^8 + x^4 + x^3 + x + 1). Written here because it is forty lines, and a secret of
 * this worth should not depend on a package.
 */
import type { RandomBytes } from '../../domain/effects.ts';

export interface ShamirShare {
  /** 1 to 255. */
  readonly x: number;
  readonly octets: Uint8Array;
}

/** Product in the field; the same steps for every pair. */
export function multiply(a: number, b: number): number {
  let product = 0;
  let left = a;
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= -((b >> bit) & 1) & left;
    left = ((left << 1) ^ (-(left >> 7) & 0x11b)) & 0xff;
  }
  return product & 0xff;
}

/** a^254, which is 1/a for every a but 0. */
export function inverse(a: number): number {
  let result = 1;
  for (let i = 0; i < 254; i += 1) result = multiply(result, a);
  return result;
}

export function split(
  secret: Uint8Array,
  { needed, total }: { readonly needed: number; readonly total: number },
  random: RandomBytes,
): readonly ShamirShare[] {
  if (!(Number.isInteger(needed) && Number.isInteger(total) && needed >= 2 && needed <= total && total <= 255))
    throw new RangeError(`Cannot split into ${total} shares of which ${needed} are needed: expected 2 to 255`);
  const coefficients = [...Array.from({ length: needed - 1 }, () => random(secret.length)), secret];
  // Horner's rule, from the highest power down to the secret itself.
  const shares = Array.from({ length: total }, (_, i) => ({
    x: i + 1,
    octets: secret.map((_octet, at) => coefficients.reduce((sum, of) => multiply(sum, i + 1) ^ (of[at] ?? 0), 0)),
  }));
  coefficients.slice(0, -1).forEach((of) => of.fill(0));
  return shares;
}

/**
 * The secret, if there are enough shares and all are whole; otherwise something else: the caller
 * checks the result.
 */
export function combine(shares: readonly ShamirShare[]): Uint8Array {
  const [first] = shares;
  const xs = new Set(shares.map(({ x }) => x));
  if (first === undefined || xs.size !== shares.length || xs.has(0))
    throw new RangeError('Cannot combine shares: expected at least one, each of another number from 1');
  // Lagrange's weights at 0: the product of x_j / (x_j - x_i), where subtraction is exclusive or.
  const weights = shares.map(({ x }) =>
    shares.reduce((w, { x: other }) => (other === x ? w : multiply(w, multiply(other, inverse(other ^ x)))), 1),
  );
  return first.octets.map((_octet, at) =>
    shares.reduce((sum, { octets }, i) => sum ^ multiply(octets[at] ?? 0, weights[i] ?? 0), 0),
  );
}
