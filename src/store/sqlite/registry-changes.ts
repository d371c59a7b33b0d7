/**
 * Changes to the registry, applied inside the writer's transactions. Each checks before it writes, so that the error can name the value,
 * what holds and what to do.
 */
import { hash } from 'node:crypto';
import { addressKey } from '../../domain/address.ts';
import { MAX_PASSWORDS, type State, foldLogin, isOrganisationName } from '../../domain/registry.ts';
import { joinSmall } from '../../platform/bytes.ts';
import {
  type Actor,
  type NewAccount,
  type NewCertificate,
  type NewOrganisation,
  type NewPassword,
  RegistryError,
  type SettingChanges,
  type SettingTarget,
} from '../registry.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { CertificateChanges } from './certificate-changes.ts';
import type { ChangeScope } from './protocol.ts';
import { Statements } from './statements.ts';

export type RegistryChange =
  | { readonly op: 'add-organisation'; readonly organisation: NewOrganisation; readonly actor: Actor }
  | { readonly op: 'add-account'; readonly account: NewAccount; readonly actor: Actor }
  | { readonly op: 'import-part'; readonly batch: number; readonly accounts: readonly NewAccount[] }
  | { readonly op: 'import-apply'; readonly batch: number; readonly actor: Actor }
  | { readonly op: 'import-drop'; readonly batch: number }
  | { readonly op: 'account-state'; readonly login: string; readonly state: State; readonly actor: Actor }
  | { readonly op: 'add-password'; readonly login: string; readonly password: NewPassword; readonly actor: Actor }
  | { readonly op: 'revoke-password'; readonly login: string; readonly name: string; readonly actor: Actor }
  | {
      readonly op: 'add-certificate' | 'block-certificate';
      readonly login: string;
      readonly certificate: NewCertificate;
      readonly actor: Actor;
    }
  | { readonly op: 'revoke-certificate'; readonly login: string; readonly name: string; readonly actor: Actor }
  | {
      readonly op: 'rehash';
      readonly account: number;
      readonly name: string;
      readonly from: string;
      readonly to: string;
    }
  | { readonly op: 'add-address'; readonly login: string; readonly address: string; readonly actor: Actor }
  | { readonly op: 'address-state'; readonly address: string; readonly state: State; readonly actor: Actor }
  | {
      readonly op: 'delegation';
      readonly address: string;
      readonly login: string;
      readonly allowed: boolean;
      readonly actor: Actor;
    }
  | {
      readonly op: 'settings';
      readonly changes: readonly { readonly target: SettingTarget; readonly changes: SettingChanges }[];
      readonly actor: Actor;
    };

export interface Changed {
  /** Id of what was made; 0 where nothing was. */
  readonly id: number;
  readonly accounts: readonly number[] | 'many';
  readonly scope: ChangeScope;
}

interface AccountRow {
  readonly id: number;
  readonly state: State;
}
interface AddressRow {
  readonly key: string;
  readonly address: string;
  readonly account: number;
  readonly state: State;
}

const NO_CHANGE: Changed = { id: 0, accounts: [], scope: 'registry' };
/** Most accounts of one import. */
const MAX_IMPORT = 200_000;

export class RegistryChanges {
  readonly #sql: Statements;
  readonly #audit: AuditWriter;
  readonly #certificates: CertificateChanges;
  readonly #imports = new Map<number, NewAccount[]>();
  #at = 0;
  #salt: Uint8Array = new Uint8Array(0);
  #salted = 0;

  constructor(db: Db, audit: AuditWriter) {
    this.#sql = new Statements(db);
    this.#certificates = new CertificateChanges(this.#sql);
    this.#audit = audit;
  }

  apply(change: RegistryChange, at: number, salt: Uint8Array): Changed {
    this.#at = at;
    this.#salt = salt;
    this.#salted = 0;
    switch (change.op) {
      case 'add-organisation':
        return this.#addOrganisation(change.organisation, change.actor);
      case 'add-account': {
        const id = this.#addAccount(change.account, change.actor);
        return { id, accounts: [id], scope: 'registry' };
      }
      case 'import-part':
        return this.#importPart(change.batch, change.accounts);
      case 'import-apply':
        return this.#importApply(change.batch, change.actor);
      case 'import-drop':
        this.#imports.delete(change.batch);
        return NO_CHANGE;
      case 'account-state':
        return this.#accountState(change.login, change.state, change.actor);
      case 'add-password':
        return this.#addPassword(change.login, change.password, change.actor);
      case 'revoke-password':
        return this.#revokePassword(change.login, change.name, change.actor);
      case 'add-certificate':
      case 'block-certificate':
      case 'revoke-certificate':
        return this.#certificate(change);
      case 'rehash':
        return this.#rehash(change.account, change.name, change.from, change.to);
      case 'add-address': {
        const account = this.#account(change.login);
        this.#openFor(account, change.login);
        this.#insertAddress(account.id, change.address);
        this.#touch(account.id);
        this.#record('registry.address-added', account.id, change.actor, { address: change.address });
        return { id: 0, accounts: [account.id], scope: 'registry' };
      }
      case 'address-state':
        return this.#addressState(change.address, change.state, change.actor);
      case 'delegation':
        return this.#delegation(change.address, change.login, change.allowed, change.actor);
      case 'settings':
        return this.#settings(change.changes, change.actor);
    }
  }

  #record(
    event: string,
    account: number | null,
    actor: Actor,
    personal: Record<string, string>,
    facts: object = {},
  ): void {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(this.#salted++);
    this.#audit.append({
      at: this.#at,
      event,
      outcome: 'success',
      message: null,
      account,
      facts: JSON.stringify(facts),
      personal: JSON.stringify({
        actor: actor.name,
        ...(actor.reason === undefined ? {} : { reason: actor.reason }),
        ...personal,
      }),
      salt: hash('sha256', joinSmall([this.#salt, index]), 'buffer'),
    });
  }

  #touch(account: number): void {
    this.#sql.run('UPDATE account SET version = version + 1 WHERE id = ?', account);
  }

  #account(login: string): AccountRow {
    const row = this.#sql.get('SELECT id, state FROM account WHERE login = ?', foldLogin(login) ?? '');
    if (row === undefined)
      throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
    return row as AccountRow;
  }

  #openFor(account: AccountRow, login: string): void {
    if (account.state === 'ended')
      throw new RegistryError('ended', `The account "${login}" has ended, which cannot be undone; add a new account`);
  }

  #address(address: string): AddressRow {
    const row = this.#sql.get(
      'SELECT key, address, account, state FROM address WHERE key = ?',
      addressKey(address as Parameters<typeof addressKey>[0]),
    );
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no address "${address}"; "sluis address list" shows those there are`,
      );
    return row as AddressRow;
  }

  #addOrganisation(organisation: NewOrganisation, actor: Actor): Changed {
    const { name } = organisation;
    if (!isOrganisationName(name))
      throw new RegistryError(
        'invalid',
        `"${name}" is no name for an organisation; expected up to 64 of a-z, 0-9 and "-"`,
      );
    if (this.#sql.get('SELECT 1 FROM organisation WHERE name = ?', name) !== undefined)
      throw new RegistryError('exists', `There is an organisation "${name}" already; choose another name`);
    const made = this.#sql.run(
      'INSERT INTO organisation (name, title, contact, telephone, language, agb, ura, settings, created_at) VALUES (?,?,?,?,?,?,?,?,?)',
      name,
      organisation.title,
      organisation.contact ?? null,
      organisation.telephone ?? null,
      organisation.language,
      organisation.agb ?? null,
      organisation.ura ?? null,
      JSON.stringify(organisation.settings ?? {}),
      this.#at,
    );
    this.#record('registry.organisation-added', null, actor, { organisation: name });
    return { id: Number(made.lastInsertRowid), accounts: [], scope: 'registry' };
  }

  #addAccount(account: NewAccount, actor: Actor): number {
    const login = foldLogin(account.login);
    if (login === undefined)
      throw new RegistryError(
        'invalid',
        `"${account.login}" is no login name; expected up to 254 characters without spaces, : " < > \\`,
      );
    if (this.#sql.get('SELECT 1 FROM account WHERE login = ?', login) !== undefined)
      throw new RegistryError('exists', `There is an account "${login}" already; choose another login name`);
    const organisation = this.#sql.get('SELECT id FROM organisation WHERE name = ?', account.organisation) as
      { id: number } | undefined;
    if (organisation === undefined)
      throw new RegistryError(
        'unknown',
        `There is no organisation "${account.organisation}" for account "${login}"; add it first`,
      );
    const made = this.#sql.run(
      'INSERT INTO account (login, organisation, kind, state, settings, created_at) VALUES (?,?,?,?,?,?)',
      login,
      organisation.id,
      account.kind,
      'active',
      JSON.stringify(account.settings ?? {}),
      this.#at,
    );
    const id = Number(made.lastInsertRowid);
    this.#sql.run('INSERT INTO mailbox (account) VALUES (?)', id);
    for (const address of account.addresses) this.#insertAddress(id, address);
    if (account.password !== undefined) this.#insertPassword(id, login, account.password);
    this.#record(
      'registry.account-added',
      id,
      actor,
      { login, organisation: account.organisation, addresses: account.addresses.join(' ') },
      { kind: account.kind },
    );
    return id;
  }

  #insertAddress(account: number, address: string): void {
    const key = addressKey(address as Parameters<typeof addressKey>[0]);
    const there = this.#sql.get('SELECT state FROM address WHERE key = ?', key) as { state: State } | undefined;
    if (there?.state === 'ended')
      throw new RegistryError(
        'ended',
        `The address "${address}" has ended and is never given to anybody again, so that mail for its old owner reaches no one else; choose another address`,
      );
    if (there !== undefined)
      throw new RegistryError('exists', `The address "${address}" is registered already; choose another address`);
    this.#sql.run(
      'INSERT INTO address (key, address, account, state, created_at) VALUES (?,?,?,?,?)',
      key,
      address,
      account,
      'active',
      this.#at,
    );
  }

  #insertPassword(account: number, login: string, password: NewPassword): void {
    if (password.name === '' || password.name.length > 64)
      throw new RegistryError('invalid', `"${password.name}" is no name for a password; expected 1 to 64 characters`);
    if (this.#sql.get('SELECT 1 FROM password WHERE account = ? AND name = ?', account, password.name) !== undefined)
      throw new RegistryError(
        'exists',
        `The account "${login}" has a password "${password.name}" already; revoke it first or choose another name`,
      );
    // Each is a hash that a wrong guess costs; a login tries no more than these.
    const valid = this.#sql.get(
      'SELECT count(*) AS n FROM password WHERE account = ? AND (ends_at IS NULL OR ends_at > ?)',
      account,
      this.#at,
    ) as { n: number };
    if (valid.n >= MAX_PASSWORDS)
      throw new RegistryError(
        'invalid',
        `The account "${login}" has ${valid.n} passwords, the most that one may have; revoke one first`,
      );
    this.#sql.run(
      'INSERT INTO password (account, name, hash, created_at, ends_at) VALUES (?,?,?,?,?)',
      account,
      password.name,
      password.hash,
      this.#at,
      password.endsAt ?? null,
    );
  }

  #importPart(batch: number, accounts: readonly NewAccount[]): Changed {
    let kept = this.#imports.get(batch);
    if (kept === undefined) this.#imports.set(batch, (kept = []));
    if (kept.length + accounts.length > MAX_IMPORT)
      throw new RegistryError('invalid', `An import has more than ${MAX_IMPORT} accounts; split it`);
    kept.push(...accounts);
    return NO_CHANGE;
  }

  #importApply(batch: number, actor: Actor): Changed {
    const accounts = this.#imports.get(batch) ?? [];
    this.#imports.delete(batch);
    for (const account of accounts) {
      try {
        this.#addAccount(account, actor);
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        throw new RegistryError(error.kind, `Nothing was imported. Account "${account.login}": ${error.message}`);
      }
    }
    return { id: accounts.length, accounts: 'many', scope: 'registry' };
  }

  #accountState(login: string, state: State, actor: Actor): Changed {
    const account = this.#account(login);
    this.#openFor(account, login);
    this.#sql.run('UPDATE account SET state = ?, version = version + 1 WHERE id = ?', state, account.id);
    // Its addresses end with it: none of them may ever reach somebody else.
    if (state === 'ended') {
      this.#sql.run("UPDATE address SET state = 'ended' WHERE account = ?", account.id);
      // Its certificates may be registered for the account that comes after it.
      this.#certificates.revokeAll(account.id, this.#at);
    }
    this.#record('registry.account-state', account.id, actor, { login }, { from: account.state, to: state });
    return { id: 0, accounts: [account.id], scope: 'registry' };
  }

  #addPassword(login: string, password: NewPassword, actor: Actor): Changed {
    const account = this.#account(login);
    this.#openFor(account, login);
    this.#insertPassword(account.id, login, password);
    this.#touch(account.id);
    this.#record('registry.password-added', account.id, actor, { login, password: password.name });
    return { id: 0, accounts: [account.id], scope: 'password' };
  }

  #revokePassword(login: string, name: string, actor: Actor): Changed {
    const account = this.#account(login);
    if (this.#sql.run('DELETE FROM password WHERE account = ? AND name = ?', account.id, name).changes === 0)
      throw new RegistryError(
        'unknown',
        `The account "${login}" has no password "${name}"; "sluis account show ${login}" lists those it has`,
      );
    this.#touch(account.id);
    this.#record('registry.password-revoked', account.id, actor, { login, password: name });
    return { id: 0, accounts: [account.id], scope: 'password' };
  }

  #certificate(
    change: Extract<RegistryChange, { op: 'add-certificate' | 'block-certificate' | 'revoke-certificate' }>,
  ): Changed {
    const { login, actor } = change;
    const account = this.#account(login);
    let event = 'registry.certificate-revoked';
    let about: Record<string, string>;
    if (change.op === 'revoke-certificate') {
      about = this.#certificates.revoke(account.id, login, change.name, this.#at);
    } else {
      if (change.op === 'add-certificate') {
        this.#openFor(account, login);
        event = 'registry.certificate-added';
        this.#certificates.add(account.id, login, change.certificate, this.#at);
      } else this.#certificates.block(account.id, change.certificate, this.#at);
      const { name, fingerprint, about: text } = change.certificate;
      about = { certificate: name, fingerprint, about: text };
    }
    this.#touch(account.id);
    this.#record(event, account.id, actor, { login, ...about });
    return { id: 0, accounts: [account.id], scope: 'certificate' };
  }

  /** No audit row: the password stays the same, only the form it is kept in changes. */
  #rehash(account: number, name: string, from: string, to: string): Changed {
    const changed = this.#sql.run(
      'UPDATE password SET hash = ? WHERE account = ? AND name = ? AND hash = ?',
      to,
      account,
      name,
      from,
    ).changes;
    if (changed === 0) return NO_CHANGE;
    this.#touch(account);
    return { id: 0, accounts: [account], scope: 'password' };
  }

  #addressState(address: string, state: State, actor: Actor): Changed {
    const row = this.#address(address);
    if (row.state === 'ended')
      throw new RegistryError(
        'ended',
        `The address "${address}" has ended, which cannot be undone; add another address`,
      );
    this.#sql.run('UPDATE address SET state = ? WHERE key = ?', state, row.key);
    this.#touch(row.account);
    this.#record(
      'registry.address-state',
      row.account,
      actor,
      { address: row.address },
      { from: row.state, to: state },
    );
    return { id: 0, accounts: [row.account], scope: 'registry' };
  }

  #delegation(address: string, login: string, allowed: boolean, actor: Actor): Changed {
    const row = this.#address(address);
    const account = this.#account(login);
    if (row.account === account.id)
      throw new RegistryError('invalid', `The address "${address}" is the account's own; nothing to delegate`);
    if (allowed) {
      this.#openFor(account, login);
      this.#sql.run('INSERT OR IGNORE INTO delegation (key, account) VALUES (?, ?)', row.key, account.id);
    } else if (this.#sql.run('DELETE FROM delegation WHERE key = ? AND account = ?', row.key, account.id).changes === 0)
      throw new RegistryError('unknown', `The account "${login}" may not send as "${address}"; nothing to take back`);
    this.#touch(account.id);
    this.#record('registry.delegation', account.id, actor, { login, address: row.address }, { allowed });
    return { id: 0, accounts: [account.id, row.account], scope: 'registry' };
  }

  #settings(changes: readonly { target: SettingTarget; changes: SettingChanges }[], actor: Actor): Changed {
    const touched: number[] = [];
    let many = false;
    for (const { target, changes: values } of changes) {
      switch (target.scope) {
        case 'organisation': {
          const row = this.#sql.get('SELECT id, settings FROM organisation WHERE name = ?', target.name) as
            { id: number; settings: string } | undefined;
          if (row === undefined)
            throw new RegistryError('unknown', `There is no organisation "${target.name}"; nothing was changed`);
          this.#sql.run('UPDATE organisation SET settings = ? WHERE id = ?', merge(row.settings, values), row.id);
          this.#sql.run('UPDATE account SET version = version + 1 WHERE organisation = ?', row.id);
          this.#record('registry.settings', null, actor, { organisation: target.name }, values);
          many = true;
          break;
        }
        case 'account': {
          const account = this.#account(target.login);
          const row = this.#sql.get('SELECT settings FROM account WHERE id = ?', account.id) as { settings: string };
          this.#sql.run('UPDATE account SET settings = ? WHERE id = ?', merge(row.settings, values), account.id);
          this.#touch(account.id);
          touched.push(account.id);
          this.#record('registry.settings', account.id, actor, { login: target.login }, values);
          break;
        }
        case 'address': {
          const address = this.#address(target.address);
          const row = this.#sql.get('SELECT settings FROM address WHERE key = ?', address.key) as { settings: string };
          this.#sql.run('UPDATE address SET settings = ? WHERE key = ?', merge(row.settings, values), address.key);
          this.#touch(address.account);
          touched.push(address.account);
          this.#record('registry.settings', address.account, actor, { address: address.address }, values);
          break;
        }
      }
    }
    return { id: 0, accounts: many || touched.length > 100 ? 'many' : touched, scope: 'registry' };
  }
}

/** Null takes a value back; names are plain words of the settings table, so none can reach a prototype. */
function merge(settings: string, changes: SettingChanges): string {
  const merged = new Map(Object.entries(JSON.parse(settings) as Record<string, unknown>));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return JSON.stringify(Object.fromEntries(merged));
}
