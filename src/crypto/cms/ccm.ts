/**
 * Decrypts AES-CCM (RFC 3610, NIST SP 800-38C) in slices.
 *
 * `node:crypto` takes a content of CCM only in one piece. CCM is AES in counter mode, and a CBC-MAC
 * over the length, the additional data and the plaintext, in this order; both are made here of
 * ciphers that stream. The length and the additional data must be known before.
 */
import { type Cipheriv, createCipheriv, timingSafeEqual } from 'node:crypto';
import { joinSmall } from '../../platform/bytes.ts';

const BLOCK = 16;

export interface CcmParameters {
  readonly key: Buffer;
  /** 7 to 13 octets. */
  readonly nonce: Buffer;
  /** Octets of the tag. */
  readonly tag: number;
  /** Octets of the content. */
  readonly octets: number;
  readonly additional: Buffer | undefined;
}

/** A content longer than the counter can tell has no encryption (RFC 3610 section 2.2). */
export const ccmHolds = ({ nonce, octets }: Pick<CcmParameters, 'nonce' | 'octets'>): boolean =>
  octets < 2 ** (8 * Math.min(6, 15 - nonce.length));

export class CcmOpening {
  readonly #counter: Cipheriv;
  readonly #mac: Cipheriv;
  /** The first block of the key stream: what hides the tag. */
  readonly #mask: Buffer;
  readonly #tag: number;
  #last = Buffer.alloc(BLOCK);
  #octets = 0;

  constructor({ key, nonce, tag, octets, additional }: CcmParameters) {
    const bits = key.length * 8;
    const width = 15 - nonce.length;
    this.#tag = tag;
    const start = joinSmall([Buffer.from([width - 1]), nonce, Buffer.alloc(width)]);
    this.#counter = createCipheriv(`aes-${bits}-ctr`, key, start);
    this.#mask = this.#counter.update(Buffer.alloc(BLOCK));
    this.#mac = createCipheriv(`aes-${bits}-cbc`, key, Buffer.alloc(BLOCK)).setAutoPadding(false);
    const flags = (additional === undefined ? 0 : 0x40) | (((tag - 2) / 2) << 3) | (width - 1);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(octets));
    this.#cover(joinSmall([Buffer.from([flags]), nonce, length.subarray(8 - Math.min(8, width))]));
    if (additional !== undefined) this.#cover(padded(joinSmall([lengthOf(additional), additional])));
  }

  /** The plaintext of a slice. */
  update(slice: Buffer): Buffer {
    const plain = this.#counter.update(slice);
    this.#octets += plain.length;
    this.#cover(plain);
    return plain;
  }

  /** True if `given` is the tag of the octets that passed. Call it once. */
  end(given: Buffer): boolean {
    this.#cover(Buffer.alloc((BLOCK - (this.#octets % BLOCK)) % BLOCK));
    const tag = Buffer.from(this.#last.map((octet, i) => octet ^ (this.#mask[i] ?? 0))).subarray(0, this.#tag);
    return given.length === tag.length && timingSafeEqual(given, tag);
  }

  /** The MAC is the last block of a ciphertext that nobody needs. */
  #cover(octets: Buffer): void {
    const made = this.#mac.update(octets);
    if (made.length >= BLOCK) this.#last = Buffer.from(made.subarray(made.length - BLOCK));
  }
}

/** RFC 3610 section 2.2: lengths up to 65,279 take two octets, and more is never covered here. */
function lengthOf({ length }: Buffer): Buffer {
  if (length >= 0xff00) throw new RangeError(`Cannot cover ${length} octets of additional data`);
  const made = Buffer.alloc(2);
  made.writeUInt16BE(length);
  return made;
}

const padded = (octets: Buffer): Buffer => joinSmall([octets, Buffer.alloc((BLOCK - (octets.length % BLOCK)) % BLOCK)]);
