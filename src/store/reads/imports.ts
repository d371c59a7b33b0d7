/** Reads of what was taken over from another server. */
import type { AccountId } from '../../domain/ids.ts';
import { text } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const MOST_UIDLS = 10_000;

export class ImportReads {
  /**
   * UIDLs that were imported for the account, also of messages that are gone, in order of their
   * text. At most 10,000 a page.
   */
  *uidls(
    _now: Now,
    account: AccountId,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Change<readonly string[]> {
    const rows = yield* sql.all({ uidl: text })`
      SELECT uidl FROM imported WHERE account = ${account} AND uidl > ${after} ORDER BY uidl LIMIT ${Math.min(limit, MOST_UIDLS)}`;
    return rows.map(({ uidl }) => uidl);
  }
}
