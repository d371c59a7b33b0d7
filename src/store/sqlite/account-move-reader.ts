/** What a move of an account would take along of its mail, and which are under way, in the reader thread. */
import type Database from 'better-sqlite3';
import type { AccountId } from '../../domain/ids.ts';
import { octets } from '../../domain/units.ts';
import type { Db } from './database.ts';
import type { ReaderWork } from './reader-protocol.ts';

/** Entries that one step looks at: some milliseconds. */
const STEP = 1000;

export class AccountMoveReader {
  readonly #entries: Database.Statement<[number, number, number], { uid: number; octets: number; at: number }>;
  readonly #pending: Database.Statement<[], { source: AccountId; target: AccountId }>;

  constructor(db: Db) {
    this.#entries = db.prepare(
      `SELECT e.uid, e.octets, m.received_at AS at FROM entry e JOIN message m ON m.id = e.message
         WHERE e.account = ? AND e.uid > ? ORDER BY e.uid LIMIT ?`,
    );
    this.#pending = db.prepare('SELECT source, target FROM account_move');
  }

  share({ account, since, after }: ReaderWork['moveShare']['in']): ReaderWork['moveShare']['out'] {
    const rows = this.#entries.all(account, after, STEP);
    const sum = (of: typeof rows): { messages: number; octets: number } => ({
      messages: of.length,
      octets: octets(of.reduce((total, row) => total + row.octets, 0)),
    });
    return {
      moved: sum(rows.filter(({ at }) => at >= since)),
      left: sum(rows.filter(({ at }) => at < since)),
      next: rows.length < STEP ? null : (rows.at(-1)?.uid ?? null),
    };
  }

  pending(): ReaderWork['pendingMoves']['out'] {
    return this.#pending.all();
  }
}
