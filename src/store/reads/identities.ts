/** Reads of which operator belongs to which subject of an OpenID provider. */
import { MAX_OPERATORS } from '../../domain/second-person.ts';
import type { IdentityRecord } from '../console.ts';
import { optional, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const IDENTITY = {
  id: text,
  operator: text,
  issuer: text,
  subject: text,
  addedAt: time,
  lastUsedAt: time,
  endedAt: optional(time),
};
/** Those of operators who have ended are shown up to as many again. */
const MOST = 2 * MAX_OPERATORS;

export class IdentityReads {
  /** Identities that are not released, newest first. */
  *list(_now: Now): Change<readonly IdentityRecord[]> {
    return yield* sql.all(IDENTITY)`
      SELECT i.id, o.name AS operator, i.issuer, i.subject, i.added_at, i.last_used_at, o.ended_at
        FROM operator_identity i JOIN operator o ON o.id = i.operator
       WHERE i.released_at IS NULL ORDER BY i.added_at DESC, i.id LIMIT ${MOST}`;
  }
}
