/** Compares a database that was written again with the one that it was made from. */
import { isDeepStrictEqual } from 'node:util';
import { BEFORE_ALL, followOn, isBroken } from '../../crypto/trail/audit-chain.ts';
import type { ChainHead, ChainRow } from '../../domain/audit-row.ts';
import { factsOf } from './copy-facts.ts';
import { type Db, isOldShape, openReading, shapeOf } from './database.ts';

export interface CompareJob {
  readonly kind: 'compare';
  readonly from: string;
  readonly to: string;
}

export interface Compared {
  readonly tables: number;
  readonly rows: number;
}

/**
 * Throws if they differ: in tables or indexes, in how many rows a table has, in facts, in the end
 * of the trail; or where the new one is not whole.
 */
export function compare({ from, to }: CompareJob): Compared {
  const old = openReading(from);
  const made = openReading(to);
  try {
    const found = made.pragma('integrity_check(1)') as { integrity_check: string }[];
    if (found[0]?.integrity_check !== 'ok')
      throw new Error(`the new file is damaged (${found[0]?.integrity_check ?? 'no answer'})`);
    if (made.pragma('journal_mode', { simple: true }) !== 'wal' || isOldShape(shapeOf(made)))
      throw new Error('the new file has not the form of a new one');
    const [schema, same] = [schemaOf(old), schemaOf(made)];
    if (!isDeepStrictEqual(schema, same)) throw new Error('the new file has other tables or indexes');
    if (!isDeepStrictEqual(factsOf(old), factsOf(made))) throw new Error('the new file tells other facts of itself');
    let rows = 0;
    const tables = schema.filter(({ type }) => type === 'table').map(({ name }) => name);
    for (const table of tables) {
      const [before, after] = [old, made].map((db) => countOf(db, table)) as [number, number];
      if (before !== after)
        throw new Error(`table ${table} has ${after} rows in the new file and ${before} in the old`);
      rows += after;
    }
    const trail = [old, made].map(headOf);
    if (!isDeepStrictEqual(trail[0], trail[1])) throw new Error('the audit trail of the new file is another');
    return { tables: tables.length, rows };
  } finally {
    old.close();
    made.close();
  }
}

const schemaOf = (db: Db): readonly { type: string; name: string; sql: string | null }[] =>
  db
    .prepare<[], { type: string; name: string; sql: string | null }>(
      'SELECT type, name, sql FROM sqlite_schema ORDER BY type, name',
    )
    .all();

const countOf = (db: Db, table: string): number =>
  db.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get() ?? 0;

interface RawRow extends Omit<ChainRow, 'seq' | 'at' | 'account'> {
  readonly seq: bigint;
  readonly at: bigint;
  readonly account: bigint | null;
}

/**
 * Follows the chain row by row; returns its end, or the first row that does not hold: a trail that
 * was broken before stays as it is.
 */
function headOf(db: Db): unknown {
  const rows = db
    .prepare<[], RawRow>(
      'SELECT seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal FROM audit ORDER BY seq',
    )
    .safeIntegers(true);
  let head: ChainHead = BEFORE_ALL;
  for (const row of rows.iterate()) {
    const account = row.account === null ? null : Number(row.account);
    const next = followOn(head, { ...row, seq: Number(row.seq), at: Number(row.at), account });
    if (isBroken(next)) return next;
    head = next;
  }
  return { seq: head.seq, hash: Buffer.from(head.hash).toString('hex') };
}
