/** Reads of EDI identities and of the memory of interchanges, in the reader thread. */
import type Database from 'better-sqlite3';
import { formatIdentity } from '../../domain/edi-identity.ts';
import type { Db } from './database.ts';
import type { EdiIdentityInput, EdiIdentityRow, InterchangeRow } from './reader-protocol.ts';

export class EdiReader {
  readonly #ofAccount: Database.Statement<[number], EdiIdentityRow>;
  readonly #all: Database.Statement<[string, string, number], EdiIdentityRow>;
  readonly #ofOrganisation: Database.Statement<[string, string, string, number], EdiIdentityRow>;
  readonly #ofId: Database.Statement<[string, string, string, number], EdiIdentityRow>;
  readonly #interchanges: Database.Statement<[number, number], InterchangeRow>;

  constructor(db: Db) {
    const columns = 'SELECT i.id, i.qualifier, o.name AS organisation, h.login';
    const joins = 'JOIN organisation o ON o.id = i.organisation LEFT JOIN account h ON h.id = i.account';
    // While an organisation goes over, its identities are the other one's, and some of its accounts are not yet.
    this.#ofAccount = db.prepare(
      `${columns} FROM account a JOIN organisation own ON own.id = a.organisation
         JOIN edi_identity i ON i.organisation = coalesce(own.merged_into, own.id) ${joins}
         WHERE a.id = ? AND (i.account IS NULL OR i.account = a.id) ORDER BY i.id, i.qualifier`,
    );
    const page = <P extends unknown[]>(where: string): Database.Statement<P, EdiIdentityRow> =>
      db.prepare<P, EdiIdentityRow>(
        `${columns} FROM edi_identity i ${joins} WHERE ${where} ORDER BY i.id, i.qualifier LIMIT ?`,
      );
    this.#all = page('(i.id, i.qualifier) > (?, ?)');
    this.#ofOrganisation = page('o.name = ? AND (i.id, i.qualifier) > (?, ?)');
    this.#ofId = page('i.id = ? AND (i.id, i.qualifier) > (?, ?)');
    this.#interchanges = db.prepare(
      'SELECT seq, at, reference, messages, held FROM interchange WHERE seq > ? ORDER BY seq LIMIT ?',
    );
  }

  identitiesOf(account: number): readonly string[] {
    return this.#ofAccount.all(account).map(formatIdentity);
  }

  page({ limit, afterId, afterQualifier, organisation, id }: EdiIdentityInput): readonly EdiIdentityRow[] {
    if (id !== null) return this.#ofId.all(id, afterId, afterQualifier, limit);
    return organisation === null
      ? this.#all.all(afterId, afterQualifier, limit)
      : this.#ofOrganisation.all(organisation, afterId, afterQualifier, limit);
  }

  interchanges(after: number, limit: number): readonly InterchangeRow[] {
    return this.#interchanges.all(after, limit);
  }
}
