/**
 * Space for new mail: what is free on the disk and in the database, less what open uploads were
 * promised. Decides at MAIL, so that a sender hears of a full disk before it has sent 50 MB.
 */

import { LOG_ROOM, MARGIN, type Reserved, halfOf, marginFor, reservedFor } from './reserve.ts';

/**
 * A body stands in the log and, once copied back, in the database; the log is reused, so this is
 * less than 2.
 */
const GROWTH = 1.25;
/** The disk is asked at most this often. */
const FRESH_FOR = 200;

export interface SpaceParts {
  /** Free octets of the disk. */
  readonly freeOctets: () => number;
  /** Octets of the log file, which is written over. */
  readonly logOctets: () => number;
  /** Called when the disk cannot be asked and could be the time before. */
  readonly lost: (error: unknown) => void;
  readonly reserve: number;
  readonly monotonic: () => number;
  readonly maxPages: number | undefined;
}

export interface OpenedSpace {
  readonly pageOctets: number;
  readonly pages: number;
  readonly freePages: number;
  /** True: free pages are given back to the disk. */
  readonly shrinks: boolean;
  readonly reserved: Reserved;
}

export class Space {
  readonly #p: SpaceParts;
  #promised = 0;
  #free = 0;
  #log = 0;
  #asked = Number.NEGATIVE_INFINITY;
  #isLost = false;
  #pageOctets = 0;
  #pages = 0;
  #freePages = 0;
  #shrinks = false;
  reserved: Reserved = 'whole';

  constructor(parts: SpaceParts) {
    this.#p = parts;
  }

  opened({ pageOctets, pages, freePages, shrinks, reserved }: OpenedSpace): void {
    this.#pageOctets = pageOctets;
    this.#shrinks = shrinks;
    this.reserved = reserved;
    this.told(pages, freePages);
  }

  told(pages: number, freePages: number): void {
    this.#pages = pages;
    this.#freePages = freePages;
  }

  get used(): number {
    return Math.max(0, this.#pages - this.#freePages) * this.#pageOctets;
  }

  /** Octets that can still be written, promises not counted. */
  get free(): number {
    const reusable = this.#freePages * this.#pageOctets;
    if (this.#p.maxPages !== undefined)
      return Math.max(0, this.#p.maxPages - this.#pages) * this.#pageOctets + reusable;
    this.#look();
    if (this.reserved !== 'half') return this.#free > LOG_ROOM ? this.#free + reusable : this.#free;
    // The disk is the log's alone, and these pages stand in for the rest of the reserve.
    const { missing } = halfOf(this.#p.reserve);
    return this.#free + this.#log > LOG_ROOM ? Math.max(0, reusable - missing) : 0;
  }

  #look(): void {
    const now = this.#p.monotonic();
    if (now - this.#asked < FRESH_FOR) return;
    this.#asked = now;
    try {
      [this.#free, this.#log] = [this.#p.freeOctets(), this.#p.logOctets()];
      this.#isLost = false;
    } catch (error) {
      // The folder or its disk is gone. Nothing fits there; a question about the gateway's state,
      // perhaps in order to end it, must still be answered.
      [this.#free, this.#log] = [0, 0];
      if (!this.#isLost) this.#p.lost(error);
      this.#isLost = true;
    }
  }

  /** True: the reserve is out, and no new mail is accepted. */
  get full(): boolean {
    return this.reserved === 'out';
  }

  /** Size that the reserve should have. */
  get wanted(): Reserved {
    if (this.#p.maxPages !== undefined) return this.full && this.free < 1 ? 'out' : 'whole';
    this.#look();
    if (this.#isLost) return this.reserved;
    const free = this.#shrinks ? 0 : this.#freePages * this.#pageOctets;
    return reservedFor(this.reserved, { reserve: this.#p.reserve, disk: this.#free, free });
  }

  get available(): number {
    const margin = this.reserved === 'whole' && this.#p.maxPages === undefined ? marginFor(this.#p.reserve) : MARGIN;
    return Math.max(0, this.free - this.#promised * GROWTH - margin);
  }

  /** Makes the next call ask the disk again. */
  forget(): void {
    this.#asked = Number.NEGATIVE_INFINITY;
  }

  fits(octets: number): boolean {
    return octets * GROWTH <= this.available && this.available > 0;
  }

  promise(octets: number): void {
    this.#promised += octets;
  }

  /** The promised octets were stored, or are no longer needed. */
  settle(octets: number): void {
    this.#promised = Math.max(0, this.#promised - octets);
  }
}
