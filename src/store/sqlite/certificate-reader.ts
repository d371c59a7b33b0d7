/** Reads registrations of client certificates, in the reader thread. */
import type Database from 'better-sqlite3';
import type { AccountId } from '../../domain/ids.ts';
import type { RegisteredCertificate } from '../../domain/registry.ts';
import { instant } from '../../domain/units.ts';
import type { CertificateRecord } from '../registry.ts';
import type { Db } from './database.ts';

interface Row {
  readonly id: number;
  readonly account: number;
  readonly name: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly about: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly created_at: number;
  readonly revoked_at: number | null;
  readonly last_used_at: number | null;
}

const COLUMNS =
  'c.id, c.account, c.name, c.key, c.fingerprint, c.about, c.not_before, c.not_after, c.created_at, c.revoked_at, c.last_used_at';
/** Rows of one account that a listing shows; revoked ones pile up slowly. */
const MOST = 1000;

const certificateOf = (row: Row): RegisteredCertificate => ({
  id: row.id,
  account: row.account as AccountId,
  name: row.name,
  key: row.key,
  fingerprint: row.fingerprint,
  about: row.about,
  notBefore: instant(row.not_before),
  notAfter: instant(row.not_after),
  createdAt: instant(row.created_at),
  ...(row.revoked_at === null ? {} : { revokedAt: instant(row.revoked_at) }),
  ...(row.last_used_at === null ? {} : { lastUsedAt: instant(row.last_used_at) }),
});

export class CertificateReader {
  readonly #byKey: Database.Statement<[string], Row & { login: string }>;
  readonly #byFingerprint: Database.Statement<[string], Row & { login: string }>;
  readonly #ofAccount: Database.Statement<[number, number], Row>;

  constructor(db: Db) {
    const joined = `SELECT ${COLUMNS}, a.login FROM client_certificate c JOIN account a ON a.id = c.account`;
    // Valid ones first, then the newest: NULL sorts before every number.
    const order = 'ORDER BY c.revoked_at IS NOT NULL, c.id DESC LIMIT 1';
    this.#byKey = db.prepare(`${joined} WHERE c.key = ? ${order}`);
    this.#byFingerprint = db.prepare(`${joined} WHERE c.fingerprint = ? ${order}`);
    this.#ofAccount = db.prepare(
      `SELECT ${COLUMNS} FROM client_certificate c WHERE c.account = ? ORDER BY c.id DESC LIMIT ?`,
    );
  }

  find(keys: readonly string[]): CertificateRecord | undefined {
    const [first = ''] = keys;
    const itself = this.#byFingerprint.get(first.replace(/^fp:/, ''));
    const rows = keys.flatMap((key) => this.#byKey.get(key) ?? []);
    // What was revoked itself stays out, although its names may meet another registration.
    const row =
      itself !== undefined && itself.revoked_at !== null
        ? itself
        : (rows.find((r) => r.revoked_at === null) ?? rows[0]);
    return row === undefined ? undefined : { login: row.login, certificate: certificateOf(row) };
  }

  /** Oldest first. */
  of(account: number): readonly RegisteredCertificate[] {
    return this.#ofAccount.all(account, MOST).reverse().map(certificateOf);
  }
}
