/** What a move of an account, or its end, would do, and which are under way, in the reader thread. */
import type Database from 'better-sqlite3';
import type { AccountId } from '../../domain/ids.ts';
import { octets } from '../../domain/units.ts';
import type { EndTies } from '../organisation-ties.ts';
import { RegistryError } from '../registry.ts';
import { AccountTiesFinder, type WantedMove } from './account-ties.ts';
import type { Db } from './database.ts';
import type { ReaderWork } from './reader-protocol.ts';
import { Statements } from './statements.ts';
import { NOWHERE, TieFinder } from './tie-finder.ts';

/** Entries that one step looks at: some milliseconds. */
const STEP = 1000;

export class AccountMoveReader {
  readonly #finder: AccountTiesFinder;
  readonly #ties: TieFinder;
  readonly #entries: Database.Statement<[number, number, number], { uid: number; octets: number; at: number }>;
  readonly #pending: Database.Statement<[], { source: AccountId; target: AccountId }>;

  constructor(db: Db) {
    const sql = new Statements(db);
    this.#finder = new AccountTiesFinder(sql);
    this.#ties = new TieFinder(sql);
    this.#entries = db.prepare(
      `SELECT e.uid, e.octets, m.received_at AS at FROM entry e JOIN message m ON m.id = e.message
         WHERE e.account = ? AND e.uid > ? ORDER BY e.uid LIMIT ?`,
    );
    this.#pending = db.prepare('SELECT source, target FROM account_move');
  }

  ties(wanted: WantedMove, at: number): ReaderWork['moveTies']['out'] {
    try {
      const moving = this.#finder.moving(wanted, at);
      return { account: moving.id, ties: this.#finder.ties(moving, at) };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return { error: error.kind, message: error.message };
    }
  }

  endTies(account: number, at: number): EndTies {
    return {
      certificates: this.#ties.issued(account, at),
      delegations: this.#ties.delegations(account, NOWHERE).map(({ address, login }) => ({ address, login })),
    };
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
