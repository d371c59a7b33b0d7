/** Extends the audit chain inside the writer's transactions. */
import { BEFORE_ALL, chainHash, commitmentOf } from '../../crypto/trail/audit-chain.ts';
import type { AuditItem, ChainHead } from '../../domain/audit-row.ts';
import type { AuditMark } from '../audit.ts';
import type { Db } from './database.ts';
import { type Sql, sqlOf } from './statements.ts';

export class AuditWriter {
  readonly #db: Db;
  readonly #sql: Sql;
  readonly #told: (item: AuditItem) => void;
  #head: ChainHead;

  /** `told`: called for each row. */
  constructor(db: Db, told: (item: AuditItem) => void = () => undefined) {
    this.#told = told;
    this.#db = db;
    this.#sql = sqlOf(db);
    const last = this.#sql.first<ChainHead>`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`;
    this.#head = last ?? BEFORE_ALL;
  }

  /**
   * Head of the chain. The caller keeps it at the start of a transaction or savepoint, and sets it
   * again after a rollback.
   */
  get head(): ChainHead {
    return this.#head;
  }

  rewind(head: ChainHead): void {
    this.#head = head;
  }

  /** Returns the number of the row. */
  append(item: AuditItem): number {
    const seq = this.#head.seq + 1;
    const commitment = item.personal === null || item.salt === null ? null : commitmentOf(item.salt, item.personal);
    const hash = chainHash(this.#head.hash, { ...item, seq, commitment });
    const { at, event, outcome, message, account, facts } = item;
    const [salt, personal] = commitment === null ? [null, null] : [item.salt, item.personal];
    this.#sql.run`INSERT INTO audit (seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal)
      VALUES (${seq}, ${at}, ${event}, ${outcome}, ${message}, ${account}, ${facts}, ${commitment}, ${hash}, ${salt}, ${personal})`;
    this.#head = { seq, hash };
    this.#told(item);
    return seq;
  }

  appendAll(items: readonly AuditItem[]): void {
    for (const item of items) this.append(item);
  }

  /** Returns how many had personal fields. */
  erasePersonal(seqs: readonly number[], mark: AuditMark | null): number {
    let erased = 0;
    // Without this the octets of a long row that was erased stay in the file, in pages that are
    // free now.
    this.#db.pragma('secure_delete = ON');
    try {
      for (const seq of seqs)
        erased += this.#sql
          .run`UPDATE audit SET personal = NULL, salt = NULL WHERE seq = ${seq} AND personal IS NOT NULL`;
    } finally {
      this.#db.pragma('secure_delete = FAST');
    }
    if (mark !== null)
      this.#sql.run`INSERT INTO fact (name, value) VALUES (${mark.name}, ${mark.seq})
        ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`;
    return erased;
  }
}
