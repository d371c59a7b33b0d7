/** Reads rows of the audit trail, in the reader thread. What is above the mark of the search tables is read row by row: a thousand or so at most. */
import type Database from 'better-sqlite3';
import type { Db } from './database.ts';
import { readMarks } from './search-tables.ts';

export interface TrailRow {
  readonly seq: bigint;
  readonly at: bigint;
  readonly event: string;
  readonly outcome: 'success' | 'failure';
  readonly message: bigint | null;
  readonly account: bigint | null;
  readonly facts: string;
  readonly commitment: Uint8Array | null;
  readonly hash: Uint8Array;
  readonly salt: Uint8Array | null;
  readonly personal: string | null;
}

export const TRAIL = `SELECT a.seq, a.at, a.event, a.outcome, a.message, a.account, a.facts, a.commitment, a.hash, a.salt, a.personal FROM audit a`;

/** The message and what was made of it for some recipients. */
const OF_MESSAGE = 'message IN (SELECT ? UNION ALL SELECT id FROM message WHERE copy_of = ?)';

type Rows<P extends unknown[]> = Database.Statement<P, TrailRow>;
/** What is asked for, the range of rows, how many. */
type Of<K extends unknown[]> = Rows<[...K, bigint, bigint, number]>;

export class TrailReader {
  readonly #marks: ReturnType<typeof readMarks>;
  readonly #all: Rows<[number, number]>;
  readonly #account: { readonly found: Of<[number]>; readonly above: Of<[number]> };
  readonly #message: { readonly found: Of<[bigint, bigint]>; readonly above: Of<[bigint, bigint]> };

  constructor(db: Db) {
    const rows = <P extends unknown[]>(from: string): Rows<P> =>
      db.prepare<P, TrailRow>(`${TRAIL} ${from} LIMIT ?`).safeIntegers(true);
    this.#marks = readMarks(db);
    this.#all = rows('WHERE a.seq >= ? ORDER BY a.seq');
    const range = 'seq >= ? AND seq <= ?';
    this.#account = {
      found: rows(
        `JOIN (SELECT seq FROM audit_of_account WHERE account = ? AND ${range}) f ON f.seq = a.seq ORDER BY f.seq`,
      ),
      above: rows(`WHERE account = ? AND ${range} ORDER BY a.seq`),
    };
    this.#message = {
      found: rows(
        `JOIN (SELECT seq FROM audit_of_message WHERE ${OF_MESSAGE} AND ${range}) f ON f.seq = a.seq ORDER BY f.seq`,
      ),
      above: rows(`WHERE ${OF_MESSAGE} AND ${range} ORDER BY a.seq`),
    };
  }

  /** Row by row from there on, which may be any. */
  from(seq: number, limit: number): TrailRow[] {
    return this.#all.all(seq, limit);
  }

  ofAccount(account: number, from: number, limit: number): TrailRow[] {
    return this.#both(this.#account, [account], from, limit);
  }

  ofMessage(message: bigint, from: number, limit: number): TrailRow[] {
    return this.#both(this.#message, [message, message], from, limit);
  }

  #both<K extends unknown[]>(of: { found: Of<K>; above: Of<K> }, sought: K, from: number, limit: number): TrailRow[] {
    const { seq } = this.#marks();
    const first = BigInt(from);
    const rows = first > seq ? [] : of.found.all(...sought, first, seq, limit);
    if (rows.length === limit) return rows;
    const above = of.above.all(...sought, first > seq ? first : seq + 1n, LAST, limit - rows.length);
    return [...rows, ...above];
  }
}

const LAST = (1n << 63n) - 1n;
