/** Reads of OpenPGP keys, in the reader thread. */
import type { AccountId } from '../../domain/ids.ts';
import { instant } from '../../domain/units.ts';
import { MAX_PGP_KEYS, type PgpKeyRecord, type PgpMailKey, type Revoked } from '../pgp-keys.ts';
import type { Db } from './database.ts';
import { Statements } from './statements.ts';

interface TimesRow {
  readonly made_at: number;
  readonly encrypts_until: number;
  readonly signs_until: number;
  readonly revoked_at: number | null;
  readonly reason: string | null;
}

interface MailRow extends TimesRow {
  readonly fingerprint: string;
  readonly account: number;
  readonly packets: Uint8Array;
  readonly sealed: Uint8Array | null;
}

interface RecordRow extends TimesRow {
  readonly fingerprint: string;
  readonly account: number;
  readonly login: string;
  readonly algorithm: string;
  readonly user_ids: string;
  readonly emails: string;
  readonly packets: Uint8Array;
  readonly added_at: number;
  readonly key_held: number;
}

export interface PgpKeysInput {
  readonly limit: number;
  readonly after: string;
  readonly login: string | null;
  /** Milliseconds; both belong to it. */
  readonly endsFrom: number;
  readonly endsTo: number;
}

const RECORD = `SELECT k.fingerprint, k.account, a.login, k.algorithm, k.user_ids, k.emails, k.made_at, k.encrypts_until, k.signs_until,
  k.packets, k.added_at, k.revoked_at, k.reason, EXISTS (SELECT 1 FROM pgp_secret s WHERE s.fingerprint = k.fingerprint) AS key_held
  FROM pgp_key k JOIN account a ON a.id = k.account`;

const timesOf = (row: TimesRow) => ({
  createdAt: instant(row.made_at),
  encryptsUntil: instant(row.encrypts_until),
  signsUntil: instant(row.signs_until),
  ...(row.revoked_at === null
    ? {}
    : { revoked: { at: instant(row.revoked_at), reason: row.reason ?? 'unspecified' } satisfies Revoked }),
});

const recordOf = (row: RecordRow): PgpKeyRecord => ({
  fingerprint: row.fingerprint,
  account: row.account as AccountId,
  login: row.login,
  algorithm: row.algorithm,
  userIds: JSON.parse(row.user_ids) as string[],
  emails: JSON.parse(row.emails) as string[],
  packets: row.packets,
  addedAt: instant(row.added_at),
  keyHeld: row.key_held === 1,
  ...timesOf(row),
});

export class PgpReader {
  readonly #sql: Statements;

  constructor(db: Db) {
    this.#sql = new Statements(db);
  }

  mail(key: string): readonly PgpMailKey[] {
    const rows = this.#sql.all(
      `SELECT k.fingerprint, k.account, k.packets, s.sealed, k.made_at, k.encrypts_until, k.signs_until, k.revoked_at, k.reason
         FROM pgp_key_address a JOIN pgp_key k ON k.fingerprint = a.fingerprint
         LEFT JOIN pgp_secret s ON s.fingerprint = a.fingerprint
         WHERE a.key = ? ORDER BY k.made_at DESC, k.fingerprint LIMIT ?`,
      key,
      MAX_PGP_KEYS,
    ) as MailRow[];
    return rows.map((row) => ({
      fingerprint: row.fingerprint,
      account: row.account as AccountId,
      packets: row.packets,
      ...(row.sealed === null ? {} : { sealedKey: row.sealed }),
      ...timesOf(row),
    }));
  }

  /** By the whole of its fingerprint, or the end of it: version 4 keys are called by their last 16 digits. */
  named(name: string): readonly PgpKeyRecord[] {
    const rows =
      name.length === 16
        ? this.#sql.all(`${RECORD} WHERE substr(k.fingerprint, -16) = ? LIMIT 10`, name)
        : this.#sql.all(`${RECORD} WHERE k.fingerprint = ?`, name);
    return (rows as RecordRow[]).map(recordOf);
  }

  page({ limit, after, login, endsFrom, endsTo }: PgpKeysInput): readonly PgpKeyRecord[] {
    const where = 'k.fingerprint > ? AND k.encrypts_until BETWEEN ? AND ? ORDER BY k.fingerprint LIMIT ?';
    const asked = [after, endsFrom, endsTo, limit];
    const rows =
      login === null
        ? this.#sql.all(`${RECORD} WHERE ${where}`, ...asked)
        : this.#sql.all(`${RECORD} WHERE a.login = ? AND ${where}`, login, ...asked);
    return (rows as RecordRow[]).map(recordOf);
  }

  secret(fingerprint: string): Uint8Array | undefined {
    const row = this.#sql.get('SELECT sealed FROM pgp_secret WHERE fingerprint = ?', fingerprint) as
      { sealed: Uint8Array } | undefined;
    return row?.sealed;
  }
}
