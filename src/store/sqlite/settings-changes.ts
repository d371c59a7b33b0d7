/** Changes to policy settings, inside the writer's transactions. */
import { type Actor, RegistryError, type SettingChanges, type SettingTarget } from '../registry.ts';
import type { PasswordChanges } from './password-changes.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';

export class SettingsChanges {
  readonly #ground: RegistryGround;
  readonly #passwords: PasswordChanges;

  constructor(ground: RegistryGround, passwords: PasswordChanges) {
    this.#ground = ground;
    this.#passwords = passwords;
  }

  apply(changes: readonly { target: SettingTarget; changes: SettingChanges }[], actor: Actor): Changed {
    const touched: number[] = [];
    let many = false;
    for (const { target, changes: values } of changes) {
      switch (target.scope) {
        case 'organisation': {
          const row = this.#ground.sql.get('SELECT id, settings FROM organisation WHERE name = ?', target.name) as
            { id: number; settings: string } | undefined;
          if (row === undefined)
            throw new RegistryError('unknown', `There is no organisation "${target.name}"; nothing was changed`);
          this.#ground.sql.run(
            'UPDATE organisation SET settings = ? WHERE id = ?',
            merge(row.settings, values),
            row.id,
          );
          this.#ground.sql.run('UPDATE account SET version = version + 1 WHERE organisation = ?', row.id);
          if ('scram' in values) this.#passwords.dropVerifiers('o.id = ?', row.id);
          this.#ground.record('registry.settings', null, actor, { organisation: target.name }, values);
          many = true;
          break;
        }
        case 'account': {
          const account = this.#ground.account(target.login);
          const row = this.#ground.sql.get('SELECT settings FROM account WHERE id = ?', account.id) as {
            settings: string;
          };
          this.#ground.sql.run('UPDATE account SET settings = ? WHERE id = ?', merge(row.settings, values), account.id);
          if ('scram' in values) this.#passwords.dropVerifiers('a.id = ?', account.id);
          this.#ground.touch(account.id);
          touched.push(account.id);
          this.#ground.record('registry.settings', account.id, actor, { login: target.login }, values);
          break;
        }
        case 'address': {
          const address = this.#ground.address(target.address);
          const row = this.#ground.sql.get('SELECT settings FROM address WHERE key = ?', address.key) as {
            settings: string;
          };
          this.#ground.sql.run(
            'UPDATE address SET settings = ? WHERE key = ?',
            merge(row.settings, values),
            address.key,
          );
          this.#ground.touch(address.account);
          touched.push(address.account);
          this.#ground.record('registry.settings', address.account, actor, { address: address.address }, values);
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
