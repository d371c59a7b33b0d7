/**
 * At-rest sealing: AES-256-GCM (NIST SP 800-38D) per chunk of a message's content under a key of
 * that message alone.
 *
 * Keys form three steps: the master key wraps day keys (`key-folder.ts`), a day key wraps the data
 * keys of the messages of its day, a data key seals the chunks of one message. Destroying a day key
 * makes every message of that day unreadable, in old backups too.
 *
 * A chunk's nonce is its number: a data key is random, used for one message and never for two
 * different chunks of the same number. The additional data bind message, position and end, so that
 * chunks can be neither swapped, repeated, moved to another message nor cut off.
 */
import { type KeyObject, createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';

const CIPHER = 'aes-256-gcm';
/** Octets of content in one chunk; the last one may be shorter. */
export const CHUNK_OCTETS = 256 * 1024;
/** A sealed chunk is this much longer than its content. */
export const TAG_OCTETS = 16;
const NONCE_OCTETS = 12;
const KEY_OCTETS = 32;
/** nonce, sealed key, tag */
export const WRAPPED_OCTETS = NONCE_OCTETS + KEY_OCTETS + TAG_OCTETS;

/** A tag did not verify: wrong key, or octets that were changed since they were sealed. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/**
 * A key for one purpose, derived from the master key (RFC 5869): no key is ever used for two
 * things.
 */
export const deriveKey = (master: Uint8Array, purpose: string): KeyObject =>
  createSecretKey(new Uint8Array(hkdfSync('sha256', master, new Uint8Array(0), purpose, KEY_OCTETS)));

/** The sealed octets, and their tag. */
export interface Sealed {
  readonly octets: Uint8Array;
  readonly tag: Uint8Array;
}

const seal = (key: KeyObject, nonce: Uint8Array, bound: Uint8Array, plain: Uint8Array): Sealed => {
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound);
  const octets = cipher.update(plain);
  cipher.final();
  return { octets, tag: cipher.getAuthTag() };
};

const joined = ({ octets, tag }: Sealed, before = 0): Uint8Array => {
  const whole = new Uint8Array(before + octets.length + TAG_OCTETS);
  whole.set(octets, before);
  whole.set(tag, before + octets.length);
  return whole;
};

const parted = (sealed: Uint8Array): Sealed => {
  const end = sealed.length - TAG_OCTETS;
  if (end < 0) throw new SealBroken('sealed octets are shorter than their tag');
  return { octets: sealed.subarray(0, end), tag: sealed.subarray(end) };
};

const open = (key: KeyObject, nonce: Uint8Array, bound: Uint8Array, { octets, tag }: Sealed): Buffer => {
  if (tag.length !== TAG_OCTETS) throw new SealBroken('a tag has the wrong length');
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_OCTETS }).setAAD(bound).setAuthTag(tag);
  const plain = decipher.update(octets);
  try {
    decipher.final();
  } catch {
    // Nothing of `plain` may be used before the tag has verified.
    throw new SealBroken('the tag does not verify');
  }
  return plain;
};

const nonceOf = (n: number): Uint8Array => {
  const nonce = Buffer.alloc(NONCE_OCTETS);
  nonce.writeUInt32BE(n, 8);
  return nonce;
};

const boundTo = (id: bigint, n: number, last: boolean): Uint8Array => {
  const bound = Buffer.allocUnsafe(13);
  bound.writeBigUInt64BE(id, 0);
  bound.writeUInt32BE(n, 8);
  bound[12] = last ? 1 : 0;
  return bound;
};

/**
 * Seals chunk `n` of message `id`. The octets own their memory, so that they can be handed to
 * another thread without a copy.
 */
export const sealChunk = (key: KeyObject, id: bigint, n: number, last: boolean, plain: Uint8Array): Sealed =>
  seal(key, nonceOf(n), boundTo(id, n, last), plain);

/**
 * Opens what `sealChunk` made with the same arguments. Throws SealBroken; no octet is returned
 * before the tag was verified.
 */
export const openChunk = (key: KeyObject, id: bigint, n: number, last: boolean, sealed: Sealed): Buffer =>
  open(key, nonceOf(n), boundTo(id, n, last), sealed);

/** A body of a single chunk, octets and tag in one piece. */
export const sealWhole = (key: KeyObject, id: bigint, plain: Uint8Array): Uint8Array =>
  joined(sealChunk(key, id, 0, true, plain));

/** Opens what `sealWhole` made. Throws SealBroken. */
export const openWhole = (key: KeyObject, id: bigint, sealed: Uint8Array): Buffer =>
  openChunk(key, id, 0, true, parted(sealed));

/**
 * The chunk number of what is sealed beside a body under the same key: no body has so many chunks.
 */
const BESIDE = 0xffff_ffff;

/**
 * Seals what belongs to a message and is no part of its content, octets and tag in one piece. Once
 * for each message: the nonce is fixed.
 */
export const sealBeside = (key: KeyObject, id: bigint, plain: Uint8Array): Uint8Array =>
  joined(sealChunk(key, id, BESIDE, true, plain));

/** Opens what `sealBeside` made. Throws SealBroken. */
export const openBeside = (key: KeyObject, id: bigint, sealed: Uint8Array): Buffer =>
  openChunk(key, id, BESIDE, true, parted(sealed));

/**
 * Seals a key of 32 octets, or several behind one another, under another one. `purpose` must be the
 * same when it is opened.
 */
export function wrapKey(under: KeyObject, key: Uint8Array, purpose: string, random: RandomBytes): Uint8Array {
  const nonce = random(NONCE_OCTETS);
  const wrapped = joined(seal(under, nonce, Buffer.from(purpose), key), NONCE_OCTETS);
  wrapped.set(nonce);
  return wrapped;
}

/**
 * Throws SealBroken when `wrapped` was not made by `wrapKey` under the same key for the same
 * purpose.
 */
export function unwrapKey(under: KeyObject, wrapped: Uint8Array, purpose: string): KeyObject {
  if (wrapped.length !== WRAPPED_OCTETS) throw new SealBroken('a wrapped key has the wrong length');
  const plain = unwrapOctets(under, wrapped, purpose);
  const key = createSecretKey(plain);
  plain.fill(0);
  return key;
}

/** What `wrapKey` sealed, of any length. Throws SealBroken. */
export const unwrapOctets = (under: KeyObject, wrapped: Uint8Array, purpose: string): Buffer =>
  open(under, wrapped.subarray(0, NONCE_OCTETS), Buffer.from(purpose), parted(wrapped.subarray(NONCE_OCTETS)));

/** The purpose for which the data key of one message is wrapped. */
export const dataKeyPurpose = (id: bigint): string => `sluis data key 1 ${id}`;
