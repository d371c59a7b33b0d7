/** Reads of whose accounts were before, in the reader thread. */
import type Database from 'better-sqlite3';
import type { FormerAccount, FormerOrganisation } from '../organisation-merge.ts';
import type { Db } from './database.ts';
import type { FormerInput } from './reader-protocol.ts';

export class MergeReader {
  readonly #former: Database.Statement<[string, number, number, number], FormerAccount>;
  readonly #organisations: Database.Statement<[number], FormerOrganisation>;
  readonly #from: Database.Statement<[number], number>;

  constructor(db: Db) {
    this.#former = db.prepare(
      `SELECT f.account, a.login, f.until_seq AS untilSeq, f.until_at AS until,
         coalesce((SELECT max(e.until_seq) FROM former_organisation e WHERE e.account = f.account AND e.until_seq < f.until_seq), 0) AS fromSeq,
         (SELECT n.name FROM organisation n WHERE n.id = coalesce(
            (SELECT l.organisation FROM former_organisation l WHERE l.account = f.account AND l.until_seq > f.until_seq ORDER BY l.until_seq LIMIT 1),
            a.organisation)) AS organisation
       FROM organisation o JOIN former_organisation f ON f.organisation = o.id JOIN account a ON a.id = f.account
       WHERE o.name = ? AND (f.account, f.until_seq) > (?, ?) ORDER BY f.account, f.until_seq LIMIT ?`,
    );
    this.#organisations = db.prepare(
      `SELECT o.name AS organisation, f.until_seq AS untilSeq FROM former_organisation f JOIN organisation o ON o.id = f.organisation
       WHERE f.account = ? ORDER BY f.until_seq`,
    );
    this.#from = db
      .prepare<[number], number>(
        'SELECT until_seq FROM former_organisation WHERE account = ? ORDER BY until_seq DESC LIMIT 1',
      )
      .pluck();
  }

  former({ organisation, afterAccount, afterSeq, limit }: FormerInput): readonly FormerAccount[] {
    return this.#former.all(organisation, afterAccount, afterSeq, limit);
  }

  organisations(account: number): readonly FormerOrganisation[] {
    return this.#organisations.all(account);
  }

  trailFrom(account: number): number {
    return this.#from.get(account) ?? 0;
  }
}
