/**
 * Parts of changes: certificates that accounts log in with. The caller touches the account and
 * writes its audit row.
 */
import { MAX_CERTIFICATES } from '../../domain/registry.ts';
import { type NewCertificate, RegistryError } from '../registry.ts';
import { int, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

/** Most characters of the name that a certificate is registered by. */
export const MAX_NAME = 64;
const KEY = /^(?:fp|subject|san):[0-9a-f]{64}$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;

const REGISTRATION = {
  account: int,
  name: text,
  key: text,
  fingerprint: text,
  about: text,
  notBefore: time,
  notAfter: time,
};

export interface Registration extends NewCertificate {
  readonly account: number;
}

export function* register(context: ChangeContext, login: string, registration: Registration): Change<void> {
  const { account, name, key, fingerprint, about, notBefore, notAfter } = registration;
  check(registration);
  const other = yield* sql.first({ login: text, name: text })`
    SELECT a.login, c.name FROM client_certificate c JOIN account a ON a.id = c.account
     WHERE c.key = ${key} AND c.revoked_at IS NULL ${locked}`;
  if (other !== undefined)
    throw new RegistryError(
      'exists',
      `This certificate is registered already, as "${other.name}" of account "${other.login}"; a certificate leads to one account: revoke it there first`,
    );
  if ((yield* validOf(account, name)) !== undefined)
    throw new RegistryError(
      'exists',
      `The account "${login}" has a certificate "${name}" already; revoke it first or choose another name`,
    );
  const { n } = yield* sql.one({ n: int })`
    SELECT count(*) AS n FROM client_certificate WHERE account = ${account} AND revoked_at IS NULL`;
  if (n >= MAX_CERTIFICATES)
    throw new RegistryError(
      'invalid',
      `The account "${login}" has ${n} certificates, the most that one may have; revoke one first`,
    );
  yield* sql.run`
    INSERT INTO client_certificate (account, name, key, fingerprint, about, not_before, not_after, created_at)
    VALUES (${account}, ${name}, ${key}, ${fingerprint}, ${about}, ${notBefore}, ${notAfter}, ${context.at})`;
}

/** Returns what was revoked, for the row in the trail. */
export function* revokeRegistration(
  context: ChangeContext,
  { account, login, name }: { readonly account: number; readonly login: string; readonly name: string },
): Change<Readonly<Record<string, string>>> {
  const found = yield* validOf(account, name);
  if (found === undefined)
    throw new RegistryError(
      'unknown',
      `The account "${login}" has no valid certificate "${name}"; "sluis account certificate list ${login}" shows those it has`,
    );
  yield* sql.run`
    UPDATE client_certificate SET revoked_at = ${context.at} WHERE account = ${account} AND name = ${name} AND revoked_at IS NULL`;
  return { certificate: name, ...found };
}

/**
 * Ends all registrations of the account that were made with each certificate, which stays as a
 * revoked one: it is refused even if its names meet another registration.
 */
export function* block({ at }: ChangeContext, registrations: readonly Registration[]): Change<void> {
  for (const one of registrations) check(one);
  yield* sql.run`
    UPDATE client_certificate SET revoked_at = ${at} WHERE revoked_at IS NULL
       AND fingerprint ${among(text, [...new Set(registrations.map(({ fingerprint }) => fingerprint))])}
       AND (account, fingerprint) IN (SELECT given.account, given.fingerprint FROM ${rowsOf(MADE_WITH, registrations)})`;
  yield* sql.run`
    INSERT INTO client_certificate (account, name, key, fingerprint, about, not_before, not_after, created_at, revoked_at)
    SELECT given.account, given.name, given.key, given.fingerprint, given.about, given.not_before, given.not_after,
           given.created_at, given.revoked_at
      FROM ${rowsOf(
        BLOCKED,
        registrations.map((one) => ({ ...one, createdAt: at, revokedAt: at })),
      )}`;
}
const MADE_WITH = { account: int, fingerprint: text };
const BLOCKED = { ...REGISTRATION, createdAt: time, revokedAt: time };

/** Revokes all registrations of these accounts. Returns the account of each that was valid. */
export function* revokeRegistrations({ at }: ChangeContext, accounts: readonly number[]): Change<readonly number[]> {
  const rows = yield* sql.all({ account: int })`
    UPDATE client_certificate SET revoked_at = ${at} WHERE account ${among(int, accounts)} AND revoked_at IS NULL
    RETURNING account`;
  return rows.map(({ account }) => account);
}

function* validOf(
  account: number,
  name: string,
): Change<{ readonly fingerprint: string; readonly about: string } | undefined> {
  return yield* sql.first({ fingerprint: text, about: text })`
    SELECT fingerprint, about FROM client_certificate
     WHERE account = ${account} AND name = ${name} AND revoked_at IS NULL ${locked}`;
}

function check({ name, key, fingerprint }: NewCertificate): void {
  if (name === '' || name.length > MAX_NAME)
    throw new RegistryError(
      'invalid',
      `"${name}" is not a name for a certificate; expected 1 to ${MAX_NAME} characters`,
    );
  if (!KEY.test(key) || !FINGERPRINT.test(fingerprint))
    throw new RegistryError(
      'invalid',
      `"${key.slice(0, 80)}" is no key of a certificate; expected fp, subject or san, ":" and 64 hexadecimal digits`,
    );
}
