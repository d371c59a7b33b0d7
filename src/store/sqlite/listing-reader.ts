/** Lists maildrops in the reader thread, as flat arrays, which go over without being copied. */
import type { ListingData } from '../core/engine.ts';
import { Listed } from '../core/listed.ts';
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
    const listed = new Listed(expected);
    for (const [uid, size, uidl, retrieved, receipt] of this.#sql.raw.each<ListedRow>`
      SELECT uid, octets, uidl, retrieved, receipt FROM entry WHERE account = ${account} AND uid < ${below} ORDER BY uid`) {
      if (listed.left === 0) break;
      listed.add(uid, size, uidl, retrieved, receipt);
    }
    const { data } = listed;
    out.give(data.uids, data.sizes, data.uidls, data.flags);
    if (data.uidlEnds !== null) out.give(data.uidlEnds);
    return data;
  }
}
