/**
 * Cuts the octets that come into LDAP messages: each is one BER SEQUENCE of definite length (RFC
 * 4511 sections 5.1 and 5.2).
 *
 * A length is believed only up to `most`, and no memory is taken for octets that have not come.
 * Slices are joined once a message is whole, so that a peer that sends octet by octet costs no more
 * than any other.
 */
import { BerError } from '../crypto/certificates/ber.ts';
import { joinSmall } from '../platform/bytes.ts';

/** Most octets at the beginning of a message that say how long it is. */
const LONGEST_HEAD = 6;

export class Frames {
  readonly #most: number;
  #chunks: Buffer[] = [];
  #octets = 0;
  /** Octets that must have come before the length of the next message is known. */
  #need = 2;

  constructor(most: number) {
    this.#most = most;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#octets += chunk.length;
  }

  /** Octets that are not handed out yet. */
  get waiting(): number {
    return this.#octets;
  }

  /** Forgets the waiting octets, and gives their number. */
  clear(): number {
    const dropped = this.#octets;
    this.#chunks = [];
    this.#octets = 0;
    this.#need = 2;
    return dropped;
  }

  /**
   * The next whole message; undefined: more must come first. Throws `BerError` for octets that are
   * not a message, or for one that is too long.
   */
  next(): Buffer | undefined {
    if (this.#octets < this.#need) return undefined;
    const joined = this.#joined();
    const length = this.#lengthOf(joined);
    if (length === undefined || length > joined.length) {
      this.#need = length ?? Math.min(LONGEST_HEAD, joined.length + 1);
      return undefined;
    }
    this.#chunks = length === joined.length ? [] : [joined.subarray(length)];
    this.#octets -= length;
    this.#need = 2;
    return joined.subarray(0, length);
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const joined = joinSmall(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  /** Octets of the first message, with its head; undefined while the length is unknown. */
  #lengthOf(octets: Buffer): number | undefined {
    if (octets[0] !== 0x30) throw new BerError('malformed', 0, 'this is not an LDAP message');
    const first = octets[1] ?? 0;
    if (first < 0x80) return 2 + first;
    const count = first & 0x7f;
    if (count === 0) throw new BerError('malformed', 0, 'a message has an indefinite length');
    if (count > 4) throw new BerError('limit', 0, `a message is longer than ${this.#most} octets`);
    if (octets.length < 2 + count) return undefined;
    const length = 2 + count + octets.readUIntBE(2, count);
    if (length > this.#most) throw new BerError('limit', 0, `a message is longer than ${this.#most} octets`);
    return length;
  }
}
