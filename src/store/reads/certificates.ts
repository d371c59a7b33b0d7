/**
 * Reads of certificates that were issued or imported, and of those that are registered for login
 * alone.
 */
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import { foldLogin } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import type { AccountCertificate, CertificateQuery, CertificateUse, RevokedCertificate } from '../certificates.ts';
import { type Row, as, bytes, flag, int, json, optional, orNull, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const CERTIFICATE = {
  fingerprint: text,
  issuer: text,
  serial: text,
  authority: optional(int),
  account: as<AccountId>(int),
  login: text,
  use: as<CertificateUse>(text),
  subject: text,
  emails: json<readonly string[]>(),
  replaces: optional(text),
  notBefore: time,
  notAfter: time,
  der: orNull(bytes),
  revokedAt: orNull(time),
  reason: orNull(text),
  warned: optional(int),
  createdAt: time,
  replaced: flag,
  keyHeld: flag,
  registered: flag,
};
const ISSUED = words(`SELECT c.fingerprint, c.issuer, c.serial, c.authority, c.account, a.login, c.use, c.subject,
  c.emails, c.replaces, c.not_before, c.not_after, c.der, c.revoked_at, c.reason, c.warned, c.created_at,
  EXISTS (SELECT 1 FROM certificate n WHERE n.replaces = c.fingerprint AND n.revoked_at IS NULL) AS replaced,
  EXISTS (SELECT 1 FROM certificate_key k WHERE k.fingerprint = c.fingerprint) AS key_held, false AS registered
  FROM certificate c JOIN account a ON a.id = c.account`);
/**
 * Certificates that are registered for login and stand in no other table: of each the latest
 * registration. Kept of them is only their description and when they end. A certificate of the same
 * account with the same description that ends later replaces one.
 */
const REGISTERED =
  words(`SELECT c.fingerprint, '' AS issuer, c.fingerprint AS serial, CAST(NULL AS bigint) AS authority, c.account,
  a.login, 'login' AS use, c.about AS subject, '[]' AS emails, NULL AS replaces, c.not_before, c.not_after,
  CAST(NULL AS bytea) AS der, c.revoked_at, NULL AS reason, c.warned, c.created_at,
  EXISTS (SELECT 1 FROM client_certificate n WHERE n.account = c.account AND n.about = c.about AND n.revoked_at IS NULL
    AND n.not_after > c.not_after) AS replaced,
  false AS key_held, true AS registered FROM client_certificate c JOIN account a ON a.id = c.account
  WHERE NOT EXISTS (SELECT 1 FROM certificate k WHERE k.fingerprint = c.fingerprint)
  AND c.id = (SELECT max(m.id) FROM client_certificate m WHERE m.fingerprint = c.fingerprint)`);

const REVOKED = { fingerprint: text, serial: text, revokedAt: time, reason: orNull(text) };

const limitOf = (limit: number): number => Math.min(1000, Math.max(1, Math.trunc(limit)));

export class CertificateReads {
  /**
   * Certificates by serial number or fingerprint, in any notation; several if two issuers used one
   * serial number.
   */
  *findCertificates(_now: Now, name: string): Change<readonly AccountCertificate[]> {
    const folded = name.replace(/[:\s]/g, '').toLowerCase();
    const wanted = folded.length === 64 ? folded : folded.replace(/^0+/, '');
    const issued = yield* sql.all(
      CERTIFICATE,
    )`${ISSUED} WHERE c.fingerprint = ${wanted} OR c.serial = ${wanted} LIMIT 10`;
    const registered = yield* sql.all(CERTIFICATE)`${REGISTERED} AND c.fingerprint = ${wanted}`;
    return [...issued, ...registered].map(recordOf);
  }

  *listCertificates(_now: Now, query: CertificateQuery): Change<readonly AccountCertificate[]> {
    const { after, endsFrom, login, endsBefore = Number.MAX_SAFE_INTEGER } = query;
    const limit = limitOf(query.limit);
    const end = after?.notAfter ?? (endsFrom === undefined ? -1 : endsFrom - 1);
    // 'g' is behind every fingerprint: hexadecimal ends at f.
    const fingerprint = after?.fingerprint ?? 'g';
    if (login === undefined) {
      const rows = yield* sql.all(CERTIFICATE)`
        ${ISSUED} WHERE (c.not_after, c.fingerprint) > (${end}, ${fingerprint}) AND c.not_after < ${endsBefore}
        UNION ALL ${REGISTERED} AND (c.not_after, c.fingerprint) > (${end}, ${fingerprint}) AND c.not_after < ${endsBefore}
        ORDER BY not_after, fingerprint LIMIT ${limit}`;
      return rows.map(recordOf);
    }
    // The plus sign keeps SQLite from using the index of the ends: an account's few are sorted
    // instead. By that index they would be looked for among all, 15 ms for each account of 20,000.
    const whose = foldLogin(login) ?? '';
    const rows = yield* sql.all(CERTIFICATE)`
      ${ISSUED} WHERE c.account = (SELECT id FROM account WHERE login = ${whose})
        AND (+c.not_after, c.fingerprint) > (${end}, ${fingerprint}) AND +c.not_after < ${endsBefore}
      UNION ALL ${REGISTERED} AND c.account = (SELECT id FROM account WHERE login = ${whose})
        AND (+c.not_after, c.fingerprint) > (${end}, ${fingerprint}) AND +c.not_after < ${endsBefore}
      ORDER BY not_after, fingerprint LIMIT ${limit}`;
    return rows.map(recordOf);
  }

  /**
   * For all of our authorities: how many certificates are revoked, and when the last one was.
   * Another answer means that their lists are old.
   */
  *revocations(_now: Now): Change<{ readonly count: number; readonly latest: Instant | null }> {
    return yield* sql.one({ count: int, latest: orNull(as<Instant>(int)) })`
      SELECT count(*) AS count, max(revoked_at) AS latest FROM certificate WHERE authority IS NOT NULL AND revoked_at IS NOT NULL`;
  }

  /**
   * Revoked certificates of one authority of ours, or of all others (`'others'`), that end after
   * `endsAfter`, by fingerprint.
   */
  *listRevoked(
    _now: Now,
    authority: number | 'others',
    page: { readonly limit: number; readonly after?: string; readonly endsAfter: Instant },
  ): Change<readonly RevokedCertificate[]> {
    const { after = '', endsAfter } = page;
    const limit = limitOf(page.limit);
    // Two statements: PostgreSQL seeks no index with IS NOT DISTINCT FROM.
    const rows =
      authority === 'others'
        ? yield* sql.all(REVOKED)`
            SELECT fingerprint, serial, revoked_at, reason FROM certificate WHERE authority IS NULL AND revoked_at IS NOT NULL
               AND fingerprint > ${after} AND not_after > ${endsAfter} ORDER BY fingerprint LIMIT ${limit}`
        : yield* sql.all(REVOKED)`
            SELECT fingerprint, serial, revoked_at, reason FROM certificate WHERE authority = ${authority} AND revoked_at IS NOT NULL
               AND fingerprint > ${after} AND not_after > ${endsAfter} ORDER BY fingerprint LIMIT ${limit}`;
    return rows.map(({ fingerprint, serial, revokedAt: at, reason }) => ({
      fingerprint,
      serial,
      at,
      reason: reason ?? UNSPECIFIED,
    }));
  }
}

const UNSPECIFIED = 'unspecified';

interface Revocable {
  readonly revokedAt: Instant | null;
  readonly reason: string | null;
}

export const revocationOf = ({ revokedAt: at, reason }: Revocable): { at: Instant; reason: string } | undefined =>
  at === null ? undefined : { at, reason: reason ?? UNSPECIFIED };

const recordOf = ({ der, revokedAt, reason, registered, ...row }: Row<typeof CERTIFICATE>): AccountCertificate => ({
  ...row,
  der: der ?? new Uint8Array(0),
  ...defined({ revoked: revocationOf({ revokedAt, reason }), registered: registered ? (true as const) : undefined }),
});
