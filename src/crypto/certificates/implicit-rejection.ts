/**
 * Whether the OpenSSL behind this Node answers a wrong PKCS #1 v1.5 padding with a key that nobody
 * knows, instead of an error that tells whoever sends guesses which one was right (Bleichenbacher
 * 1998). OpenSSL does so from 3.2 on; a distribution may link Node with its own OpenSSL, older or
 * with the change put in, so the version proves nothing and the behaviour is tested.
 */
import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';

/** Decrypts one block with RSA and PKCS #1 v1.5. Throws if it refuses. */
export type DecryptsPkcs1 = (encrypted: Buffer) => Buffer;

const BITS = 1024;

/** Uses a key of its own, made for this one test (some 50 ms). */
function ofThisNode(): DecryptsPkcs1 {
  const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: BITS });
  return (encrypted) => privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encrypted);
}

/**
 * True if decryption of a block with wrong padding gives a key instead of an error, and always the
 * same key for the same block.
 */
export function rejectsImplicitly(decrypts: DecryptsPkcs1 = ofThisNode()): boolean {
  // Each block is a number below every modulus of that length. With one key in some 100,000 one of
  // the three has right padding by chance; all three never have.
  const blocks = [1, 2, 3].map((first) => Buffer.alloc(BITS / 8, first).fill(0, 0, 1));
  try {
    return blocks.every((block) => decrypts(block).equals(decrypts(block)));
  } catch {
    return false;
  }
}
