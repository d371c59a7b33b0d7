/** Lists maildrops in the reader thread, as flat arrays, which go over without being copied. */
import { UidlColumn } from '../changes/uidls.ts';
import { type ListingData, RECEIPT, RETRIEVED } from '../core/engine.ts';
import type { Db } from './database.ts';
import type { Outgoing } from './outgoing.ts';
import { type Sql, sqlOf } from './statements.ts';

/** [uid, octets, uidl, retrieved, receipt] */
type ListedRow = [number, number, Buffer, number, number];

export class ListingReader {
  readonly #sql: Sql;

  constructor(db: Db) {
    this.#sql = sqlOf(db);
  }

  /** The `expected` entries of a mailbox that lie below a uid. */
  list(out: Outgoing, account: number, below: number, expected: number): ListingData {
    const uids = new Float64Array(expected);
    const sizes = new Float64Array(expected);
    const column = new UidlColumn(expected);
    const flags = new Uint8Array(expected);
    let count = 0;
    for (const [uid, size, uidl, retrieved, receipt] of this.#sql.raw.each<ListedRow>`
      SELECT uid, octets, uidl, retrieved, receipt FROM entry WHERE account = ${account} AND uid < ${below} ORDER BY uid`) {
      if (count === expected) break;
      uids[count] = uid;
      sizes[count] = size;
      column.add(uidl);
      flags[count] = (retrieved > 0 ? RETRIEVED : 0) | (receipt > 0 ? RECEIPT : 0);
      count += 1;
    }
    const { uidls, ends: uidlEnds } = column;
    out.give(uids, sizes, uidls, flags);
    if (uidlEnds !== null) out.give(uidlEnds);
    return { count, uids, sizes, uidls, uidlEnds, flags };
  }
}
