/** Changes to authorities, certificates and enrolment codes, inside the writer's transactions; each with its audit row. */
import { hash } from 'node:crypto';
import { type Address, addressKey } from '../../domain/address.ts';
import type { MailCapability } from '../../domain/mail-capability.ts';
import { foldLogin } from '../../domain/registry.ts';
import { joinSmall } from '../../platform/bytes.ts';
import {
  type CapabilitySource,
  type EnrolmentFault,
  type EnrolmentUse,
  type KeptCertificate,
  MAX_MAIL_CERTIFICATES,
  type NewAccountCertificate,
  type NewAuthority,
  type NewEnrolment,
  type WantedUse,
} from '../certificates.ts';
import { type Actor, type NewCertificate, RegistryError, THE_GATEWAY } from '../registry.ts';
import type { AuditWriter } from './audit-writer.ts';
import { CertificateChanges } from './certificate-changes.ts';
import type { Db } from './database.ts';
import { Enrolments } from './enrolments.ts';
import { Statements } from './statements.ts';

export type CaChange =
  | {
      readonly op: 'add-authorities';
      readonly authorities: readonly NewAuthority[];
      readonly event: string;
      readonly actor: Actor;
    }
  | { readonly op: 'note-authority'; readonly fingerprint: string; readonly event: string; readonly actor: Actor }
  | { readonly op: 'crl-number'; readonly authority: number }
  | {
      readonly op: 'add-certificate';
      readonly login: string;
      readonly certificate: KeptCertificate;
      readonly how: string;
      readonly actor: Actor;
    }
  | { readonly op: 'revoke'; readonly fingerprint: string; readonly reason: string; readonly actor: Actor }
  | {
      readonly op: 'revoke-many';
      readonly fingerprints: readonly string[];
      readonly reason: string;
      readonly actor: Actor;
    }
  | { readonly op: 'warned'; readonly fingerprint: string; readonly days: number }
  | { readonly op: 'add-key'; readonly fingerprint: string; readonly sealedKey: Uint8Array; readonly actor: Actor }
  | { readonly op: 'remove-key'; readonly fingerprint: string; readonly actor: Actor }
  | {
      readonly op: 'capabilities';
      readonly address: Address;
      readonly source: CapabilitySource;
      readonly names: readonly MailCapability[] | null;
      readonly actor: Actor;
    }
  | { readonly op: 'add-enrolments'; readonly enrolments: readonly NewEnrolment[]; readonly actor: Actor }
  | {
      readonly op: 'try-enrolment';
      readonly id: string;
      readonly hash: Uint8Array;
      readonly for: WantedUse;
      readonly login: string | null;
      /** Null: the caller tells the trail of a refusal. */
      readonly actor: Actor | null;
    }
  | {
      readonly op: 'collect';
      readonly id: string;
      readonly hash: Uint8Array;
      readonly certificate: KeptCertificate;
      readonly actor: Actor;
    };

export interface EnrolmentAnswer {
  readonly login: string;
  readonly use: EnrolmentUse;
  readonly notAfter: number | null;
  readonly replaces: string | null;
  readonly password: string | null;
}

export interface CaChanged {
  readonly value?: number;
  readonly enrolment?: EnrolmentAnswer;
  /** Why a code does not hold, and whose it is. */
  readonly fault?: { readonly why: EnrolmentFault; readonly account: number | null };
  /** Accounts whose registered certificates changed with it. */
  readonly accounts?: readonly number[];
  /** Addresses, folded, of which something else is known for mail now. */
  readonly mail?: readonly string[];
  /** Authorities, or which certificates are revoked. */
  readonly trust?: boolean;
}

const DONE: CaChanged = {};

const keyOfLogin = (serial: string): RegistryError =>
  new RegistryError('invalid', `The certificate ${serial} is for log-in: its key stays with its owner`);

const keysOf = (emails: readonly string[]): readonly string[] => [
  ...new Set(emails.map((email) => addressKey(email as Address))),
];

type Named = Pick<NewAccountCertificate, 'serial' | 'subject' | 'notBefore' | 'notAfter'>;

/** How a certificate of ours stands among those that an account may log in with. */
export const registrationOf = ({
  fingerprint,
  serial,
  subject,
  notBefore,
  notAfter,
}: Named & { readonly fingerprint: string }): NewCertificate => ({
  // A serial number alone may be two issuers'.
  name: `${serial}-${fingerprint.slice(0, 8)}`,
  key: `fp:${fingerprint}`,
  fingerprint,
  about: subject,
  notBefore,
  notAfter,
});

export class CaChanges {
  readonly #sql: Statements;
  readonly #registered: CertificateChanges;
  readonly #enrolments: Enrolments;
  readonly #audit: AuditWriter;
  #at = 0;
  #salt: Uint8Array = new Uint8Array(0);
  #salted = 0;

  constructor(db: Db, audit: AuditWriter) {
    this.#sql = new Statements(db);
    this.#registered = new CertificateChanges(this.#sql);
    this.#enrolments = new Enrolments(this.#sql);
    this.#audit = audit;
  }

  apply(change: CaChange, at: number, salt: Uint8Array): CaChanged {
    this.#at = at;
    this.#salt = salt;
    this.#salted = 0;
    switch (change.op) {
      case 'add-authorities':
        return this.#addAuthorities(change.authorities, change.event, change.actor);
      case 'note-authority':
        this.#record(`authority.${change.event}`, null, change.actor, { fingerprint: change.fingerprint });
        return DONE;
      case 'crl-number':
        return this.#crlNumber(change.authority);
      case 'add-certificate': {
        const account = this.#account(change.login);
        return this.#addCertificate(account, change.certificate, change.how, change.actor);
      }
      case 'revoke':
        return this.#revoke(change.fingerprint, change.reason, change.actor);
      case 'revoke-many':
        return this.#revokeMany(change.fingerprints, change.reason, change.actor);
      case 'warned':
        for (const table of ['certificate', 'client_certificate'])
          this.#sql.run(`UPDATE ${table} SET warned = ? WHERE fingerprint = ?`, change.days, change.fingerprint);
        this.#record('certificate.warned', this.#accountOf(change.fingerprint), THE_GATEWAY, {
          fingerprint: change.fingerprint,
          days: change.days,
        });
        return DONE;
      case 'add-key':
        return this.#addKey(change.fingerprint, change.sealedKey, change.actor);
      case 'remove-key':
        return this.#removeKey(change.fingerprint, change.actor);
      case 'capabilities':
        return this.#capabilities(change.address, change.source, change.names, change.actor);
      case 'add-enrolments':
        for (const enrolment of change.enrolments) this.#addEnrolment(enrolment, change.actor);
        return DONE;
      case 'try-enrolment':
        return this.#tryEnrolment(change);
      case 'collect':
        return this.#collect(change.id, change.hash, change.certificate, change.actor);
    }
  }

  #record(
    event: string,
    account: number | null,
    actor: Actor,
    facts: Readonly<Record<string, string | number>>,
    personal: Readonly<Record<string, string>> = {},
    outcome: 'success' | 'failure' = 'success',
  ): void {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(this.#salted++);
    const reason = actor.reason === undefined ? {} : { reason: actor.reason };
    this.#audit.append({
      at: this.#at,
      event,
      outcome,
      message: null,
      account,
      facts: JSON.stringify(facts),
      personal: JSON.stringify({ actor: actor.name, ...reason, ...personal }),
      salt: hash('sha256', joinSmall([this.#salt, index]), 'buffer'),
    });
  }

  #addAuthorities(authorities: readonly NewAuthority[], event: string, actor: Actor): CaChanged {
    if (event === 'created' && this.#sql.get('SELECT 1 FROM authority') !== undefined)
      throw new RegistryError(
        'exists',
        'There is a certificate authority already; "sluis ca show" shows it, "sluis ca renew-root" and "renew-issuer" replace it',
      );
    for (const { role, fingerprint, notAfter, der } of authorities) {
      if (role !== 'cross') this.#sql.run('UPDATE authority SET current = 0 WHERE role = ?', role);
      this.#sql.run(
        'INSERT INTO authority (role, fingerprint, not_after, current, der, created_at) VALUES (?,?,?,?,?,?)',
        role,
        fingerprint,
        notAfter,
        role === 'cross' ? 0 : 1,
        der,
        this.#at,
      );
      this.#record(`authority.${event}`, null, actor, { role, fingerprint });
    }
    return { trust: true };
  }

  #crlNumber(authority: number): CaChanged {
    const row = this.#sql.get(
      'UPDATE authority SET crl_number = crl_number + 1 WHERE id = ? RETURNING crl_number',
      authority,
    ) as { crl_number: number } | undefined;
    if (row === undefined) throw new RegistryError('unknown', `There is no certificate authority ${authority}`);
    const { crl_number: number } = row;
    this.#audit.append({
      ...{ at: this.#at, event: 'authority.list-signed', outcome: 'success', message: null, account: null },
      ...{ facts: JSON.stringify({ authority, number }), personal: null, salt: null },
    });
    return { value: number };
  }

  #account(login: string): number {
    const row = this.#sql.get('SELECT id, state FROM account WHERE login = ?', foldLogin(login) ?? '') as
      { id: number; state: string } | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
    if (row.state === 'ended')
      throw new RegistryError('ended', `The account "${login}" has ended; it gets no certificate any more`);
    return row.id;
  }

  #accountOf(fingerprint: string): number | null {
    const row = this.#sql.get('SELECT account FROM certificate WHERE fingerprint = ?', fingerprint) as
      { account: number } | undefined;
    return row?.account ?? null;
  }

  #addCertificate(account: number, certificate: KeptCertificate, how: string, actor: Actor): CaChanged {
    const { fingerprint, issuer, serial, use, subject, emails, notBefore, notAfter, der, authority, replaces } =
      certificate;
    const there = this.#sql.get(
      'SELECT 1 FROM certificate WHERE fingerprint = ? OR (issuer = ? AND serial = ?)',
      fingerprint,
      issuer,
      serial,
    );
    if (there !== undefined)
      throw new RegistryError(
        'exists',
        `The certificate ${serial} of "${issuer}" is registered already; "sluis cert show ${serial}" shows it`,
      );
    this.#sql.run(
      `INSERT INTO certificate (fingerprint, issuer, serial, authority, account, use, subject, emails, replaces, not_before, not_after, der, created_at)
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`,
      fingerprint,
      issuer,
      serial,
      authority ?? null,
      account,
      use,
      subject,
      JSON.stringify(emails),
      replaces ?? null,
      notBefore,
      notAfter,
      der,
      this.#at,
    );
    this.#record(`certificate.${how}`, account, actor, { fingerprint, serial, use, notAfter }, { subject });
    if (use === 'login' && certificate.sealedKey !== undefined) throw keyOfLogin(serial);
    if (use === 'login') return this.#register(account, certificate);
    const mail = this.#addAddresses(fingerprint, emails);
    if (certificate.sealedKey !== undefined) this.#addKey(fingerprint, certificate.sealedKey, actor);
    return { mail };
  }

  #addAddresses(fingerprint: string, emails: readonly string[]): readonly string[] {
    const keys = keysOf(emails);
    for (const key of keys) {
      const { n } = this.#sql.get('SELECT count(*) AS n FROM certificate_address WHERE key = ?', key) as { n: number };
      if (n >= MAX_MAIL_CERTIFICATES)
        throw new RegistryError(
          'invalid',
          `There are ${n} mail certificates for "${key}", the most that one address may have; this one cannot be added`,
        );
      this.#sql.run('INSERT INTO certificate_address (key, fingerprint) VALUES (?, ?)', key, fingerprint);
    }
    return keys;
  }

  #mailOf(fingerprint: string): readonly string[] {
    const row = this.#sql.get('SELECT emails FROM certificate WHERE fingerprint = ?', fingerprint) as {
      emails: string;
    };
    return keysOf(JSON.parse(row.emails) as string[]);
  }

  #addKey(fingerprint: string, sealedKey: Uint8Array, actor: Actor): CaChanged {
    const { account, serial, use } = this.#certificate(fingerprint);
    if (use !== 'mail') throw keyOfLogin(serial);
    if (this.#sql.get('SELECT 1 FROM certificate_key WHERE fingerprint = ?', fingerprint) !== undefined)
      throw new RegistryError('exists', `The private key of certificate ${serial} is held here already`);
    this.#sql.run(
      'INSERT INTO certificate_key (fingerprint, sealed, added_at) VALUES (?,?,?)',
      fingerprint,
      sealedKey,
      this.#at,
    );
    this.#record('certificate.key-added', account, actor, { fingerprint, serial });
    return { mail: this.#mailOf(fingerprint) };
  }

  #removeKey(fingerprint: string, actor: Actor): CaChanged {
    const { account, serial } = this.#certificate(fingerprint);
    if (this.#sql.run('DELETE FROM certificate_key WHERE fingerprint = ?', fingerprint).changes === 0)
      throw new RegistryError('unknown', `The private key of certificate ${serial} is not held here`);
    this.#record('certificate.key-removed', account, actor, { fingerprint, serial });
    return { mail: this.#mailOf(fingerprint) };
  }

  #certificate(fingerprint: string): { readonly account: number; readonly serial: string; readonly use: string } {
    const row = this.#sql.get('SELECT account, serial, use FROM certificate WHERE fingerprint = ?', fingerprint);
    if (row === undefined)
      throw new RegistryError('unknown', `There is no certificate ${fingerprint}; "sluis cert list" shows them`);
    return row as { account: number; serial: string; use: string };
  }

  #capabilities(
    address: Address,
    source: CapabilitySource,
    names: readonly MailCapability[] | null,
    actor: Actor,
  ): CaChanged {
    const key = addressKey(address);
    if (names === null) this.#sql.run('DELETE FROM mail_capability WHERE key = ? AND source = ?', key, source);
    else
      this.#sql.run(
        `INSERT INTO mail_capability (key, source, capabilities, noted_at) VALUES (?,?,?,?)
           ON CONFLICT (key, source) DO UPDATE SET capabilities = excluded.capabilities, noted_at = excluded.noted_at`,
        key,
        source,
        JSON.stringify(names),
        this.#at,
      );
    const row = this.#sql.get('SELECT account FROM address WHERE key = ?', key) as { account: number } | undefined;
    const facts = { source, capabilities: names === null ? 'unknown' : names.join(' ') };
    this.#record('certificate.capabilities', row?.account ?? null, actor, facts, { address });
    return { mail: [key] };
  }

  /** A certificate for log-in opens its account from this moment on, by its fingerprint: no path and no name is trusted for it. */
  #register(account: number, certificate: NewAccountCertificate): CaChanged {
    const registration = registrationOf(certificate);
    const there = this.#sql.get(
      'SELECT 1 FROM client_certificate WHERE account = ? AND key = ? AND revoked_at IS NULL',
      account,
      registration.key,
    );
    if (there !== undefined) return DONE;
    const { login } = this.#sql.get('SELECT login FROM account WHERE id = ?', account) as { login: string };
    this.#registered.add(account, login, registration, this.#at);
    return this.#touched(account);
  }

  #touched(account: number): CaChanged {
    this.#sql.run('UPDATE account SET version = version + 1 WHERE id = ?', account);
    return { accounts: [account] };
  }

  #revoke(fingerprint: string, reason: string, actor: Actor): CaChanged {
    const row = this.#sql.get(
      'SELECT serial, account, subject, not_before AS notBefore, not_after AS notAfter, revoked_at FROM certificate WHERE fingerprint = ?',
      fingerprint,
    ) as (Named & { account: number; revoked_at: number | null }) | undefined;
    if (row === undefined) return this.#revokeRegistered(fingerprint, reason, actor);
    if (row.revoked_at !== null)
      throw new RegistryError('ended', `The certificate ${row.serial} is revoked already, which cannot be undone`);
    this.#sql.run(
      'UPDATE certificate SET revoked_at = ?, reason = ? WHERE fingerprint = ?',
      this.#at,
      reason,
      fingerprint,
    );
    this.#record('certificate.revoked', row.account, actor, { fingerprint, serial: row.serial, why: reason });
    // Whatever registration it may meet, by names too: from this commit on it opens nothing.
    this.#registered.block(row.account, registrationOf({ ...row, fingerprint }), this.#at);
    return { ...this.#touched(row.account), mail: this.#mailOf(fingerprint), trust: true };
  }

  /** It stands for log-in alone: every registration of it ends. */
  #revokeRegistered(fingerprint: string, reason: string, actor: Actor): CaChanged {
    const rows = this.#sql.all(
      'SELECT account, name, revoked_at FROM client_certificate WHERE fingerprint = ? ORDER BY id',
      fingerprint,
    ) as { account: number; name: string; revoked_at: number | null }[];
    if (rows.length === 0)
      throw new RegistryError('unknown', `There is no certificate ${fingerprint}; "sluis cert list" shows them`);
    const valid = rows.find(({ revoked_at: at }) => at === null);
    if (valid === undefined)
      throw new RegistryError('ended', `The certificate ${fingerprint} is revoked already, which cannot be undone`);
    this.#sql.run(
      'UPDATE client_certificate SET revoked_at = ? WHERE fingerprint = ? AND revoked_at IS NULL',
      this.#at,
      fingerprint,
    );
    this.#record('certificate.revoked', valid.account, actor, { fingerprint, certificate: valid.name, why: reason });
    return { ...this.#touched(valid.account), trust: true };
  }

  #revokeMany(fingerprints: readonly string[], reason: string, actor: Actor): CaChanged {
    const changed = fingerprints
      .filter(
        (fingerprint) =>
          this.#sql.get('SELECT 1 FROM certificate WHERE fingerprint = ? AND revoked_at IS NULL', fingerprint) !==
          undefined,
      )
      .map((fingerprint) => this.#revoke(fingerprint, reason, actor));
    if (changed.length === 0) return { value: 0 };
    return {
      value: changed.length,
      accounts: [...new Set(changed.flatMap(({ accounts = [] }) => accounts))],
      mail: changed.flatMap(({ mail = [] }) => mail),
      trust: true,
    };
  }

  #addEnrolment(enrolment: NewEnrolment, actor: Actor): void {
    const { id, use, expiresAt } = enrolment;
    const account = this.#account(enrolment.login);
    this.#enrolments.add(account, enrolment, this.#at);
    if (enrolment.use === 'password') {
      const { password, others, by } = enrolment;
      const facts = { enrolment: id, by, expiresAt, others: others ? 'go' : 'stay' };
      this.#record('password.code-issued', account, actor, facts, { login: enrolment.login, password });
    } else this.#record('certificate.enrolment-added', account, actor, { enrolment: id, use, expiresAt });
  }

  #tryEnrolment(change: Extract<CaChange, { op: 'try-enrolment' }>): CaChanged {
    const { id, actor } = change;
    const row = this.#enrolments.find(id, this.#at);
    const why = this.#enrolments.fault(row, change, this.#at);
    if (why === 'wrong') this.#enrolments.missed(id);
    if (row === undefined || why !== undefined) {
      const fault = { why: why ?? 'unknown', account: row?.account ?? null };
      const event = change.for === 'password' ? 'password.code-refused' : 'certificate.enrolment-refused';
      if (actor !== null) this.#record(event, fault.account, actor, { enrolment: id, why: fault.why }, {}, 'failure');
      return { fault };
    }
    const { login, use, not_after: notAfter, replaces, password } = row;
    return { enrolment: { login, use, notAfter, replaces, password } };
  }

  #collect(id: string, given: Uint8Array, certificate: KeptCertificate, actor: Actor): CaChanged {
    const row = this.#enrolments.holding(id, { hash: given, for: 'certificate', login: null }, this.#at);
    this.#enrolments.use(id, certificate.fingerprint);
    const changed = this.#addCertificate(row.account, certificate, 'issued', actor);
    this.#record('certificate.enrolment-collected', row.account, actor, {
      enrolment: id,
      fingerprint: certificate.fingerprint,
    });
    return changed;
  }
}
