/** Extends the audit chain inside the writer's transactions. */
import type Database from 'better-sqlite3';
import { BEFORE_ALL, chainHash, commitmentOf } from '../../crypto/audit-chain.ts';
import type { ChainHead } from '../../domain/audit-row.ts';
import type { Db } from './database.ts';
import type { AuditItem } from './writer-protocol.ts';

export class AuditWriter {
  readonly #insert: Database.Statement;
  readonly #erase: Database.Statement;
  #head: ChainHead;

  constructor(db: Db) {
    this.#insert = db.prepare(
      'INSERT INTO audit (seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal) VALUES (?,?,?,?,?,?,?,?,?,?,?)',
    );
    this.#erase = db.prepare(
      'UPDATE audit SET personal = NULL, salt = NULL WHERE seq IN (SELECT seq FROM audit WHERE at < ? AND personal IS NOT NULL LIMIT 5000)',
    );
    const last = db.prepare<[], ChainHead>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get();
    this.#head = last ?? BEFORE_ALL;
  }

  /** Kept by the caller at the start of a transaction or savepoint, and given back after a rollback. */
  get head(): ChainHead {
    return this.#head;
  }

  rewind(head: ChainHead): void {
    this.#head = head;
  }

  append(item: AuditItem): void {
    const seq = this.#head.seq + 1;
    const commitment = item.personal === null || item.salt === null ? null : commitmentOf(item.salt, item.personal);
    const hash = chainHash(this.#head.hash, { ...item, seq, commitment });
    this.#insert.run(
      seq,
      item.at,
      item.event,
      item.outcome,
      item.message,
      item.account,
      item.facts,
      commitment,
      hash,
      commitment === null ? null : item.salt,
      commitment === null ? null : item.personal,
    );
    this.#head = { seq, hash };
  }

  appendAll(items: readonly AuditItem[]): void {
    for (const item of items) this.append(item);
  }

  /** Erases personal fields before `at`, a bounded number of rows; returns how many. */
  erasePersonal(before: number): number {
    return this.#erase.run(before).changes;
  }
}
