/**
 * What this engine's writer does in its own way, beside the changes that are written once for all
 * engines: it files mail, and looks after its file. Plain methods, called as changes are; each is
 * given what it adds to that others remember or wait for.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AuditMark } from '../audit.ts';
import { makeDiscard } from '../../platform/discard.ts';
import type { AuditWriter } from './audit-writer.ts';
import { UNCHECKED, setFact } from './check-database.ts';
import type { Db } from './database.ts';
import type { Chunk, KeptRow, Unfiled } from '../core/engine.ts';
import type { Filing } from './filing.ts';
import type { KeptReserve } from './kept-reserve.ts';
import type { Reserved } from './reserve.ts';
import { type Sql, sqlOf } from './statements.ts';
import type { AcceptWork } from '../changes/accept-work.ts';
import type { ChangeEffects } from '../changes/changed.ts';

export class OwnMail {
  readonly #sql: Sql;
  readonly #filing: Filing;
  readonly #discard = makeDiscard();

  constructor(db: Db, filing: Filing) {
    this.#sql = sqlOf(db);
    this.#filing = filing;
  }

  /** Undefined: it was filed. */
  accept(changed: ChangeEffects, work: AcceptWork): Unfiled | undefined {
    return this.#filing.accept(changed, work);
  }

  sentRequest(_changed: ChangeEffects, key: Uint8Array, now: number): KeptRow | undefined {
    return this.#filing.sentRequest(key, now);
  }

  chunk(_changed: ChangeEffects, { id, n, sealed, tag, day, at }: Chunk): void {
    if (n === 0) {
      this.#filing.day(day);
      this.#sql.run`INSERT INTO upload (message, started_at) VALUES (${id}, ${at})`;
    }
    this.#sql.run`INSERT INTO chunk (message, n, sealed, tag) VALUES (${id}, ${n}, ${sealed}, ${tag})`;
    this.#filing.wrote(sealed);
    // A refused message is not tried again, as on a full disk, so its chunks are removed.
    this.#discard(sealed);
  }
}

export class OwnTrail {
  readonly #audit: AuditWriter;

  constructor(audit: AuditWriter) {
    this.#audit = audit;
  }

  append(_changed: ChangeEffects, items: readonly AuditItem[]): void {
    this.#audit.appendAll(items);
  }

  /** Returns how many had personal fields. */
  erasePersonal(_changed: ChangeEffects, seqs: readonly number[], mark: AuditMark | null): number {
    return this.#audit.erasePersonal(seqs, mark);
  }
}

export class OwnUpkeep {
  readonly #db: Db;
  readonly #reserve: Pick<KeptReserve, 'keep'>;

  constructor(db: Db, reserve: Pick<KeptReserve, 'keep'>) {
    this.#db = db;
    this.#reserve = reserve;
  }

  /** Changes nothing: its answer shows that the writer works. */
  alive(_changed: ChangeEffects): void {
    // Nothing.
  }

  /** Writes the figures that waited (its reach does so), since they are about to be read. */
  countUsage(_changed: ChangeEffects): void {
    // Nothing.
  }

  /** Every page of the database was read. */
  checked(_changed: ChangeEffects): void {
    setFact(this.#db, UNCHECKED, 0);
  }

  /** Changes the size of the reserve; false: it stays as it is. */
  keepReserve(_changed: ChangeEffects, now: Reserved, wanted: Exclude<Reserved, 'out'>): boolean {
    return this.#reserve.keep(now, wanted);
  }
}

export const OWN = { mail: OwnMail, trail: OwnTrail, upkeep: OwnUpkeep };
/** An instance of each class of changes, in the writer's thread. */
export type Own = { readonly [K in keyof typeof OWN]: InstanceType<(typeof OWN)[K]> };
