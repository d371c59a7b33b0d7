/** Reads of the organisations that accounts belonged to before. */
import type { AccountId } from '../../domain/ids.ts';
import type { FormerAccount, FormerOrganisation } from '../organisation-merge.ts';
import { as, int, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';

const FORMER = {
  account: as<AccountId>(int),
  login: text,
  untilSeq: int,
  until: time,
  fromSeq: int,
  organisation: text,
};

export interface FormerQuery {
  readonly organisation: string;
  /** 1 to 1000. */
  readonly limit: number;
  readonly after?: Pick<FormerAccount, 'account' | 'untilSeq'>;
}

export class FormerOrganisationReads {
  /** Accounts that left an organisation; in order of their numbers and of when they left. */
  *listFormerAccounts(_now: Now, { organisation, limit, after }: FormerQuery): Change<readonly FormerAccount[]> {
    return yield* sql.all(FORMER)`
      SELECT f.account, a.login, f.until_seq, f.until_at AS until,
        coalesce((SELECT max(e.until_seq) FROM former_organisation e WHERE e.account = f.account AND e.until_seq < f.until_seq), 0) AS from_seq,
        (SELECT n.name FROM organisation n WHERE n.id = coalesce(
           (SELECT l.organisation FROM former_organisation l WHERE l.account = f.account AND l.until_seq > f.until_seq ORDER BY l.until_seq LIMIT 1),
           a.organisation)) AS organisation
       FROM organisation o JOIN former_organisation f ON f.organisation = o.id JOIN account a ON a.id = f.account
      WHERE o.name = ${organisation} AND (f.account, f.until_seq) > (${after?.account ?? 0}, ${after?.untilSeq ?? 0})
      ORDER BY f.account, f.until_seq LIMIT ${limitOf({ limit })}`;
  }

  /** Earlier organisations of the account, each with its last row of the trail; oldest first. */
  *formerOrganisations(_now: Now, account: AccountId): Change<readonly FormerOrganisation[]> {
    return yield* sql.all({ organisation: text, untilSeq: int })`
      SELECT o.name AS organisation, f.until_seq FROM former_organisation f JOIN organisation o ON o.id = f.organisation
       WHERE f.account = ${account} ORDER BY f.until_seq`;
  }

  /**
   * The row of the trail with which the account became its organisation's; 0 where it was from the
   * beginning.
   */
  *trailFrom(_now: Now, account: AccountId): Change<number> {
    const row = yield* sql.first({ untilSeq: int })`
      SELECT until_seq FROM former_organisation WHERE account = ${account} ORDER BY until_seq DESC LIMIT 1`;
    return row?.untilSeq ?? 0;
  }
}
