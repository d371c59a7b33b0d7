/**
 * Lists maildrops from PostgreSQL, a page at a time: a mailbox of 100,000 entries must not hold the
 * gateway's thread.
 */
import type { EngineListings, ListingData } from '../core/engine.ts';
import { Listed } from '../core/listed.ts';
import { type Column, bytes, int } from '../sql/columns.ts';
import { sql } from '../sql/sql.ts';
import type { Read } from './contents.ts';

/** Rows of a page, which the driver and this file work off in 2 to 4 ms. */
const PAGE = 1000;

/** `pg` gives octets as a Buffer. */
const octets = bytes as Column<Buffer>;
const LISTED = { uid: int, octets: int, uidl: octets, retrieved: int, receipt: int };

export class PostgresListings implements EngineListings {
  readonly #read: Read;

  constructor(read: Read) {
    this.#read = read;
  }

  /**
   * The `expected` entries of a mailbox that lie below a uid. Between two pages none is removed:
   * the caller has locked the maildrop.
   */
  async list(account: number, below: number, expected: number): Promise<ListingData> {
    const listed = new Listed(expected);
    let behind = 0;
    while (listed.left > 0) {
      const most = Math.min(PAGE, listed.left);
      const rows = await this.#read(pageOf(account, behind, below, most));
      for (const { uid, octets, uidl, retrieved, receipt } of rows) listed.add(uid, octets, uidl, retrieved, receipt);
      behind = rows.at(-1)?.uid ?? behind;
      if (rows.length < most) break;
    }
    return listed.data;
  }
}

const pageOf = (account: number, behind: number, below: number, most: number) => sql.all(LISTED)`
  SELECT uid, octets, uidl, retrieved, receipt FROM entry
   WHERE account = ${account} AND uid > ${behind} AND uid < ${below} ORDER BY uid LIMIT ${most}`;
