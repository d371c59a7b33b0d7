/** Changes to passwords, inside the writer's transactions. */
import { MAX_PASSWORDS } from '../../domain/registry.ts';
import { defined } from '../../domain/defined.ts';
import { type Actor, type NewPassword, RegistryError } from '../registry.ts';
import { useCode } from '../changes/enrolments.ts';
import { type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

/** The setting `scram` as it holds for account `a` of organisation `o`: off where neither says a word. */
const MAY_SCRAM = "coalesce(json_extract(a.settings, '$.scram'), json_extract(o.settings, '$.scram'), 0)";

export class PasswordChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  add(login: string, password: NewPassword, actor: Actor): Changed {
    const account = this.#ground.account(login);
    this.#ground.openFor(account, login);
    this.insert(account.id, login, password);
    this.#ground.touch(account.id);
    this.#ground.record('registry.password-added', account.id, actor, { login, password: password.name });
    return { id: 0, accounts: [account.id], scope: 'password' };
  }

  /**
   * Uses a code up: the password that it names is replaced, in the same transaction, so that there is no moment without one and no code that is
   * used for nothing.
   */
  enrol(
    {
      id,
      hash,
      password,
    }: { readonly id: string; readonly hash: Uint8Array; readonly password: Pick<NewPassword, 'hash' | 'scram'> },
    actor: Actor,
  ): Changed {
    const { sql, ground } = this.#ground;
    const code = this.#ground.run(useCode(ground, id, { hash, for: 'password' }, 'password'));
    const { account, login, password: name, others, notAfter } = code;
    if (name === null) throw new Error(`The code ${id} names no password`);
    const replaced = sql.run('DELETE FROM password WHERE account = ? AND name = ?', account, name).changes;
    const removed = others ? this.revokeAll(account) : 0;
    this.insert(account, login, { name, ...password, ...defined({ endsAt: notAfter }) });
    this.#ground.touch(account);
    this.#ground.record(
      'password.enrolled',
      account,
      actor,
      { login, password: name },
      { enrolment: id, replaced: replaced > 0, removed },
    );
    return { id: 0, accounts: [account], scope: 'password' };
  }

  revoke(login: string, name: string, actor: Actor): Changed {
    const account = this.#ground.account(login);
    if (this.#ground.sql.run('DELETE FROM password WHERE account = ? AND name = ?', account.id, name).changes === 0)
      throw new RegistryError(
        'unknown',
        `The account "${login}" has no password "${name}"; "sluis account show ${login}" lists those it has`,
      );
    this.#ground.touch(account.id);
    this.#ground.record('registry.password-revoked', account.id, actor, { login, password: name });
    return { id: 0, accounts: [account.id], scope: 'password' };
  }

  /** How many it had. */
  revokeAll(account: number): number {
    return this.#ground.sql.run('DELETE FROM password WHERE account = ?', account).changes;
  }

  /** No audit row: the password stays the same, only the form it is kept in changes. */
  rehash(account: number, name: string, from: string, to: Pick<NewPassword, 'hash' | 'scram'>): Changed {
    const changed = this.#ground.sql.run(
      'UPDATE password SET hash = ?, scram = coalesce(?, scram) WHERE account = ? AND name = ? AND hash = ?',
      to.hash,
      this.#verifier(account, to),
      account,
      name,
      from,
    ).changes;
    if (changed === 0) return NO_CHANGE;
    this.#ground.touch(account);
    return { id: 0, accounts: [account], scope: 'password' };
  }

  /** Drops the verifiers of those of these accounts that may have none. `where`: of `a` (account) or `o` (organisation). */
  dropVerifiers(where: 'a.id = ?' | 'o.id = ?', id: number): void {
    this.#ground.sql.run(
      `UPDATE password SET scram = NULL WHERE scram IS NOT NULL AND account IN (
         SELECT a.id FROM account a JOIN organisation o ON o.id = a.organisation WHERE ${where} AND NOT ${MAY_SCRAM})`,
      id,
    );
  }

  dropAllVerifiers(account: number): void {
    this.#ground.sql.run('UPDATE password SET scram = NULL WHERE account = ?', account);
  }

  /** Whoever made the verifier looked at the setting a moment ago; what holds is decided here. */
  #verifier(account: number, { scram }: Pick<NewPassword, 'scram'>): string | null {
    if (scram === undefined) return null;
    const may = this.#ground.sql.get(
      `SELECT 1 FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id = ? AND a.state <> 'ended' AND ${MAY_SCRAM}`,
      account,
    );
    return may === undefined ? null : scram;
  }

  insert(account: number, login: string, password: NewPassword): void {
    if (password.name === '' || password.name.length > 64)
      throw new RegistryError('invalid', `"${password.name}" is no name for a password; expected 1 to 64 characters`);
    if (
      this.#ground.sql.get('SELECT 1 FROM password WHERE account = ? AND name = ?', account, password.name) !==
      undefined
    )
      throw new RegistryError(
        'exists',
        `The account "${login}" has a password "${password.name}" already; revoke it first or choose another name`,
      );
    // Each is a hash that a wrong guess costs; a login tries no more than these.
    const valid = this.#ground.sql.get(
      'SELECT count(*) AS n FROM password WHERE account = ? AND (ends_at IS NULL OR ends_at > ?)',
      account,
      this.#ground.at,
    ) as { n: number };
    if (valid.n >= MAX_PASSWORDS)
      throw new RegistryError(
        'invalid',
        `The account "${login}" has ${valid.n} passwords, the most that one may have; revoke one first`,
      );
    this.#ground.sql.run(
      'INSERT INTO password (account, name, hash, scram, created_at, ends_at) VALUES (?,?,?,?,?,?)',
      account,
      password.name,
      password.hash,
      this.#verifier(account, password),
      this.#ground.at,
      password.endsAt ?? null,
    );
  }
}
