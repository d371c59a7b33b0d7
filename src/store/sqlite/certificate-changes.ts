/** Changes to registrations of client certificates, inside the writer's transactions. */
import { MAX_CERTIFICATES } from '../../domain/registry.ts';
import { type NewCertificate, RegistryError } from '../registry.ts';
import type { Statements } from './statements.ts';

const KEY = /^(?:fp|subject|san):[0-9a-f]{64}$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;

interface Valid {
  readonly fingerprint: string;
  readonly about: string;
}

export class CertificateChanges {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  add(account: number, login: string, certificate: NewCertificate, at: number): void {
    const { name, key } = certificate;
    check(certificate);
    const other = this.#sql.get(
      'SELECT a.login, c.name FROM client_certificate c JOIN account a ON a.id = c.account WHERE c.key = ? AND c.revoked_at IS NULL',
      key,
    ) as { login: string; name: string } | undefined;
    if (other !== undefined)
      throw new RegistryError(
        'exists',
        `This certificate is registered already, as "${other.name}" of account "${other.login}"; a certificate leads to one account: revoke it there first`,
      );
    if (this.#valid(account, name) !== undefined)
      throw new RegistryError(
        'exists',
        `The account "${login}" has a certificate "${name}" already; revoke it first or choose another name`,
      );
    const { n } = this.#sql.get(
      'SELECT count(*) AS n FROM client_certificate WHERE account = ? AND revoked_at IS NULL',
      account,
    ) as { n: number };
    if (n >= MAX_CERTIFICATES)
      throw new RegistryError(
        'invalid',
        `The account "${login}" has ${n} certificates, the most that one may have; revoke one first`,
      );
    this.#insert(account, certificate, at, null);
  }

  /** Returns what was revoked, for the audit row. */
  revoke(account: number, login: string, name: string, at: number): Record<string, string> {
    const found = this.#valid(account, name);
    if (found === undefined)
      throw new RegistryError(
        'unknown',
        `The account "${login}" has no valid certificate "${name}"; "sluis account certificate list ${login}" shows those it has`,
      );
    this.#sql.run(
      'UPDATE client_certificate SET revoked_at = ? WHERE account = ? AND name = ? AND revoked_at IS NULL',
      at,
      account,
      name,
    );
    return { certificate: name, ...found };
  }

  block(account: number, certificate: NewCertificate, at: number): void {
    check(certificate);
    this.#sql.run(
      'UPDATE client_certificate SET revoked_at = ? WHERE account = ? AND fingerprint = ? AND revoked_at IS NULL',
      at,
      account,
      certificate.fingerprint,
    );
    this.#insert(account, certificate, at, at);
  }

  /** How many were valid. */
  revokeAll(account: number, at: number): number {
    return this.#sql.run(
      'UPDATE client_certificate SET revoked_at = ? WHERE account = ? AND revoked_at IS NULL',
      at,
      account,
    ).changes;
  }

  #valid(account: number, name: string): Valid | undefined {
    return this.#sql.get(
      'SELECT fingerprint, about FROM client_certificate WHERE account = ? AND name = ? AND revoked_at IS NULL',
      account,
      name,
    ) as Valid | undefined;
  }

  #insert(account: number, c: NewCertificate, at: number, revoked: number | null): void {
    this.#sql.run(
      'INSERT INTO client_certificate (account, name, key, fingerprint, about, not_before, not_after, created_at, revoked_at) VALUES (?,?,?,?,?,?,?,?,?)',
      account,
      c.name,
      c.key,
      c.fingerprint,
      c.about,
      c.notBefore,
      c.notAfter,
      at,
      revoked,
    );
  }
}

function check({ name, key, fingerprint }: NewCertificate): void {
  if (name === '' || name.length > 64)
    throw new RegistryError('invalid', `"${name}" is no name for a certificate; expected 1 to 64 characters`);
  if (!KEY.test(key) || !FINGERPRINT.test(fingerprint))
    throw new RegistryError(
      'invalid',
      `"${key.slice(0, 80)}" is no key of a certificate; expected fp, subject or san, ":" and 64 hexadecimal digits`,
    );
}
