/** States of many accounts at once, inside the writer's transactions: all of a call, or none. */
import type { State } from '../../domain/registry.ts';
import { type Actor, RegistryError } from '../registry.ts';
import { voidCodes } from '../changes/enrolments.ts';
import { dropPasswords } from '../changes/passwords.ts';
import { revokeRegistrations } from '../changes/registrations.ts';
import { type AccountRow, type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

export class StateChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  set(logins: readonly string[], state: Exclude<State, 'ended'>, actor: Actor): Changed {
    return this.#each(logins, (account, login) => {
      if (account.state === state) return state === 'active' && account.ending && this.#takeBack(account, login, actor);
      this.#ground.sql.run('UPDATE account SET state = ?, version = version + 1 WHERE id = ?', state, account.id);
      this.#ground.record('registry.account-state', account.id, actor, { login }, { from: account.state, to: state });
      return true;
    });
  }

  /** The end is off. A suspension goes first, by itself: one that is contained while it ends is resumed to collect, and ends all the same. */
  #takeBack({ id, moved }: AccountRow, login: string, actor: Actor): boolean {
    if (moved)
      throw new RegistryError(
        'ended',
        `The account "${login}" is what is left of one that went to another organisation with its addresses; that cannot be taken back`,
      );
    this.#ground.sql.run('UPDATE account SET ends_at = NULL, successor = NULL, version = version + 1 WHERE id = ?', id);
    this.#ground.record('registry.account-state', id, actor, { login }, { from: 'ending', to: 'active' });
    return true;
  }

  /** Whoever has what it logged in with until now gets in no more, also when it is resumed. */
  contain(logins: readonly string[], actor: Actor): Changed {
    const { sql, ground } = this.#ground;
    return this.#each(logins, ({ id, state }, login) => {
      const passwords = this.#ground.run(dropPasswords([id])).length;
      const certificates = this.#ground.run(revokeRegistrations(ground, [id])).length;
      const codes = this.#ground.run(voidCodes(ground, [id])).length;
      // A run that was cut short is given again: what it had done leaves no second row.
      if (state === 'suspended' && passwords + certificates + codes === 0) return false;
      sql.run("UPDATE account SET state = 'suspended', version = version + 1 WHERE id = ?", id);
      const facts = { from: state, to: 'suspended', passwords, certificates, codes };
      this.#ground.record('registry.account-contained', id, actor, { login }, facts);
      return true;
    });
  }

  /** `id`: how many were changed. */
  #each(logins: readonly string[], change: (account: AccountRow, login: string) => boolean): Changed {
    const changed: number[] = [];
    for (const login of logins) {
      const account = this.#ground.account(login);
      this.#ground.openFor(account, login);
      if (change(account, login)) changed.push(account.id);
    }
    return changed.length === 0 ? NO_CHANGE : { id: changed.length, accounts: changed, scope: 'registry' };
  }
}
