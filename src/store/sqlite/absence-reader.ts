/** Reads of absences and consents, in the reader thread. */
import type Database from 'better-sqlite3';
import type { Absence, AbsenceMode } from '../../domain/absence.ts';
import type { Address } from '../../domain/address.ts';
import { instant } from '../../domain/units.ts';
import type { AddressAbsence, Consent } from '../absences.ts';
import type { Db } from './database.ts';

interface AbsenceRow {
  readonly address: Address;
  readonly from_at: number;
  readonly until_at: number;
  readonly mode: AbsenceMode;
  readonly substitute: Address | null;
}
interface ConsentRow {
  readonly substitute: Address;
  readonly address: Address;
  readonly given_at: number;
}

export interface AbsencePage {
  readonly limit: number;
  readonly afterKey: string;
  readonly afterFrom: number;
  readonly key: string | null;
  readonly endsAfter: number;
}

const absenceOf = (row: AbsenceRow): Absence => ({
  from: instant(row.from_at),
  until: instant(row.until_at),
  mode: row.mode,
  ...(row.substitute === null ? {} : { substitute: row.substitute }),
});

export class AbsenceReader {
  readonly #ahead: Database.Statement<[string, number], AbsenceRow>;
  readonly #page: Database.Statement<[string, number, number, number], AbsenceRow>;
  readonly #pageOf: Database.Statement<[string, number, number, number], AbsenceRow>;
  readonly #consents: Database.Statement<[string, string], ConsentRow>;

  constructor(db: Db) {
    const absences = `SELECT d.address, b.from_at, b.until_at, b.mode, s.address AS substitute
      FROM absence b JOIN address d ON d.key = b.key LEFT JOIN address s ON s.key = b.substitute`;
    this.#ahead = db.prepare(`${absences} WHERE b.key = ? AND b.until_at > ? ORDER BY b.from_at`);
    this.#page = db.prepare(
      `${absences} WHERE (b.key, b.from_at) > (?, ?) AND b.until_at > ? ORDER BY b.key, b.from_at LIMIT ?`,
    );
    this.#pageOf = db.prepare(
      `${absences} WHERE b.key = ? AND b.from_at > ? AND b.until_at > ? ORDER BY b.from_at LIMIT ?`,
    );
    this.#consents = db.prepare(
      `SELECT s.address AS substitute, d.address, c.given_at
         FROM substitute_consent c JOIN address s ON s.key = c.substitute JOIN address d ON d.key = c.key
        WHERE c.key = ? OR c.substitute = ? ORDER BY c.substitute, c.key LIMIT 1000`,
    );
  }

  /** Those that are not over at `at`. */
  ahead(key: string, at: number): readonly Absence[] {
    return this.#ahead.all(key, at).map(absenceOf);
  }

  page({ limit, afterKey, afterFrom, key, endsAfter }: AbsencePage): readonly AddressAbsence[] {
    const rows =
      key === null
        ? this.#page.all(afterKey, afterFrom, endsAfter, limit)
        : this.#pageOf.all(key, afterKey === '' ? -1 : afterFrom, endsAfter, limit);
    return rows.map((row) => ({ address: row.address, ...absenceOf(row) }));
  }

  consents(key: string): readonly Consent[] {
    return this.#consents
      .all(key, key)
      .map((row) => ({ substitute: row.substitute, address: row.address, givenAt: instant(row.given_at) }));
  }
}
