/**
 * Keys of messages that outlive the key of their day: when one message of a day is erased, the
 * day's own key is destroyed, and the keys of all other messages are kept here, outside every
 * backup. So earlier backups still open the others, and never again the erased one.
 *
 * Rows of 40 octets, by rising id: 8 for the id (big-endian), 32 for the key.
 */
import { type KeyObject, createHash, createSecretKey } from 'node:crypto';

const ID_OCTETS = 8;
const ROW_OCTETS = ID_OCTETS + 32;

export interface KeptKey {
  readonly message: bigint;
  readonly key: KeyObject;
}

/** `keys` by rising id. The caller wipes what this returns. */
export function packKeys(keys: readonly KeptKey[]): Buffer {
  const rows = Buffer.alloc(keys.length * ROW_OCTETS);
  for (const [i, { message, key }] of keys.entries()) {
    rows.writeBigUInt64BE(message, i * ROW_OCTETS);
    const octets = key.export();
    octets.copy(rows, i * ROW_OCTETS + ID_OCTETS);
    octets.fill(0);
  }
  return rows;
}

/**
 * Pages of `packKeys`, by rising id. 40 octets for each message of a day: some megabytes at most.
 */
export function joinKeys(pages: readonly Buffer[]): Buffer {
  const rows = Buffer.alloc(pages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const page of pages) at += page.copy(rows, at);
  return rows;
}

export class KeptKeys {
  readonly #rows: Buffer;

  constructor(rows: Buffer) {
    this.#rows = rows;
  }

  get size(): number {
    return Math.floor(this.#rows.length / ROW_OCTETS);
  }

  /**
   * 16 hexadecimal digits that follow from the messages whose keys are here, and tell nothing of
   * the keys.
   */
  get mark(): string {
    const ids = createHash('sha256');
    for (let at = 0; at < this.#rows.length; at += ROW_OCTETS) ids.update(this.#rows.subarray(at, at + ID_OCTETS));
    return ids.digest('hex').slice(0, 16);
  }

  has(message: bigint): boolean {
    return this.#find(message) !== undefined;
  }

  keyOf(message: bigint): KeyObject | undefined {
    const at = this.#find(message);
    return at === undefined ? undefined : createSecretKey(this.#rows.subarray(at + ID_OCTETS, at + ROW_OCTETS));
  }

  /** Offset of the message's row. */
  #find(message: bigint): number | undefined {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const id = this.#rows.readBigUInt64BE(middle * ROW_OCTETS);
      if (id === message) return middle * ROW_OCTETS;
      if (id < message) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }
}
