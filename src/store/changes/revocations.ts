/**
 * Parts of changes: revoke certificates that were issued or imported. The caller touches the
 * accounts.
 */
import type { NewAccountCertificate } from '../certificates.ts';
import type { NewCertificate } from '../registry.ts';
import type { Actor } from '../actor.ts';
import { int, json, text, time } from '../sql/columns.ts';
import { among, locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { keysOf } from './mail-keys.ts';
import { MAX_NAME, block } from './registrations.ts';

const REVOCABLE = {
  fingerprint: text,
  serial: text,
  account: int,
  subject: text,
  notBefore: time,
  notAfter: time,
  emails: json<readonly string[]>(),
};

/**
 * Revokes those that are not revoked yet. Returns their accounts, each once. Memories of them are
 * forgotten.
 */
export function* revokeIssued(
  context: ChangeContext,
  fingerprints: readonly string[],
  reason: string,
  actor: Actor,
): Change<{ readonly revoked: number; readonly accounts: readonly number[] }> {
  const rows = yield* revokeAll(context, fingerprints, reason);
  yield* context.recordAll(rows, actor);
  return { revoked: rows.length, accounts: [...new Set(rows.map(({ account }) => account))] };
}

/** Does the same, and returns the audit rows to be written, in the order of the list. */
export function* revokeAll(
  context: ChangeContext,
  fingerprints: readonly string[],
  reason: string,
): Change<readonly (TrailRow & { readonly account: number })[]> {
  const rows = yield* sql.all(REVOCABLE)`
    SELECT fingerprint, serial, account, subject, not_before, not_after, emails FROM certificate
     WHERE fingerprint ${among(text, fingerprints)} AND revoked_at IS NULL ORDER BY fingerprint ${locked}`;
  if (rows.length === 0) return [];
  const byPrint = new Map(rows.map((row) => [row.fingerprint, row]));
  const found = [...new Set(fingerprints)].flatMap((fingerprint) => byPrint.get(fingerprint) ?? []);
  yield* sql.run`
    UPDATE certificate SET revoked_at = ${context.at}, reason = ${reason} WHERE fingerprint ${among(text, [...byPrint.keys()])}`;
  // Refused whatever registration it may meet, by names too: from this commit on it opens nothing.
  yield* block(
    context,
    found.map((row) => ({ account: row.account, ...registrationOf(row) })),
  );
  context.tellMail(found.flatMap(({ emails }) => keysOf(emails)));
  context.tellTrust();
  return found.map(({ fingerprint, serial, account }) => ({
    event: 'certificate.revoked',
    account,
    facts: { fingerprint, serial, why: reason },
  }));
}

/** How a certificate of ours stands among those that an account may log in with. */
export const registrationOf = ({
  fingerprint,
  serial,
  subject,
  notBefore,
  notAfter,
}: Pick<NewAccountCertificate, 'fingerprint' | 'serial' | 'subject' | 'notBefore' | 'notAfter'>): NewCertificate => ({
  // Two issuers may use one serial number. A number that is longer than RFC 5280 section 4.1.2.2
  // allows, and than a name may be, is shortened to its end.
  name: `${serial.slice(8 + 1 - MAX_NAME)}-${fingerprint.slice(0, 8)}`,
  key: `fp:${fingerprint}`,
  fingerprint,
  about: subject,
  notBefore,
  notAfter,
});
