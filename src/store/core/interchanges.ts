/**
 * The memory of interchanges: read from the store once, when first asked, and kept with every
 * acceptance.
 *
 * In memory for the same reason as resubmissions (recent-submissions.ts): random keys in a b-tree
 * would double what a group commit writes. Keys are 48 bits of a hash, so that an entry takes some
 * 150 octets; among 400,000 of them the chance that an interchange is wrongly taken for an earlier
 * one is below one in 10^8.
 */
import type { Earlier } from '../../domain/edi-guard.ts';
import type { Subjects } from '../objects.ts';
import { INTERCHANGES_FOR, type Interchanges, MOST_INTERCHANGES, type SeenInterchange } from '../interchanges.ts';
import type { StoreTime } from './store-time.ts';

/** Rows of one read: a few milliseconds of the reader's time. */
const STEP = 2000;
/**
 * A row of another node may become visible after one with a higher number, so this many rows are
 * read again.
 */
const AGAIN = 200;

export interface InterchangesParts {
  readonly ediMemory: Pick<Subjects['ediMemory'], 'interchanges'>;
  readonly time: Pick<StoreTime, 'now'>;
  readonly most?: number;
  /** False: other nodes file interchanges too, and what they filed is read at each question. */
  readonly alone?: boolean;
}

export class CoreInterchanges implements Interchanges {
  readonly #p: InterchangesParts;
  readonly #references: Memory<Seen>;
  /** References, each with every message that was filed under it. */
  readonly #pairs: Memory<Pair>;
  readonly #messages: Memory<Seen>;
  #loaded: Promise<void> | undefined;
  /** The last row that was read. */
  #read = 0;
  #history = 0;

  constructor(parts: InterchangesParts) {
    this.#p = parts;
    const most = parts.most ?? MOST_INTERCHANGES;
    this.#references = new Memory(most);
    this.#pairs = new Memory(most);
    this.#messages = new Memory(most);
  }

  async earlier(asked: readonly SeenInterchange[]): Promise<readonly Earlier[]> {
    if (this.#p.alone === false) this.#loaded = undefined;
    await (this.#loaded ??= this.#load());
    const since = this.#p.time.now() - INTERCHANGES_FOR;
    return asked.map((each) => {
      if (this.#references.find(numberOf(each.reference), since) === undefined)
        return { reference: false, messages: this.#messages.find(numberOf(each.messages), since) !== undefined };
      return { reference: true, messages: this.#pairs.find(pairOf(each), since)?.held === false };
    });
  }

  /**
   * Notes interchanges that were filed. Before the first question nothing is noted, since that
   * question reads all of them.
   */
  filed(seen: readonly SeenInterchange[], at: number): void {
    if (this.#loaded === undefined) return;
    for (const each of seen) this.#add(each, at);
  }

  /** Filed interchanges may be lost, so one that is sent again is not a repetition. */
  anotherHistory(): void {
    this.#history += 1;
    this.#read = 0;
    this.#loaded = undefined;
    for (const memory of [this.#references, this.#pairs, this.#messages]) memory.clear();
  }

  #add(each: SeenInterchange, at: number): void {
    const held = each.held === true;
    this.#references.add(numberOf(each.reference), { at });
    this.#pairs.add(pairOf(each), { at, held });
    // A held interchange reached nobody, so its messages are not known under another reference.
    if (!held) this.#messages.add(numberOf(each.messages), { at });
  }

  async #load(): Promise<void> {
    const history = this.#history;
    try {
      for (let after = Math.max(0, this.#read - AGAIN); ;) {
        const rows = await this.#p.ediMemory.interchanges(after, STEP);
        if (history !== this.#history) return await this.#load();
        for (const { at, reference, messages, held } of rows)
          this.#add({ reference, messages, ...(held ? { held } : {}) }, at);
        const last = rows.at(-1);
        this.#read = Math.max(this.#read, last?.seq ?? 0);
        if (last === undefined || rows.length < STEP) return;
        after = last.seq;
      }
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }
}

const KEY_OCTETS = 6;

interface Seen {
  readonly at: number;
}
interface Pair extends Seen {
  readonly held: boolean;
}

/**
 * Notes a value; beyond `most` the oldest are forgotten. A value that is read back does not replace
 * a newer one that was noted meanwhile.
 */
class Memory<S extends Seen> {
  readonly #seen = new Map<number, S>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  clear(): void {
    this.#seen.clear();
  }

  find(key: number, since: number): S | undefined {
    const seen = this.#seen.get(key);
    return seen !== undefined && seen.at >= since ? seen : undefined;
  }

  add(key: number, seen: S): void {
    const before = this.#seen.get(key);
    if (before !== undefined && before.at > seen.at) return;
    this.#seen.delete(key);
    this.#seen.set(key, seen);
    if (this.#seen.size <= this.#most) return;
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest);
      return;
    }
  }
}

/** A key of 48 bits from both hashes; every step stays below 2 to the power of 53. */
const pairOf = ({ reference, messages }: SeenInterchange): number =>
  (numberOf(reference) * 31 + numberOf(messages)) % 2 ** (8 * KEY_OCTETS);

const numberOf = (key: Uint8Array): number =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, KEY_OCTETS);
