/** Changes to addresses and to who may send as them, inside the writer's transactions. */
import { type Address, type AddressKey, addressKey, domainOf } from '../../domain/address.ts';
import type { State } from '../../domain/registry.ts';
import { type Actor, type AddressMove, RegistryError } from '../registry.ts';
import type { AddressRow, Changed, RegistryGround } from './registry-ground.ts';

export class AddressChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  add(login: string, address: string, actor: Actor): Changed {
    const account = this.#ground.account(login);
    this.#ground.openFor(account, login);
    this.insert(account.id, address);
    this.#ground.touch(account.id);
    this.#ground.record('registry.address-added', account.id, actor, { address });
    return { id: 0, accounts: [account.id], scope: 'registry' };
  }

  setState(address: string, state: State, actor: Actor): Changed {
    const row = this.#ground.address(address);
    if (state === 'active' && row.finalAt !== null) return this.#takeBack(row, actor);
    this.#ground.openAddress(row);
    this.#ground.sql.run('UPDATE address SET state = ? WHERE key = ?', state, row.key);
    this.#ground.touch(row.account);
    this.#ground.record(
      'registry.address-state',
      row.account,
      actor,
      { address: row.address },
      { from: row.state, to: state },
    );
    return { id: 0, accounts: [row.account], scope: 'registry' };
  }

  /** The end is off, or, where it was suspended as well, that is taken back first. */
  #takeBack({ key, address, account }: AddressRow, actor: Actor): Changed {
    const { sql } = this.#ground;
    const wasSuspended =
      sql.run("UPDATE address SET state = 'active' WHERE key = ? AND state = 'suspended'", key).changes > 0;
    if (!wasSuspended) sql.run('UPDATE address SET final_at = NULL, successor = NULL WHERE key = ?', key);
    this.#ground.touch(account);
    const facts = wasSuspended ? { from: 'suspended', to: 'ending' } : { from: 'ending', to: 'active' };
    this.#ground.record('registry.address-state', account, actor, { address }, facts);
    return { id: 0, accounts: [account], scope: 'registry' };
  }

  /** All or none. Their mail goes there from this commit on. `id` of the answer: how many were not there already. */
  moveAll(moves: readonly AddressMove[], actor: Actor): Changed {
    const touched = new Set<number>();
    const moved = moves.filter(({ address, login }) => this.#move(address, login, actor, touched)).length;
    return { id: moved, accounts: [...touched], scope: 'registry' };
  }

  #move(address: Address, login: string, actor: Actor, touched: Set<number>): boolean {
    const to = this.#ground.account(login);
    this.#ground.openFor(to, login);
    const key = addressKey(address);
    const { sql } = this.#ground;
    if (sql.get('SELECT 1 FROM address WHERE key = ?', key) === undefined) {
      // A partner may have the whole domain: then it is one of its addresses, though nobody registered it.
      if (sql.get('SELECT 1 FROM partner_domain WHERE domain = ?', domainOf(key as AddressKey & Address)) === undefined)
        this.#ground.address(address);
      this.insert(to.id, address);
      this.#record(address, undefined, to.id, actor, touched);
      return true;
    }
    const row = this.#ground.address(address);
    if (row.account === to.id) return false;
    this.#ground.openAddress(row);
    const [from, target] = [this.#owner(row.account), this.#owner(to.id)];
    if (from.kind !== 'partner' && target.kind !== 'partner' && from.organisation !== target.organisation)
      throw new RegistryError(
        'invalid',
        `The address "${address}" belongs to "${from.login}" of another organisation than "${login}": mail for one would reach the other; end it, and add another address`,
      );
    sql.run('UPDATE address SET account = ? WHERE key = ?', to.id, key);
    sql.run('DELETE FROM delegation WHERE key = ? AND account = ?', key, to.id);
    this.#record(address, row.account, to.id, actor, touched, from.login);
    return true;
  }

  #owner(account: number): { readonly login: string; readonly kind: string; readonly organisation: number } {
    return this.#ground.sql.get('SELECT login, kind, organisation FROM account WHERE id = ?', account) as never;
  }

  #record(
    address: string,
    from: number | undefined,
    to: number,
    actor: Actor,
    touched: Set<number>,
    fromLogin?: string,
  ): void {
    for (const account of from === undefined ? [to] : [from, to]) {
      if (!touched.has(account)) this.#ground.touch(account);
      touched.add(account);
    }
    const { login } = this.#owner(to);
    const personal = { address, to: login, ...(fromLogin === undefined ? {} : { from: fromLogin }) };
    this.#ground.record('registry.address-moved', to, actor, personal);
  }

  delegate(address: string, login: string, allowed: boolean, actor: Actor): Changed {
    const row = this.#ground.address(address);
    const account = this.#ground.account(login);
    if (row.account === account.id)
      throw new RegistryError('invalid', `The address "${address}" is the account's own; nothing to delegate`);
    if (allowed) {
      this.#ground.openFor(account, login);
      this.#ground.sql.run('INSERT OR IGNORE INTO delegation (key, account) VALUES (?, ?)', row.key, account.id);
    } else if (
      this.#ground.sql.run('DELETE FROM delegation WHERE key = ? AND account = ?', row.key, account.id).changes === 0
    )
      throw new RegistryError('unknown', `The account "${login}" may not send as "${address}"; nothing to take back`);
    this.#ground.touch(account.id);
    this.#ground.record('registry.delegation', account.id, actor, { login, address: row.address }, { allowed });
    return { id: 0, accounts: [account.id, row.account], scope: 'registry' };
  }

  insert(account: number, address: string): void {
    const key = addressKey(address as Parameters<typeof addressKey>[0]);
    const there = this.#ground.sql.get('SELECT state, final_at FROM address WHERE key = ?', key) as
      { readonly state: State; readonly final_at: number | null } | undefined;
    if (there?.state !== 'ended' && typeof there?.final_at === 'number')
      throw new RegistryError(
        'exists',
        `The address "${address}" is ending and keeps its owner, so that it can be resumed; choose another address`,
      );
    if (there?.state === 'ended')
      throw new RegistryError(
        'ended',
        `The address "${address}" has ended and is never given to anybody again, so that mail for its old owner reaches no one else; choose another address`,
      );
    if (there !== undefined)
      throw new RegistryError('exists', `The address "${address}" is registered already; choose another address`);
    this.#ground.sql.run(
      'INSERT INTO address (key, address, account, state, created_at) VALUES (?,?,?,?,?)',
      key,
      address,
      account,
      'active',
      this.#ground.at,
    );
  }
}
