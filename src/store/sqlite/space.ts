/**
 * Room for new mail: what is free on the disk and in the database, less what open uploads were promised. Decides at MAIL, so that a sender
 * hears of a full disk before it has sent 50 MB.
 */

/** Kept free for log and index pages beside the body itself. */
const MARGIN = 2 * 1024 * 1024;
/** A body stands in the log and, once copied back, in the database; the log is reused, so this is less than 2. */
const GROWTH = 1.25;
/** Free pages in the database are of use only while the log still has room to grow. */
const LOG_ROOM = 8 * 1024 * 1024;
/** The disk is asked at most this often. */
const FRESH_FOR = 200;

export interface SpaceParts {
  readonly freeOctets: () => number;
  readonly monotonic: () => number;
  readonly maxPages: number | undefined;
}

export class Space {
  readonly #p: SpaceParts;
  #promised = 0;
  #free = 0;
  #asked = Number.NEGATIVE_INFINITY;
  #pageOctets = 0;
  #pages = 0;
  #freePages = 0;
  /** The reserve is out: no new mail. */
  full = false;

  constructor(parts: SpaceParts) {
    this.#p = parts;
  }

  opened({ pageOctets, pages, freePages }: { pageOctets: number; pages: number; freePages: number }): void {
    this.#pageOctets = pageOctets;
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
    const now = this.#p.monotonic();
    if (now - this.#asked >= FRESH_FOR) {
      this.#free = this.#p.freeOctets();
      this.#asked = now;
    }
    return this.#free > LOG_ROOM ? this.#free + reusable : this.#free;
  }

  get available(): number {
    return Math.max(0, this.free - this.#promised * GROWTH - MARGIN);
  }

  /** Asks the disk anew at the next look. */
  forget(): void {
    this.#asked = Number.NEGATIVE_INFINITY;
  }

  fits(octets: number): boolean {
    return octets * GROWTH <= this.available && this.available > 0;
  }

  promise(octets: number): void {
    this.#promised += octets;
  }

  /** The promise is kept or given up. */
  settle(octets: number): void {
    this.#promised = Math.max(0, this.#promised - octets);
  }
}
