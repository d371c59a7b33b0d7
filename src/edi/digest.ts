/**
 * What the messages of an interchange are known by, whatever envelope they come in: SHA-256 over the octets between its first segment and
 * its last, in whatever slices they stream by.
 */
import { type Hash, createHash } from 'node:crypto';

/** 128 bits: enough that nobody meets another's by chance. */
const DIGITS = 32;

export class Digest {
  #hash: Hash | undefined;

  update(data: Buffer, from: number, to: number): void {
    if (to > from) (this.#hash ??= createHash('sha256')).update(data.subarray(from, to));
  }

  /** Empty where there was nothing. */
  finish(): string {
    return this.#hash?.digest('hex').slice(0, DIGITS) ?? '';
  }
}
