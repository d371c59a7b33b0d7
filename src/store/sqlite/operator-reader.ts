/** Reads of operators and of what waits for a second of them, in the reader thread. */
import { MAX_OPERATORS, MAX_REQUESTS, type SecondPersonVerb } from '../../domain/second-person.ts';
import { instant } from '../../domain/units.ts';
import type { ApprovalRecord, OperatorRecord } from '../operators.ts';
import type { Db } from './database.ts';
import { Statements } from './statements.ts';

interface RequestRow {
  readonly id: string;
  readonly operation: string;
  readonly verb: SecondPersonVerb;
  readonly input: string;
  readonly asked_by: string;
  readonly reason: string;
  readonly asked_at: number;
  readonly ends_at: number;
  readonly used_at: number | null;
}

export class OperatorReader {
  readonly #sql: Statements;

  constructor(db: Db) {
    this.#sql = new Statements(db);
  }

  operators(): readonly OperatorRecord[] {
    const rows = this.#sql.all(
      'SELECT name, fingerprint, public_key, added_at FROM operator WHERE removed_at IS NULL ORDER BY name LIMIT ?',
      MAX_OPERATORS,
    ) as { name: string; fingerprint: string; public_key: Uint8Array; added_at: number }[];
    return rows.map(({ name, fingerprint, public_key: publicKey, added_at: addedAt }) => ({
      ...{ name, fingerprint, publicKey },
      addedAt: instant(addedAt),
    }));
  }

  approval(id: string): ApprovalRecord | undefined {
    const row = this.#sql.get('SELECT * FROM approval WHERE id = ?', id) as RequestRow | undefined;
    return row === undefined ? undefined : this.#record(row);
  }

  waiting(at: number): readonly ApprovalRecord[] {
    const rows = this.#sql.all(
      'SELECT * FROM approval WHERE ends_at > ? AND used_at IS NULL ORDER BY ends_at, id LIMIT ?',
      at,
      MAX_REQUESTS,
    ) as RequestRow[];
    return rows.map((row) => this.#record(row));
  }

  #record({
    asked_by: askedBy,
    asked_at: askedAt,
    ends_at: endsAt,
    used_at: usedAt,
    ...row
  }: RequestRow): ApprovalRecord {
    const signatures = this.#sql.all(
      'SELECT fingerprint, at, signature FROM approval_signature WHERE approval = ? ORDER BY at, fingerprint',
      row.id,
    ) as { fingerprint: string; at: number; signature: Uint8Array }[];
    return {
      ...row,
      ...{ askedBy, askedAt: instant(askedAt), endsAt: instant(endsAt) },
      ...(usedAt === null ? {} : { usedAt: instant(usedAt) }),
      signatures: signatures.map(({ at, ...one }) => ({ ...one, at: instant(at) })),
    };
  }
}
