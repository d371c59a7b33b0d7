/**
 * A maildrop as it is listed: flat arrays, which go from one thread to another without being
 * copied.
 */
import { UidlColumn } from '../changes/uidls.ts';
import { type ListingData, RECEIPT, RETRIEVED } from './engine.ts';

/** Takes the rows of a listing, oldest first, and no more than `expected`. */
export class Listed {
  readonly #expected: number;
  readonly #uids: Float64Array<ArrayBuffer>;
  readonly #sizes: Float64Array<ArrayBuffer>;
  readonly #column: UidlColumn;
  readonly #flags: Uint8Array<ArrayBuffer>;
  #count = 0;

  constructor(expected: number) {
    this.#expected = expected;
    this.#uids = new Float64Array(expected);
    this.#sizes = new Float64Array(expected);
    this.#column = new UidlColumn(expected);
    this.#flags = new Uint8Array(expected);
  }

  /** How many more entries are expected. */
  get left(): number {
    return this.#expected - this.#count;
  }

  add(uid: number, size: number, uidl: Buffer, retrieved: number, receipt: number): void {
    const at = this.#count++;
    this.#uids[at] = uid;
    this.#sizes[at] = size;
    this.#column.add(uidl);
    this.#flags[at] = (retrieved > 0 ? RETRIEVED : 0) | (receipt > 0 ? RECEIPT : 0);
  }

  get data(): ListingData {
    const { uidls, ends: uidlEnds } = this.#column;
    return { count: this.#count, uids: this.#uids, sizes: this.#sizes, uidls, uidlEnds, flags: this.#flags };
  }
}
