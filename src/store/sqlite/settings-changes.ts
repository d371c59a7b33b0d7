/**
 * Changes to policy settings, inside the writer's transactions.
 *
 * What is there already is not written again and leaves no row in the trail: a file that was cut short half way is simply given once more.
 */
import { type Actor, RegistryError, type SettingChanges, type SettingTarget } from '../registry.ts';
import type { PasswordChanges } from './password-changes.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';

/** Only this one decides what a log-in needs of the password itself, a verifier; all others are asked at every log-in. */
const NEEDS_NEW_LOGIN = 'scram';

export class SettingsChanges {
  readonly #ground: RegistryGround;
  readonly #passwords: PasswordChanges;

  constructor(ground: RegistryGround, passwords: PasswordChanges) {
    this.#ground = ground;
    this.#passwords = passwords;
  }

  /** `id`: targets that had other settings before. */
  apply(changes: readonly { target: SettingTarget; changes: SettingChanges }[], actor: Actor): Changed {
    const touched = new Set<number>();
    let [changed, many] = [0, false];
    for (const { target, changes: values } of changes) {
      const account = this.#one(target, values, actor);
      if (account === undefined) continue;
      changed += 1;
      if (account === 'many') many = true;
      else touched.add(account);
    }
    return { id: changed, accounts: many ? 'many' : [...touched], scope: 'settings' };
  }

  /** Whose settings they were; undefined where nothing changed. */
  #one(target: SettingTarget, values: SettingChanges, actor: Actor): number | 'many' | undefined {
    switch (target.scope) {
      case 'organisation':
        return this.#organisation(target.name, values, actor);
      case 'account':
        return this.#account(target.login, values, actor);
      case 'address':
        return this.#address(target.address, values, actor);
    }
  }

  #organisation(name: string, values: SettingChanges, actor: Actor): 'many' | undefined {
    const { sql } = this.#ground;
    const row = sql.get('SELECT id, settings FROM organisation WHERE name = ?', name) as
      { id: number; settings: string } | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `There is no organisation "${name}"; nothing was changed`);
    const settings = merge(row.settings, values);
    if (settings === row.settings) return undefined;
    sql.run('UPDATE organisation SET settings = ? WHERE id = ?', settings, row.id);
    if (NEEDS_NEW_LOGIN in values) {
      sql.run('UPDATE account SET version = version + 1 WHERE organisation = ?', row.id);
      this.#passwords.dropVerifiers('o.id = ?', row.id);
    }
    this.#ground.record('registry.settings', null, actor, { organisation: name }, values);
    return 'many';
  }

  #account(login: string, values: SettingChanges, actor: Actor): number | undefined {
    const { sql } = this.#ground;
    const { id } = this.#ground.account(login);
    const row = sql.get('SELECT settings FROM account WHERE id = ?', id) as { settings: string };
    const settings = merge(row.settings, values);
    if (settings === row.settings) return undefined;
    sql.run('UPDATE account SET settings = ? WHERE id = ?', settings, id);
    if (NEEDS_NEW_LOGIN in values) {
      this.#ground.touch(id);
      this.#passwords.dropVerifiers('a.id = ?', id);
    }
    this.#ground.record('registry.settings', id, actor, { login }, values);
    return id;
  }

  #address(named: string, values: SettingChanges, actor: Actor): number | undefined {
    const { sql } = this.#ground;
    const { key, account, address } = this.#ground.address(named);
    const row = sql.get('SELECT settings FROM address WHERE key = ?', key) as { settings: string };
    const settings = merge(row.settings, values);
    if (settings === row.settings) return undefined;
    sql.run('UPDATE address SET settings = ? WHERE key = ?', settings, key);
    this.#ground.record('registry.settings', account, actor, { address }, values);
    return account;
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
