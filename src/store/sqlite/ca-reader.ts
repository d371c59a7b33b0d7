/** Reads of authorities and certificates, in the reader thread. */
import type { AccountId } from '../../domain/ids.ts';
import { isMailCapability } from '../../domain/mail-capability.ts';
import { instant } from '../../domain/units.ts';
import type {
  AuthorityRecord,
  AuthorityRole,
  AccountCertificate,
  CapabilitySource,
  CertificateUse,
  MailRecord,
  RevokedCertificate,
} from '../certificates.ts';
import { MAX_MAIL_CERTIFICATES } from '../certificates.ts';
import type { Db } from './database.ts';
import { Statements } from './statements.ts';

interface CertificateRow {
  readonly fingerprint: string;
  readonly issuer: string;
  readonly serial: string;
  readonly authority: number | null;
  readonly account: number;
  readonly login: string;
  readonly use: CertificateUse;
  readonly subject: string;
  readonly emails: string;
  readonly replaces: string | null;
  readonly not_before: number;
  readonly not_after: number;
  readonly der: Uint8Array;
  readonly revoked_at: number | null;
  readonly reason: string | null;
  readonly warned: number | null;
  readonly created_at: number;
  readonly replaced: number;
  readonly key_held: number;
  readonly registered: number;
}

interface MailRow {
  readonly fingerprint: string;
  readonly account: number;
  readonly der: Uint8Array;
  readonly sealed: Uint8Array | null;
  readonly revoked_at: number | null;
  readonly reason: string | null;
}

export interface CertificatesInput {
  readonly limit: number;
  readonly afterEnd: number;
  readonly afterFingerprint: string;
  readonly login: string | null;
  readonly endsBefore: number;
}

const CERTIFICATE = `SELECT c.fingerprint, c.issuer, c.serial, c.authority, c.account, a.login, c.use, c.subject, c.emails, c.replaces, c.not_before, c.not_after,
  c.der, c.revoked_at, c.reason, c.warned, c.created_at,
  EXISTS (SELECT 1 FROM certificate n WHERE n.replaces = c.fingerprint AND n.revoked_at IS NULL) AS replaced,
  EXISTS (SELECT 1 FROM certificate_key k WHERE k.fingerprint = c.fingerprint) AS key_held, 0 AS registered
  FROM certificate c JOIN account a ON a.id = c.account`;
/**
 * Those that are registered for log-in and stand in no other table: of each the latest registration. All that is kept of them is what people read
 * and when they end. One of the same account that says the same of its owner and ends later takes its place.
 */
const REGISTERED = `SELECT c.fingerprint, '' AS issuer, c.fingerprint AS serial, NULL AS authority, c.account, a.login, 'login' AS use, c.about AS subject,
  '[]' AS emails, NULL AS replaces, c.not_before, c.not_after, x'' AS der, c.revoked_at, NULL AS reason, c.warned, c.created_at,
  EXISTS (SELECT 1 FROM client_certificate n WHERE n.account = c.account AND n.about = c.about AND n.revoked_at IS NULL AND n.not_after > c.not_after) AS replaced,
  0 AS key_held, 1 AS registered
  FROM client_certificate c JOIN account a ON a.id = c.account
  WHERE NOT EXISTS (SELECT 1 FROM certificate k WHERE k.fingerprint = c.fingerprint)
  AND c.id = (SELECT max(m.id) FROM client_certificate m WHERE m.fingerprint = c.fingerprint)`;
const BY_END = '(c.not_after, c.fingerprint) > (?, ?) AND c.not_after < ?';
const ALL_BY_END = `${CERTIFICATE} WHERE ${BY_END} UNION ALL ${REGISTERED} AND ${BY_END} ORDER BY not_after, fingerprint LIMIT ?`;
/** Plus: an account's few are sorted. By the index of the ends they would be looked for among all, 15 ms for each account of 20,000. */
const ONES = `c.account = (SELECT id FROM account WHERE login = ?)
  AND (+c.not_after, c.fingerprint) > (?, ?) AND +c.not_after < ?`;
const ONES_BY_END = `${CERTIFICATE} WHERE ${ONES} UNION ALL ${REGISTERED} AND ${ONES} ORDER BY not_after, fingerprint LIMIT ?`;
const MOST_AUTHORITIES = 1000;

const recordOf = (row: CertificateRow): AccountCertificate => ({
  fingerprint: row.fingerprint,
  issuer: row.issuer,
  serial: row.serial,
  ...(row.authority === null ? {} : { authority: row.authority }),
  account: row.account as AccountId,
  login: row.login,
  use: row.use,
  subject: row.subject,
  emails: JSON.parse(row.emails) as readonly string[],
  notBefore: instant(row.not_before),
  notAfter: instant(row.not_after),
  der: row.der,
  ...(row.replaces === null ? {} : { replaces: row.replaces }),
  createdAt: instant(row.created_at),
  ...(row.revoked_at === null ? {} : { revoked: { at: instant(row.revoked_at), reason: row.reason ?? 'unspecified' } }),
  ...(row.warned === null ? {} : { warned: row.warned }),
  replaced: row.replaced === 1,
  keyHeld: row.key_held === 1,
  ...(row.registered === 1 ? { registered: true as const } : {}),
});

export class CaReader {
  readonly #sql: Statements;

  constructor(db: Db) {
    this.#sql = new Statements(db);
  }

  authorities(): readonly AuthorityRecord[] {
    const rows = this.#sql.all(
      'SELECT id, role, fingerprint, not_after, current, crl_number, der FROM authority ORDER BY id LIMIT ?',
      MOST_AUTHORITIES,
    ) as {
      id: number;
      role: AuthorityRole;
      fingerprint: string;
      not_after: number;
      current: number;
      crl_number: number;
      der: Uint8Array;
    }[];
    return rows.map((row) => ({
      id: row.id,
      role: row.role,
      fingerprint: row.fingerprint,
      notAfter: instant(row.not_after),
      current: row.current === 1,
      crlNumber: row.crl_number,
      der: row.der,
    }));
  }

  named(name: string): readonly AccountCertificate[] {
    const rows = this.#sql.all(`${CERTIFICATE} WHERE c.fingerprint = ? OR c.serial = ? LIMIT 10`, name, name);
    const registered = this.#sql.all(`${REGISTERED} AND c.fingerprint = ?`, name);
    return ([...rows, ...registered] as CertificateRow[]).map(recordOf);
  }

  certificates({
    limit,
    afterEnd,
    afterFingerprint,
    login,
    endsBefore,
  }: CertificatesInput): readonly AccountCertificate[] {
    const page = [...(login === null ? [] : [login]), afterEnd, afterFingerprint, endsBefore];
    const rows = this.#sql.all(login === null ? ALL_BY_END : ONES_BY_END, ...page, ...page, limit);
    return (rows as CertificateRow[]).map(recordOf);
  }

  revoked(authority: number | null, after: string, endsAfter: number, limit: number): readonly RevokedCertificate[] {
    const rows = this.#sql.all(
      `SELECT fingerprint, serial, revoked_at, reason FROM certificate
         WHERE authority IS ? AND revoked_at IS NOT NULL AND fingerprint > ? AND not_after > ? ORDER BY fingerprint LIMIT ?`,
      authority,
      after,
      endsAfter,
      limit,
    ) as { fingerprint: string; serial: string; revoked_at: number; reason: string | null }[];
    return rows.map((row) => ({
      fingerprint: row.fingerprint,
      serial: row.serial,
      at: instant(row.revoked_at),
      reason: row.reason ?? 'unspecified',
    }));
  }

  /** What is known of a folded address for mail. */
  mail(key: string): MailRecord {
    const rows = this.#sql.all(
      `SELECT c.fingerprint, c.account, c.der, k.sealed, c.revoked_at, c.reason
         FROM certificate_address a JOIN certificate c ON c.fingerprint = a.fingerprint
         LEFT JOIN certificate_key k ON k.fingerprint = a.fingerprint
         WHERE a.key = ? ORDER BY c.not_before DESC, c.not_after DESC, c.fingerprint LIMIT ?`,
      key,
      MAX_MAIL_CERTIFICATES,
    ) as MailRow[];
    // 'operator' sorts before 'seen'.
    const noted = this.#sql.get(
      'SELECT source, capabilities, noted_at FROM mail_capability WHERE key = ? ORDER BY source LIMIT 1',
      key,
    ) as { source: CapabilitySource; capabilities: string; noted_at: number } | undefined;
    return {
      certificates: rows.map((row) => ({
        fingerprint: row.fingerprint,
        account: row.account as AccountId,
        der: row.der,
        ...(row.sealed === null ? {} : { sealedKey: row.sealed }),
        ...(row.revoked_at === null
          ? {}
          : { revoked: { at: instant(row.revoked_at), reason: row.reason ?? 'unspecified' } }),
      })),
      ...(noted === undefined
        ? {}
        : {
            capabilities: {
              source: noted.source,
              // A newer node of the same store may know more names.
              names: (JSON.parse(noted.capabilities) as string[]).filter(isMailCapability),
              at: instant(noted.noted_at),
            },
          }),
    };
  }
}
