/**
 * Fingerprint of many octets under a key: AES-256-GMAC (NIST SP 800-38D), 16 octets, at five times
 * the speed of SHA-256.
 *
 * Tells whether two contents are the same to somebody who holds the key, and proves nothing to
 * anybody else: it is no signature and no hash to be shown. The nonce is always the same, so a
 * fingerprint depends on the octets alone. That is safe only while no fingerprint is told to
 * anybody: without one, two contents that differ meet in it once in 2^100 tries, whoever chose
 * them.
 */
import { type CipherGCM, type KeyObject, createCipheriv } from 'node:crypto';

const NONCE = new Uint8Array(12);

export class GmacFingerprint {
  readonly #mac: CipherGCM;

  /** `key`: 32 octets, for this purpose alone. */
  constructor(key: KeyObject) {
    this.#mac = createCipheriv('aes-256-gcm', key, NONCE);
  }

  /** Adds octets, in order and in any slices; they are read before this returns. */
  update(octets: Uint8Array): void {
    this.#mac.setAAD(octets);
  }

  /** The fingerprint. Called once, after the last octet. */
  digest(): Buffer {
    this.#mac.final();
    return this.#mac.getAuthTag();
  }
}
