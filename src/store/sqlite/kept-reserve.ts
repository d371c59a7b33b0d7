/**
 * How much of the reserve is on the disk, as the writer knows it. While none is, the disk is full,
 * and no new mail is accepted.
 */
import { type Db, shapeOf } from './database.ts';
import type { Reserve, Reserved } from './reserve.ts';

export interface KeptReserveParts {
  readonly db: Db;
  readonly reserve: Reserve;
  /**
   * For tests: the disk is full at this many pages of the database; the reserve is then worth
   * `octets`.
   */
  readonly maxPages?: number | undefined;
  readonly octets?: number;
}

export class KeptReserve {
  readonly #p: KeptReserveParts;
  #reserved: Reserved;

  constructor(parts: KeptReserveParts) {
    this.#p = parts;
    this.#reserved = parts.reserve.kept;
    if (parts.maxPages !== undefined) this.#limit(parts.maxPages);
  }

  get reserved(): Reserved {
    return this.#reserved;
  }

  get isOut(): boolean {
    return this.#reserved === 'out';
  }

  /** The disk is full: removes the reserve, so that what must still be written has space. */
  giveBack(): void {
    const { db, reserve, maxPages, octets = 0 } = this.#p;
    this.#reserved = 'out';
    reserve.release();
    if (maxPages !== undefined) this.#limit(maxPages + Math.ceil(octets / shapeOf(db).pageOctets));
  }

  /**
   * So much of it is to lie on the disk. False if it is not as it was when that was asked: the disk
   * may have become full meanwhile, and then it may be what locks and deletions need.
   */
  keep(now: Reserved, wanted: Exclude<Reserved, 'out'>): boolean {
    if (now !== this.#reserved) return false;
    const { db, reserve, maxPages } = this.#p;
    if (this.isOut && maxPages !== undefined) {
      if ((db.pragma('page_count', { simple: true }) as number) > maxPages) return false;
      this.#limit(maxPages);
    }
    if (!reserve.keep(wanted)) return false;
    this.#reserved = wanted;
    return true;
  }

  #limit(pages: number): void {
    this.#p.db.pragma(`max_page_count = ${pages}`);
  }
}
