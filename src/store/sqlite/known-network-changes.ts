/** Writes which networks accounts are known from, in the writer. */
import type Database from 'better-sqlite3';
import { NETWORKS_OF_ACCOUNT } from '../registry.ts';
import type { Db } from './database.ts';
import type { WriterAnswer, WriterWork } from './writer-protocol.ts';

export class KnownNetworkChanges {
  readonly #set: Database.Statement;
  readonly #forget: Database.Statement;

  constructor(db: Db) {
    this.#set = db.prepare(
      'INSERT INTO known_network (account, network, at) VALUES (?,?,?) ON CONFLICT (account, network) DO UPDATE SET at = max(at, excluded.at)',
    );
    this.#forget = db.prepare(
      `DELETE FROM known_network WHERE account = ? AND network NOT IN
         (SELECT network FROM known_network WHERE account = ? ORDER BY at DESC, network LIMIT ${NETWORKS_OF_ACCOUNT})`,
    );
  }

  note({ account, network, at }: Omit<Extract<WriterWork, { kind: 'known-network' }>, 'kind'>): WriterAnswer {
    this.#set.run(account, network, at);
    this.#forget.run(account, account);
    return { kind: 'done' };
  }
}
