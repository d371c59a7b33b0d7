/**
 * sha512-crypt, the `$6$` of /etc/shadow: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512",
 * version 0.6. Verification only.
 *
 * Ours, because Node has none and 5,000 rounds are a few lines over `crypto.hash`. It computes for
 * 10 ms and more without a pause: it is called in the password worker, never on the main thread.
 */
import { hash } from 'node:crypto';

const sha512 = (octets: Uint8Array): Buffer => hash('sha512', octets, 'buffer');

/**
 * Appends pieces in one buffer; everything here is below 64 KiB since password and salt are
 * bounded.
 */
class Pieces {
  readonly #octets: Buffer;
  #length = 0;

  constructor(size: number) {
    this.#octets = Buffer.alloc(size);
  }

  add(piece: Uint8Array): this {
    this.#octets.set(piece, this.#length);
    this.#length += piece.length;
    return this;
  }

  /** `piece` again and again until `length` octets were added. */
  fill(piece: Uint8Array, length: number): this {
    for (let left = length; left > 0; left -= piece.length) this.add(piece.subarray(0, Math.min(left, piece.length)));
    return this;
  }

  digest(): Buffer {
    return sha512(this.#octets.subarray(0, this.#length));
  }

  clear(): this {
    this.#length = 0;
    return this;
  }
}

/** `octets` repeated to `length`. */
const sequence = (octets: Uint8Array, length: number): Buffer => {
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; at += octets.length) out.set(octets.subarray(0, length - at), at);
  return out;
};

// Step 22 of the specification: the order in which the octets of the digest are written, three at a
// time, as 4 characters.
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function encode(digest: Uint8Array): string {
  let text = '';
  const put = (a: number, b: number, c: number, characters: number): void => {
    let value = (a << 16) | (b << 8) | c;
    for (let i = 0; i < characters; i += 1) {
      text += ALPHABET[value & 63] ?? '';
      value >>= 6;
    }
  };
  const at = (i: number): number => digest[i] ?? 0;
  for (let i = 0, a = 0, b = 21, c = 42; i < 21; i += 1) {
    put(at(a), at(b), at(c), 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  put(0, 0, at(63), 2);
  return text;
}

/**
 * The 86 characters behind the last `$`. `salt`: at most 16 octets count; `rounds` as checked by
 * `schemeOf`.
 */
export function sha512crypt(password: Uint8Array, salt: string, rounds: number): string {
  const salted = Buffer.from(salt, 'utf8').subarray(0, 16);
  const size = password.length;
  const scratch = new Pieces((size + 300) * 2 + size * 64);

  // Steps 1 to 12.
  const b = scratch.clear().add(password).add(salted).add(password).digest();
  scratch.clear().add(password).add(salted).fill(b, size);
  for (let bits = size; bits > 0; bits >>= 1) scratch.add((bits & 1) === 1 ? b : password);
  let a = scratch.digest();

  // Steps 13 to 20. DP is a hash over the password repeated as often as it is long: quadratic,
  // hence the limit on its length.
  const repeated = new Pieces(size * size);
  for (let i = 0; i < size; i += 1) repeated.add(password);
  const p = sequence(repeated.digest(), size);
  const times = 16 + (a[0] ?? 0);
  const salts = new Pieces(times * salted.length);
  for (let i = 0; i < times; i += 1) salts.add(salted);
  const s = sequence(salts.digest(), salted.length);

  // Step 21.
  for (let round = 0; round < rounds; round += 1) {
    const odd = (round & 1) === 1;
    scratch.clear().add(odd ? p : a);
    if (round % 3 !== 0) scratch.add(s);
    if (round % 7 !== 0) scratch.add(p);
    a = scratch.add(odd ? a : p).digest();
  }
  return encode(a);
}
