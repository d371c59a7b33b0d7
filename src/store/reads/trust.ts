/**
 * What the roads of the mail and logins ask of authorities and certificates: through memories,
 * which ask here.
 */
import type { AddressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import { isMailCapability } from '../../domain/mail-capability.ts';
import {
  type AuthorityRecord,
  type AuthorityRole,
  type CapabilitySource,
  MAX_MAIL_CERTIFICATES,
  type MailRecord,
} from '../certificates.ts';
import type { CertificateRecord } from '../registry.ts';
import { as, bytes, flag, int, json, optional, orNull, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { revocationOf } from './certificates.ts';
import { registrationFor } from './client-certificates.ts';

const AUTHORITY = {
  id: int,
  role: as<AuthorityRole>(text),
  fingerprint: text,
  notAfter: time,
  current: flag,
  crlNumber: int,
  der: bytes,
};
const MAIL = {
  fingerprint: text,
  account: as<AccountId>(int),
  der: bytes,
  sealed: optional(bytes),
  revokedAt: orNull(time),
  reason: orNull(text),
};
const NOTED = { source: as<CapabilitySource>(text), capabilities: json<readonly string[]>(), notedAt: time };
const MOST_AUTHORITIES = 1000;

export class TrustReads {
  *authorities(_now: Now): Change<readonly AuthorityRecord[]> {
    return yield* sql.all(AUTHORITY)`
      SELECT id, role, fingerprint, not_after, current, crl_number, der FROM authority ORDER BY id LIMIT ${MOST_AUTHORITIES}`;
  }

  /** The registration that one of the keys of a certificate meets. */
  *registration(_now: Now, keys: readonly string[]): Change<CertificateRecord | undefined> {
    return yield* registrationFor(keys);
  }

  *mail(_now: Now, key: AddressKey): Change<MailRecord> {
    const rows = yield* sql.all(MAIL)`
      SELECT c.fingerprint, c.account, c.der, k.sealed, c.revoked_at, c.reason
        FROM certificate_address a JOIN certificate c ON c.fingerprint = a.fingerprint
        LEFT JOIN certificate_key k ON k.fingerprint = a.fingerprint
       WHERE a.key = ${key} ORDER BY c.not_before DESC, c.not_after DESC, c.fingerprint LIMIT ${MAX_MAIL_CERTIFICATES}`;
    // 'operator' sorts before 'seen'.
    const noted = yield* sql.first(NOTED)`
      SELECT source, capabilities, noted_at FROM mail_capability WHERE key = ${key} ORDER BY source LIMIT 1`;
    const certificates = rows.map(({ fingerprint, account, der, sealed, ...row }) => ({
      fingerprint,
      account,
      der,
      ...defined({ sealedKey: sealed, revoked: revocationOf(row) }),
    }));
    if (noted === undefined) return { certificates };
    const { source, capabilities, notedAt: at } = noted;
    // A newer node of the same store may know more names.
    return { certificates, capabilities: { source, names: capabilities.filter(isMailCapability), at } };
  }
}
