/** Reads of EDI identities and of the memory of interchanges. */
import { formatIdentity } from '../../domain/edi-identity.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { IdentityQuery, RegisteredIdentity } from '../edi-identities.ts';
import { type Row, bytes, flag, int, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';

const IDENTITY = { id: text, qualifier: text, organisation: text, login: optional(text) };
const IDENTITIES = words(`
  SELECT i.id, i.qualifier, o.name AS organisation, h.login FROM edi_identity i
    JOIN organisation o ON o.id = i.organisation LEFT JOIN account h ON h.id = i.account`);
const INTERCHANGE = { seq: int, at: time, reference: bytes, messages: bytes, held: flag };

export class EdiReads {
  *listIdentities(_now: Now, { limit, after, organisation, id }: IdentityQuery): Change<readonly RegisteredIdentity[]> {
    const most = limitOf({ limit });
    const [afterId, afterQualifier] = [after?.id ?? '', after?.qualifier ?? ''];
    if (id !== undefined)
      return yield* sql.all(IDENTITY)`
        ${IDENTITIES} WHERE i.id = ${id} AND (i.id, i.qualifier) > (${afterId}, ${afterQualifier}) ORDER BY i.id, i.qualifier LIMIT ${most}`;
    if (organisation !== undefined)
      return yield* sql.all(IDENTITY)`
        ${IDENTITIES} WHERE o.name = ${organisation} AND (i.id, i.qualifier) > (${afterId}, ${afterQualifier})
        ORDER BY i.id, i.qualifier LIMIT ${most}`;
    return yield* sql.all(IDENTITY)`
      ${IDENTITIES} WHERE (i.id, i.qualifier) > (${afterId}, ${afterQualifier}) ORDER BY i.id, i.qualifier LIMIT ${most}`;
  }
}

/** Reads that the caches in front of the store ask for. */
export class EdiMemoryReads {
  /**
   * EDI ids of the account as `ID` or `ID:QUALIFIER`: its own and those of its whole organisation.
   */
  *identitiesOf(_now: Now, account: AccountId): Change<readonly string[]> {
    // While an organisation is being merged, its identities belong to the other one already, and
    // some of its accounts not yet.
    const rows = yield* sql.all({ id: text, qualifier: text })`
      SELECT i.id, i.qualifier FROM account a JOIN organisation own ON own.id = a.organisation
        JOIN edi_identity i ON i.organisation = coalesce(own.merged_into, own.id)
       WHERE a.id = ${account} AND (i.account IS NULL OR i.account = a.id) ORDER BY i.id, i.qualifier`;
    return rows.map(formatIdentity);
  }

  /** A step through the memory of interchanges, oldest first. */
  *interchanges(_now: Now, after: number, limit: number): Change<readonly Row<typeof INTERCHANGE>[]> {
    return yield* sql.all(INTERCHANGE)`
      SELECT seq, at, reference, messages, held FROM interchange WHERE seq > ${after} ORDER BY seq LIMIT ${limit}`;
  }
}
