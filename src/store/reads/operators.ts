/** Reads of operators and of what waits for a second of them. */
import { MAX_OPERATORS, MAX_REQUESTS, type SecondPersonVerb } from '../../domain/second-person.ts';
import type { ApprovalRecord, OperatorRecord } from '../operators.ts';
import { type Row, as, bytes, optional, text, time } from '../sql/columns.ts';
import { among } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const OPERATOR = { name: text, fingerprint: text, publicKey: bytes, addedAt: time };
const REQUEST = {
  id: text,
  operation: text,
  verb: as<SecondPersonVerb>(text),
  input: text,
  askedBy: text,
  reason: text,
  askedAt: time,
  endsAt: time,
  usedAt: optional(time),
};
const SIGNATURE = { approval: text, fingerprint: text, at: time, signature: bytes };

export class OperatorReads {
  /** Those that are registered, by name; at most MAX_OPERATORS. */
  *list(_now: Now): Change<readonly OperatorRecord[]> {
    return yield* sql.all(OPERATOR)`
      SELECT name, fingerprint, public_key, added_at FROM operator WHERE removed_at IS NULL ORDER BY name LIMIT ${MAX_OPERATORS}`;
  }

  *request(_now: Now, id: string): Change<ApprovalRecord | undefined> {
    return yield* requestOf(id);
  }

  /** Those that wait, oldest first. */
  *waiting({ at }: Now): Change<readonly ApprovalRecord[]> {
    return yield* withSignatures(
      yield* sql.all(REQUEST)`
        SELECT id, operation, verb, input, asked_by, reason, asked_at, ends_at, used_at FROM approval
         WHERE ends_at > ${at} AND used_at IS NULL ORDER BY ends_at, id LIMIT ${MAX_REQUESTS}`,
    );
  }
}

export function* requestOf(id: string): Change<ApprovalRecord | undefined> {
  const rows = yield* sql.all(REQUEST)`
    SELECT id, operation, verb, input, asked_by, reason, asked_at, ends_at, used_at FROM approval WHERE id = ${id}`;
  return (yield* withSignatures(rows))[0];
}

/** Signatures in the order in which they came. */
function* withSignatures(rows: readonly Row<typeof REQUEST>[]): Change<readonly ApprovalRecord[]> {
  const ids = rows.map(({ id }) => id);
  const found = yield* sql.all(SIGNATURE)`
    SELECT approval, fingerprint, at, signature FROM approval_signature WHERE approval ${among(text, ids)} ORDER BY at, fingerprint`;
  return rows.map((row) => ({
    ...row,
    signatures: found
      .filter(({ approval }) => approval === row.id)
      .map(({ fingerprint, at, signature }) => ({ fingerprint, at, signature })),
  }));
}
