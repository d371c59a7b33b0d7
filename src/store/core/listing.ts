/**
 * Listings of maildrops as flat arrays, and a small memory of them: a mailbox that did not change
 * is not read again.
 */
import type { AccountId, EntryUid } from '../../domain/ids.ts';
import { type Octets, octets } from '../../domain/units.ts';
import type { MaildropListing } from '../maildrop.ts';
import { UIDL_CHARACTERS } from '../changes/uidls.ts';
import { type ListingData, RECEIPT, RETRIEVED } from './engine.ts';

/** Most octets of all remembered listings together: some 40 maildrops of 10,000 messages. */
const MOST_OCTETS = 16 * 1024 * 1024;

export class FlatListing implements MaildropListing {
  readonly #data: ListingData;
  readonly #uidls: Buffer;

  constructor(data: ListingData) {
    this.#data = data;
    this.#uidls = Buffer.from(data.uidls.buffer, data.uidls.byteOffset, data.uidls.byteLength);
  }

  get count(): number {
    return this.#data.count;
  }

  /** Octets that the listing holds in memory. */
  get octets(): number {
    return (
      200 +
      this.#data.uids.byteLength +
      this.#data.sizes.byteLength +
      this.#uidls.length +
      (this.#data.uidlEnds?.byteLength ?? 0) +
      this.#data.flags.length
    );
  }

  #checked(index: number): number {
    if (!(index >= 0 && index < this.#data.count))
      throw new RangeError(`There is no message at index ${index}; expected 0 to ${this.#data.count - 1}`);
    return index;
  }

  sizeOf(index: number): Octets {
    return octets(this.#data.sizes[this.#checked(index)] ?? 0);
  }

  uidOf(index: number): EntryUid {
    return (this.#data.uids[this.#checked(index)] ?? 0) as EntryUid;
  }

  uidlOf(index: number): string {
    const { uidlEnds: ends } = this.#data;
    const n = this.#checked(index);
    if (ends === null) return this.#uidls.toString('latin1', n * UIDL_CHARACTERS, (n + 1) * UIDL_CHARACTERS);
    return this.#uidls.toString('latin1', n === 0 ? 0 : ends[n - 1], ends[n]);
  }

  receiptWanted(index: number): boolean {
    return ((this.#data.flags[this.#checked(index)] ?? 0) & RECEIPT) !== 0;
  }

  retrievedBefore(index: number): boolean {
    return ((this.#data.flags[this.#checked(index)] ?? 0) & RETRIEVED) !== 0;
  }

  /** True if the listing has the same entries. */
  isOf({ count, uids, uidls }: ListingData): boolean {
    const same = count === this.#data.count && uids.every((uid, i) => uid === this.#data.uids[i]);
    return same && this.#uidls.equals(uidls);
  }

  /**
   * Notes entries as sent to their end: the session that sent them has ended, and no other one
   * holds this listing.
   */
  noteRetrieved(uids: readonly EntryUid[]): void {
    const retrieved = new Set<number>(uids);
    const { count, flags, uids: all } = this.#data;
    for (let i = 0; i < count; i += 1) if (retrieved.has(all[i] ?? -1)) flags[i] = (flags[i] ?? 0) | RETRIEVED;
  }
}

interface Remembered {
  readonly changes: number;
  readonly listing: FlatListing;
}

/** Remembers listings; each is valid for one number of changes of its mailbox. */
export class Listings {
  readonly #known = new Map<AccountId, Remembered>();
  #octets = 0;

  get octets(): number {
    return this.#octets;
  }

  get(account: AccountId, changes: number): FlatListing | undefined {
    const known = this.#known.get(account);
    if (known === undefined) return undefined;
    this.#known.delete(account);
    if (known.changes !== changes) {
      this.#octets -= known.listing.octets;
      return undefined;
    }
    this.#known.set(account, known);
    return known.listing;
  }

  noteRetrieved(account: AccountId, uids: readonly EntryUid[]): void {
    if (uids.length > 0) this.#known.get(account)?.listing.noteRetrieved(uids);
  }

  forgetAll(): void {
    this.#known.clear();
    this.#octets = 0;
  }

  keep(account: AccountId, changes: number, listing: FlatListing): void {
    const old = this.#known.get(account);
    if (old !== undefined) {
      this.#known.delete(account);
      this.#octets -= old.listing.octets;
    }
    if (listing.octets > MOST_OCTETS / 4) return;
    this.#known.set(account, { changes, listing });
    this.#octets += listing.octets;
    for (const [oldest, { listing: gone }] of this.#known) {
      if (this.#octets <= MOST_OCTETS) break;
      this.#known.delete(oldest);
      this.#octets -= gone.octets;
    }
  }
}
