/**
 * Changes to the certificates of accounts; each with its audit row. Rows are never deleted, so that
 * a serial number is never used twice.
 *
 * They throw RegistryError: `exists` for a serial number that its issuer used before, `unknown`,
 * `ended` and `invalid` as in the registry.
 */
import { type KeptCertificate, MAX_MAIL_CERTIFICATES, MAX_REVOKED } from '../certificates.ts';
import { RegistryError } from '../registry.ts';
import { type Actor, THE_GATEWAY } from '../actor.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { keep, keyOfLogin, keysOf, noCertificate } from './mail-keys.ts';
import { type FoundAccount, accountNamed } from './registered.ts';
import { register } from './registrations.ts';
import { registrationOf, revokeIssued } from './revocations.ts';

export class CertificateChanges {
  /**
   * Adds certificates. One for login is registered for the account by its fingerprint in the same
   * transaction (`Registry.findCertificate`); one for mail is found by each of its `emails`, and
   * the gateway holds `sealedKey` from then on.
   */
  *addCertificate(
    context: ChangeContext,
    login: string,
    certificate: KeptCertificate,
    how: 'issued' | 'imported',
    actor: Actor,
  ): Change<void> {
    const account = holder(yield* accountNamed(context.at, login), login);
    yield* addTo(context, account, certificate, how, actor);
  }

  /** Revokes a certificate for good. From this commit on it no longer opens the account. */
  *revokeCertificate(context: ChangeContext, fingerprint: string, reason: string, actor: Actor): Change<void> {
    const { revoked, accounts } = yield* revokeIssued(context, [fingerprint], reason, actor);
    if (revoked > 0) return yield* context.touchAll(accounts, 'certificate');
    const row = yield* sql.first({ serial: text })`SELECT serial FROM certificate WHERE fingerprint = ${fingerprint}`;
    if (row !== undefined) throw revokedAlready(row.serial);
    yield* revokeRegistered(context, fingerprint, reason, actor);
  }

  /**
   * Revokes many in one transaction, at most `MAX_REVOKED`; revoked ones are left alone. Returns
   * how many were not.
   */
  *revokeCertificates(
    context: ChangeContext,
    fingerprints: readonly string[],
    reason: string,
    actor: Actor,
  ): Change<number> {
    if (fingerprints.length > MAX_REVOKED)
      throw new RegistryError(
        'invalid',
        `${fingerprints.length} certificates are to be revoked at once; at most ${MAX_REVOKED}`,
      );
    const { revoked, accounts } = yield* revokeIssued(context, fingerprints, reason, actor);
    if (revoked > 0) yield* context.touchAll(accounts, 'certificate');
    return revoked;
  }

  /** Remembers that the owner was warned `days` before the end. */
  *noteWarned(context: ChangeContext, fingerprint: string, days: number): Change<void> {
    yield* sql.run`UPDATE certificate SET warned = ${days} WHERE fingerprint = ${fingerprint}`;
    yield* sql.run`UPDATE client_certificate SET warned = ${days} WHERE fingerprint = ${fingerprint}`;
    // A certificate that is registered for login alone has a row of its own; if several accounts
    // have it, the trail names none.
    const row = yield* sql.first({ account: orNull(int) })`
      SELECT coalesce((SELECT account FROM certificate WHERE fingerprint = ${fingerprint}),
                      (SELECT CASE WHEN count(DISTINCT account) = 1 THEN max(account) END FROM client_certificate
                        WHERE fingerprint = ${fingerprint} AND revoked_at IS NULL)) AS account`;
    yield* context.record('certificate.warned', row?.account ?? null, THE_GATEWAY, {}, { fingerprint, days });
  }
}

/** The account, if it may have a certificate. */
export function holder({ id, state }: FoundAccount, login: string): number {
  if (state === 'ended')
    throw new RegistryError('ended', `The account "${login}" has ended; it no longer gets a certificate`);
  return id;
}

export function* addTo(
  context: ChangeContext,
  account: number,
  certificate: KeptCertificate,
  how: 'issued' | 'imported',
  actor: Actor,
): Change<void> {
  const {
    fingerprint,
    issuer,
    serial,
    authority,
    use,
    subject,
    emails,
    replaces,
    notBefore,
    notAfter,
    der,
    sealedKey,
  } = certificate;
  const there = yield* sql.first({ fingerprint: text })`
    SELECT fingerprint FROM certificate WHERE fingerprint = ${fingerprint} OR (issuer = ${issuer} AND serial = ${serial}) LIMIT 1`;
  if (there !== undefined)
    throw new RegistryError(
      'exists',
      `The certificate ${serial} of "${issuer}" is registered already; "sluis cert show ${serial}" shows it`,
    );
  if (use === 'login' && sealedKey !== undefined) throw keyOfLogin(serial);
  yield* sql.run`
    INSERT INTO certificate (fingerprint, issuer, serial, authority, account, use, subject, emails, replaces,
      not_before, not_after, der, created_at)
    VALUES (${fingerprint}, ${issuer}, ${serial}, ${authority ?? null}, ${account}, ${use}, ${subject},
      ${JSON.stringify(emails)}, ${replaces ?? null}, ${notBefore}, ${notAfter}, ${der}, ${context.at})`;
  yield* context.record(`certificate.${how}`, account, actor, { subject }, { fingerprint, serial, use, notAfter });
  if (use === 'login') return yield* openLogin(context, account, certificate);
  yield* addAddresses(context, fingerprint, emails);
  if (sealedKey !== undefined) yield* keep(context, fingerprint, sealedKey, actor);
}

function* addAddresses(context: ChangeContext, fingerprint: string, emails: readonly string[]): Change<void> {
  const keys = keysOf(emails);
  const full = yield* sql.first({ key: text, n: int })`
    SELECT key, count(*) AS n FROM certificate_address WHERE key ${among(text, keys)}
     GROUP BY key HAVING count(*) >= ${MAX_MAIL_CERTIFICATES} ORDER BY key LIMIT 1`;
  if (full !== undefined)
    throw new RegistryError(
      'invalid',
      `There are ${full.n} mail certificates for "${full.key}", the most that one address may have; this one cannot be added`,
    );
  const rows = keys.map((key) => ({ key, fingerprint }));
  yield* sql.run`
    INSERT INTO certificate_address (key, fingerprint)
    SELECT given.key, given.fingerprint FROM ${rowsOf({ key: text, fingerprint: text }, rows)}`;
  context.tellMail(keys);
}

/**
 * A certificate for login opens its account from this moment on, by its fingerprint: no path and no
 * name is trusted for it.
 */
function* openLogin(context: ChangeContext, account: number, certificate: KeptCertificate): Change<void> {
  const registration = { account, ...registrationOf(certificate) };
  const there = yield* sql.first({ id: int })`
    SELECT id FROM client_certificate WHERE account = ${account} AND key = ${registration.key} AND revoked_at IS NULL`;
  if (there !== undefined) return;
  const { login } = yield* sql.one({ login: text })`SELECT login FROM account WHERE id = ${account}`;
  yield* register(context, login, registration);
  yield* context.touch(account, 'certificate');
}

/** Revokes a certificate that is registered for login only: every registration of it ends. */
function* revokeRegistered(context: ChangeContext, fingerprint: string, reason: string, actor: Actor): Change<void> {
  const rows = yield* sql.all({ account: int, name: text, revokedAt: orNull(time) })`
    SELECT account, name, revoked_at FROM client_certificate WHERE fingerprint = ${fingerprint} ORDER BY id ${locked}`;
  if (rows.length === 0) throw noCertificate(fingerprint);
  const valid = rows.find(({ revokedAt }) => revokedAt === null);
  if (valid === undefined) throw revokedAlready(fingerprint);
  yield* sql.run`
    UPDATE client_certificate SET revoked_at = ${context.at} WHERE fingerprint = ${fingerprint} AND revoked_at IS NULL`;
  const facts = { fingerprint, certificate: valid.name, why: reason };
  yield* context.record('certificate.revoked', valid.account, actor, {}, facts);
  yield* context.touch(valid.account, 'certificate');
  context.tellTrust();
}

const revokedAlready = (named: string): RegistryError =>
  new RegistryError('ended', `The certificate ${named} is revoked already, which cannot be undone`);
