/** Reads of the break-glass account of the console. */
import type { Role } from '../../domain/roles.ts';
import type { BreakGlassRecord } from '../console.ts';
import { as, bytes, optional, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const RECORD = { role: as<Role>(text), sealed: bytes, madeAt: time, triedAt: optional(time) };

export class BreakGlassReads {
  /** The account's secrets; undefined: there is none that lets anybody in now. */
  *record({ at }: Now): Change<BreakGlassRecord | undefined> {
    return yield* sql.first(RECORD)`
      SELECT o.role, b.sealed, b.made_at, b.tried_at FROM break_glass b JOIN operator o ON o.id = b.operator
       WHERE o.ended_at IS NULL AND (o.ends_at IS NULL OR o.ends_at > ${at})`;
  }
}
