/**
 * Encryption and integrity by password, as PKCS #12 and PKCS #8 files use them: PBES2 and PBMAC1
 * (RFC 8018, RFC 9579) with PBKDF2, and the older derivation of PKCS #12 (RFC 7292 appendix B) for
 * its MAC and for 3DES and RC2.
 *
 * PBKDF2 runs in the thread pool. The older derivation is a loop of small hashes in JavaScript that
 * gives the event loop back every 1,000 rounds. Iteration counts come from the file, so they have a
 * limit: without it a file of 2 KB could cost an hour of work.
 */
import { createCipheriv, createDecipheriv, createHmac, hash as hashOnce, pbkdf2 } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { joinSmall } from '../../platform/bytes.ts';
import type { Element } from '../certificates/ber.ts';
import { oidValue, smallInteger } from '../certificates/ber-values.ts';
import { type Encoded, Tag, integer, nothing, octetString, oid, sequence } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { decryptRc2 } from './rc2.ts';

export const MAX_ITERATIONS = 1_000_000;
const TURN_EVERY = 1000;

export type MacHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
const HASH_SIZES: Readonly<Record<MacHash, readonly [digest: number, block: number]>> = {
  sha1: [20, 64],
  sha256: [32, 64],
  sha384: [48, 128],
  sha512: [64, 128],
};
export const MAC_HASHES: ReadonlyMap<string, MacHash> = new Map<string, MacHash>([
  [Oid.sha1, 'sha1'],
  [Oid.sha256, 'sha256'],
  [Oid.sha384, 'sha384'],
  [Oid.sha512, 'sha512'],
]);
const PRFS: ReadonlyMap<string, MacHash> = new Map<string, MacHash>([
  [Oid.hmacSha1, 'sha1'],
  [Oid.hmacSha256, 'sha256'],
  [Oid.hmacSha384, 'sha384'],
  [Oid.hmacSha512, 'sha512'],
]);

const derive = promisify(pbkdf2);

/**
 * UTF-16 big-endian with its zero at the end, as RFC 7292 wants; a file may also take "no password"
 * for the empty one.
 */
export const passwordOctets = (password: string): Buffer => Buffer.from(`${password}\0`, 'utf16le').swap16();

const repeated = (from: Buffer, block: number): Buffer =>
  from.length === 0 ? from : Buffer.alloc(block * Math.ceil(from.length / block), from);

/** Adds `b` and one to the big-endian number in `block`, in place. */
function addOne(block: Buffer, b: Buffer): void {
  let carry = 1;
  for (let i = block.length - 1; i >= 0; i--) {
    carry += (block[i] ?? 0) + (b[i] ?? 0);
    block[i] = carry & 0xff;
    carry >>= 8;
  }
}

/**
 * RFC 7292 appendix B.2. `purpose`: 1 key, 2 IV, 3 MAC. `password` as `passwordOctets` gives it.
 */
export async function derivePkcs12(
  hash: MacHash,
  password: Buffer,
  { salt, iterations }: { readonly salt: Buffer; readonly iterations: number },
  purpose: 1 | 2 | 3,
  length: number,
): Promise<Buffer> {
  const [, block] = HASH_SIZES[hash];
  const diversifier = Buffer.alloc(block, purpose);
  const input = joinSmall([repeated(salt, block), repeated(password, block)]);
  const made: Buffer[] = [];
  for (let have = 0; have < length; have += made.at(-1)?.length ?? length) {
    let digest = hashOnce(hash, joinSmall([diversifier, input]), 'buffer');
    for (let round = 1; round < iterations; round++) {
      // Not createHash(): 50,000 hash objects are a burst of work for the garbage collector (pauses
      // of 30 ms were measured).
      digest = hashOnce(hash, digest, 'buffer');
      if (round % TURN_EVERY === 0) await turn();
    }
    made.push(digest);
    const filled = Buffer.alloc(block, digest);
    for (let at = 0; at < input.length; at += block) addOne(input.subarray(at, at + block), filled);
  }
  return joinSmall(made).subarray(0, length);
}

interface Pbkdf2 {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly hash: MacHash;
  readonly keyLength: number | undefined;
}

export function readIterations(element: Element): number {
  const iterations = smallInteger(element, 'iteration count');
  if (iterations < 1 || iterations > MAX_ITERATIONS)
    throw element.error('limit', `${iterations} iterations are asked for, expected 1 to ${MAX_ITERATIONS}`);
  return iterations;
}

function readPbkdf2(element: Element): Pbkdf2 {
  const outer = element.as(Tag.sequence, 'key derivation').children();
  const id = outer.next('key derivation');
  if (oidValue(id, 'key derivation') !== Oid.pbkdf2) throw id.error('unsupported', 'the key derivation is not PBKDF2');
  const inside = outer.next('PBKDF2 parameters', Tag.sequence).children();
  const salt = inside.next('salt', Tag.octetString).content;
  const iterations = readIterations(inside.next('iteration count'));
  const length = inside.optional(Tag.integer, 'key length');
  const prf = inside.optional(Tag.sequence, 'PRF');
  const prfId = prf?.children().next('PRF');
  const hash = prfId ? PRFS.get(oidValue(prfId, 'PRF')) : 'sha1';
  if (hash === undefined) throw element.error('unsupported', 'the pseudo-random function of PBKDF2 is unknown');
  const keyLength = length && smallInteger(length, 'key length');
  if (keyLength !== undefined && (keyLength < 1 || keyLength > 64))
    throw element.error('malformed', 'the key length makes no sense');
  return { salt, iterations, hash, keyLength };
}

/** Decrypts and unpads; undefined if the result makes no sense, as with a wrong password. */
function decipher(name: string, key: Buffer, iv: Buffer, data: Buffer): Buffer | undefined {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return joinSmall([cipher.update(data), cipher.final()]);
  } catch {
    return undefined;
  }
}

const PBES2_CIPHERS: ReadonlyMap<string, readonly [name: string, key: number, iv: number]> = new Map([
  [Oid.aes128Cbc, ['aes-128-cbc', 16, 16]],
  [Oid.aes192Cbc, ['aes-192-cbc', 24, 16]],
  [Oid.aes256Cbc, ['aes-256-cbc', 32, 16]],
  [Oid.des3Cbc, ['des-ede3-cbc', 24, 8]],
] as const);

async function decryptPbes2(parameters: Element, password: string, data: Buffer): Promise<Buffer | undefined> {
  const inside = parameters.as(Tag.sequence, 'PBES2 parameters').children();
  const kdf = readPbkdf2(inside.next('key derivation'));
  const scheme = inside.next('cipher', Tag.sequence).children();
  const id = scheme.next('cipher');
  const cipher = PBES2_CIPHERS.get(oidValue(id, 'cipher'));
  if (!cipher) throw id.error('unsupported', `the cipher ${oidValue(id, 'cipher')} is unknown`);
  const [name, keyLength, ivLength] = cipher;
  const iv = scheme.next('initial vector', Tag.octetString);
  if (iv.content.length !== ivLength) throw iv.error('malformed', `the initial vector has no ${ivLength} octets`);
  const key = await derive(password, kdf.salt, kdf.iterations, keyLength, kdf.hash);
  return decipher(name, key, iv.content, data);
}

const OLD_SCHEMES: ReadonlyMap<string, readonly [kind: 'des3' | 'rc2', key: number]> = new Map([
  [Oid.pbeSha1Des3, ['des3', 24]],
  [Oid.pbeSha1Rc2With128, ['rc2', 16]],
  [Oid.pbeSha1Rc2With40, ['rc2', 5]],
] as const);

/**
 * Decrypts what an AlgorithmIdentifier of PKCS #12 or PKCS #8 describes; undefined if the password
 * does not fit. Throws `BerError`.
 */
export async function decryptWithPassword(
  algorithm: Element,
  password: string,
  data: Buffer,
): Promise<Buffer | undefined> {
  const inside = algorithm.as(Tag.sequence, 'encryption algorithm').children();
  const id = inside.next('encryption algorithm');
  const dotted = oidValue(id, 'encryption algorithm');
  if (dotted === Oid.pbes2) return decryptPbes2(inside.next('PBES2 parameters'), password, data);
  const old = OLD_SCHEMES.get(dotted);
  if (!old) throw id.error('unsupported', `the encryption ${dotted} is unknown`);
  const [kind, keyLength] = old;
  const parameters = inside.next('encryption parameters', Tag.sequence).children();
  const salt = parameters.next('salt', Tag.octetString).content;
  const iterations = readIterations(parameters.next('iteration count'));
  const key = await derivePkcs12('sha1', passwordOctets(password), { salt, iterations }, 1, keyLength);
  const iv = await derivePkcs12('sha1', passwordOctets(password), { salt, iterations }, 2, 8);
  return kind === 'des3' ? decipher('des-ede3-cbc', key, iv, data) : decryptRc2(key, keyLength * 8, iv, data);
}

/** The key of PBMAC1 (RFC 9579) with its hash. */
export async function pbmac1(parameters: Element, password: string, content: readonly Buffer[]): Promise<Buffer> {
  const inside = parameters.as(Tag.sequence, 'PBMAC1 parameters').children();
  const kdf = readPbkdf2(inside.next('key derivation'));
  const scheme = inside.next('MAC', Tag.sequence).children().next('MAC');
  const hash = PRFS.get(oidValue(scheme, 'MAC'));
  if (!hash) throw scheme.error('unsupported', 'the MAC is unknown');
  const key = await derive(password, kdf.salt, kdf.iterations, kdf.keyLength ?? HASH_SIZES[hash][0], kdf.hash);
  const mac = createHmac(hash, key);
  for (const piece of content) mac.update(piece);
  return mac.digest();
}

/**
 * How a file of ours is encrypted. `aes256`: PBES2 with AES-256-CBC and HMAC-SHA-256. `legacy`:
 * 3DES by the old derivation, for old Windows.
 */
export type PasswordScheme = 'aes256' | 'legacy';

/** AlgorithmIdentifier and ciphertext. `random` gives salt and initial vector. */
export async function encryptWithPassword(
  scheme: PasswordScheme,
  password: string,
  data: Buffer,
  { random, iterations }: { readonly random: (length: number) => Uint8Array; readonly iterations: number },
): Promise<{ readonly algorithm: Encoded; readonly encrypted: Buffer }> {
  const salt = Buffer.from(random(16));
  if (scheme === 'legacy') {
    const from = { salt: salt.subarray(0, 8), iterations };
    const key = await derivePkcs12('sha1', passwordOctets(password), from, 1, 24);
    const cipher = createCipheriv(
      'des-ede3-cbc',
      key,
      await derivePkcs12('sha1', passwordOctets(password), from, 2, 8),
    );
    return {
      algorithm: sequence(oid(Oid.pbeSha1Des3), sequence(octetString(from.salt), integer(iterations))),
      encrypted: joinSmall([cipher.update(data), cipher.final()]),
    };
  }
  const iv = Buffer.from(random(16));
  const cipher = createCipheriv('aes-256-cbc', await derive(password, salt, iterations, 32, 'sha256'), iv);
  const prf = sequence(oid(Oid.hmacSha256), nothing());
  const kdf = sequence(oid(Oid.pbkdf2), sequence(octetString(salt), integer(iterations), prf));
  return {
    algorithm: sequence(oid(Oid.pbes2), sequence(kdf, sequence(oid(Oid.aes256Cbc), octetString(iv)))),
    encrypted: joinSmall([cipher.update(data), cipher.final()]),
  };
}

/** The MAC of a PKCS #12 file by the old derivation. */
export async function pkcs12Mac(
  hash: MacHash,
  password: Buffer,
  from: { readonly salt: Buffer; readonly iterations: number },
  content: readonly Buffer[],
): Promise<Buffer> {
  const key = await derivePkcs12(hash, password, from, 3, HASH_SIZES[hash][0]);
  const mac = createHmac(hash, key);
  for (const piece of content) mac.update(piece);
  return mac.digest();
}
