/**
 * What additional data add to a GCM tag (NIST SP 800-38D sections 6.4, 7.1).
 *
 * AuthEnvelopedData has its authenticated attributes behind the content, and OpenSSL wants
 * additional data before it. GHASH is linear: the tag with the attributes is the tag without them,
 * plus a term of the attributes, of the length of the content and of the key. So the content is
 * decrypted as it streams, and the term is taken off the tag at the end.
 */
import { type KeyObject, createCipheriv } from 'node:crypto';

const REDUCTION = 0xe1n << 120n;
const ONE = 1n << 127n; // the field's one: GCM writes the lowest coefficient first

function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let v = b;
  for (let bit = 127n; bit >= 0n; bit--) {
    if (((a >> bit) & 1n) === 1n) product ^= v;
    v = (v & 1n) === 1n ? (v >> 1n) ^ REDUCTION : v >> 1n;
  }
  return product;
}

function power(base: bigint, exponent: number): bigint {
  let result = ONE;
  let square = base;
  for (let n = exponent; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

const number = (octets: Buffer): bigint => BigInt(`0x${octets.toString('hex')}`);

/**
 * The tag that the same content has without additional data, from its tag with `additional`.
 * `octets`: length of the content. Costs some 50 multiplications (0.1 ms each) and one for every 16
 * octets of `additional`, which must be short.
 */
export function tagWithout(additional: Buffer, tag: Buffer, octets: number, key: Buffer | KeyObject): Buffer {
  const name = `aes-${(Buffer.isBuffer(key) ? key.length : (key.symmetricKeySize ?? 0)) * 8}-ecb`;
  const h = number(createCipheriv(name, key, null).setAutoPadding(false).update(Buffer.alloc(16)));
  let sum = 0n;
  for (let at = 0; at < additional.length; at += 16) {
    const block = Buffer.alloc(16);
    additional.copy(block, 0, at);
    sum = multiply(sum ^ number(block), h);
  }
  const term = multiply(sum, power(h, Math.ceil(octets / 16) + 1)) ^ multiply(BigInt(additional.length * 8) << 64n, h);
  // A shorter tag is the beginning of the whole one.
  const whole = Buffer.from(term.toString(16).padStart(32, '0'), 'hex');
  return Buffer.from(tag.map((octet, i) => octet ^ (whole[i] ?? 0)));
}
