/** Reads of registrations: certificates that accounts log in with. */
import type { AccountId } from '../../domain/ids.ts';
import type { RegisteredCertificate } from '../../domain/registry.ts';
import type { CertificateRecord } from '../registry.ts';
import { as, int, optional, text, time } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

const REGISTERED = {
  id: int,
  account: as<AccountId>(int),
  name: text,
  key: text,
  fingerprint: text,
  about: text,
  notBefore: time,
  notAfter: time,
  createdAt: time,
  revokedAt: optional(time),
  lastUsedAt: optional(time),
};
const COLUMNS = words(
  'c.id, c.account, c.name, c.key, c.fingerprint, c.about, c.not_before, c.not_after, c.created_at, c.revoked_at, c.last_used_at',
);
/** Rows of one account that a listing shows; revoked ones pile up slowly. */
const MOST = 1000;

/**
 * A registration by the keys of one certificate: first its own, then those of its names. A valid
 * one comes before one that is not.
 */
export function* registrationFor(keys: readonly string[]): Change<CertificateRecord | undefined> {
  const [first = ''] = keys;
  // Valid ones first, then the newest.
  const itself = yield* sql.first({ ...REGISTERED, login: text })`
      SELECT ${COLUMNS}, a.login FROM client_certificate c JOIN account a ON a.id = c.account
       WHERE c.fingerprint = ${first.replace(/^fp:/, '')} ORDER BY c.revoked_at IS NOT NULL, c.id DESC LIMIT 1`;
  const found = yield* sql.all({ ...REGISTERED, login: text })`
      SELECT ${COLUMNS}, a.login FROM client_certificate c JOIN account a ON a.id = c.account
       WHERE c.key ${among(text, keys)}
         AND (c.revoked_at IS NULL OR c.id = (SELECT max(m.id) FROM client_certificate m WHERE m.key = c.key))
       ORDER BY c.revoked_at IS NOT NULL, c.id DESC`;
  const rows = keys.flatMap((key) => found.find((row) => row.key === key) ?? []);
  // A certificate that was revoked itself stays out, although its names may meet another
  // registration.
  const row =
    itself?.revokedAt === undefined ? (rows.find(({ revokedAt }) => revokedAt === undefined) ?? rows[0]) : itself;
  if (row === undefined) return undefined;
  const { login, ...certificate } = row;
  return { login, certificate };
}

/** Registrations of these accounts, the oldest of each first. */
export function* certificatesOf(accounts: readonly number[]): Change<readonly RegisteredCertificate[]> {
  return yield* sql.all(REGISTERED)`
    SELECT id, account, name, key, fingerprint, about, not_before, not_after, created_at, revoked_at, last_used_at FROM (
      SELECT c.*, row_number() OVER (PARTITION BY c.account ORDER BY c.id DESC) AS nth FROM client_certificate c
       WHERE c.account ${among(int, accounts)}) w
     WHERE nth <= ${MOST} ORDER BY account, id`;
}
