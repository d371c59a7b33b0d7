/**
 * Carries a SQLite store over to an empty database of PostgreSQL: all rows, so that ids, UIDLs, the
 * trail with its hashes, anchors and evidence are the same afterwards. The gateway is stopped, and
 * its data folder locked throughout.
 *
 *   1  tables of PostgreSQL, and whose store is coming
 *   2  rows, table by table, a page a transaction, with how far it has come: cut short it goes on from there
 *   3  every row is read again on both sides, and each table must come to the same digest
 *   4  sluis.db becomes sluis-moved.db, which nobody serves
 *   5  the last facts, and a row of the trail; from now on the database is a store
 *
 * A crash between 4 and 5 leaves no store at all, and the next run takes up at 3: two stores that
 * both serve there are at no moment. Keys stay where they are: the key folder serves the new store
 * as it served the old one.
 */
import { randomBytes } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import type { Actor } from '../actor.ts';
import type { ChangingConnection } from '../postgres/connection.ts';
import { carryAll } from './carry.ts';
import { type Found, beginAnew, claim } from './claim.ts';
import { compareAll } from './compare.ts';
import { finish } from './finish.ts';
import { Source, type SourceOptions } from './source.ts';
import { movedTables } from './tables.ts';

export type MovePhase = 'carried' | 'compared';

export interface MoveOptions extends SourceOptions {
  /**
   * To the primary, as the owner of the tables. Its deadline for an answer must leave time for a
   * page of 4 MiB.
   */
  readonly connection: ChangingConnection;
  /** The role that the gateway runs as: whether it may use the tables is looked at. */
  readonly running: string;
  readonly actor: Actor;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly random?: RandomBytes;
  /** `rows` of `of`. */
  readonly told: (what: MovePhase, rows: number, of: number) => void;
  /** For tests: before each page, and before each step that a crash could come before. */
  readonly step?: (what: string) => void;
}

export interface Moved {
  readonly tables: number;
  readonly rows: number;
  readonly digest: string;
  /** What a move before this one had left there. */
  readonly found: Found;
  /** Where the old database is. */
  readonly kept: string;
}

/**
 * Rejects with StoreRefused, and leaves the SQLite store as it was, where the two cannot be brought
 * together or differ. May be run again.
 */
export async function moveStore(options: MoveOptions): Promise<Moved> {
  const { connection, actor, at, random = randomBytes, step = () => undefined } = options;
  const source = Source.open(options);
  try {
    source.checkPages();
    const found = await claim(connection, source, options);
    const tables = await movedTables(source.db, connection);
    if (found === 'an older part') await beginAnew(connection, source, tables);
    const of = tables.reduce((sum, { rows }) => sum + rows, 0);
    const count = (what: MovePhase): ((rows: number) => void) => {
      let done = 0;
      return (rows) => options.told(what, (done += rows), of);
    };
    await carryAll(source.db, tables, { connection, step, told: count('carried') });
    const compared = await compareAll(source.db, tables, { connection, told: count('compared') });
    const facts = source.facts();
    step('rename');
    const kept = source.rename();
    step('finish');
    await finish(facts, tables, { connection, at, salt: random(32), actor, compared });
    return { tables: tables.length, found, kept, ...compared };
  } finally {
    source.close();
  }
}
