/**
 * Ends of accounts and addresses, inside the writer's transactions. An account may end in two steps: its addresses at once, and its log-in
 * when its owner had time to collect what waits.
 */
import { addressKey } from '../../domain/address.ts';
import type { State } from '../../domain/registry.ts';
import { type AccountEnding, type Actor, RegistryError } from '../registry.ts';
import { voidCodes } from './enrolments.ts';
import { type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

/** Rows of each kind in one step: a few milliseconds of the writer's time. */
export const ROWS = 200;
/** Who stands behind what the clock does. */
const CLOCK: Actor = { name: 'gateway' };

interface Ended {
  readonly successor: string | null;
  readonly actor: Actor;
}

export class EndingChanges {
  readonly #ground: RegistryGround;
  readonly #end: (account: number, actor: Actor) => void;

  /** `end`: ends an account with all that hangs on it. */
  constructor(ground: RegistryGround, end: (account: number, actor: Actor) => void) {
    this.#ground = ground;
    this.#end = end;
  }

  /** `id`: how many. */
  accounts(endings: readonly (AccountEnding & { readonly login: string })[], actor: Actor): Changed {
    const accounts = endings.map(({ login, ...ending }) => this.#account(login, ending, actor));
    return { id: accounts.length, accounts, scope: 'registry' };
  }

  #account(login: string, { endsAt, successor }: AccountEnding, actor: Actor): number {
    const { sql, at } = this.#ground;
    const account = this.#ground.account(login);
    this.#ground.openFor(account, login);
    if (successor !== undefined) this.succeeds(successor, account.id, `account "${login}"`);
    // Those that ended before keep what they say.
    sql.run(
      "UPDATE address SET state = 'ended', successor = ? WHERE account = ? AND state <> 'ended'",
      successor ?? null,
      account.id,
    );
    const facts = { from: account.state, ...(successor === undefined ? {} : { successor: true }) };
    const about = { login, ...(successor === undefined ? {} : { successor }) };
    if (endsAt === undefined || endsAt <= at) {
      this.#end(account.id, actor);
      this.#ground.record('registry.account-state', account.id, actor, about, { ...facts, to: 'ended' });
    } else {
      sql.run('UPDATE account SET ends_at = ?, version = version + 1 WHERE id = ?', endsAt, account.id);
      voidCodes(sql, account.id, at);
      const ends = new Date(endsAt).toISOString();
      this.#ground.record('registry.account-ending', account.id, actor, about, { ...facts, ends });
    }
    return account.id;
  }

  /** One account of an organisation that ends. */
  ofOrganisation(account: { readonly id: number; readonly login: string; readonly state: State }, ending: Ended): void {
    const { successor, actor } = ending;
    this.#ground.sql.run(
      "UPDATE address SET state = 'ended', successor = ? WHERE account = ? AND state <> 'ended'",
      successor,
      account.id,
    );
    this.#end(account.id, actor);
    const { login, state } = account;
    this.#ground.record('registry.account-state', account.id, actor, { login }, { from: state, to: 'ended' });
  }

  address(address: string, successor: string, actor: Actor): Changed {
    const row = this.#ground.address(address);
    const key = this.succeeds(successor, undefined, `address "${address}"`);
    if (key === row.key)
      throw new RegistryError('invalid', `The address "${address}" cannot take its own mail; name another successor`);
    this.#ground.sql.run("UPDATE address SET state = 'ended', successor = ? WHERE key = ?", successor, row.key);
    this.#ground.touch(row.account);
    this.#ground.record(
      'registry.address-state',
      row.account,
      actor,
      { address: row.address, successor },
      { from: row.state, to: 'ended' },
    );
    return { id: 0, accounts: [row.account], scope: 'registry' };
  }

  due(): Changed {
    const { sql, at } = this.#ground;
    const accounts = sql.all(
      "SELECT id, login, state FROM account WHERE ends_at <= ? AND ends_at IS NOT NULL AND state <> 'ended' ORDER BY ends_at LIMIT ?",
      at,
      ROWS,
    ) as { id: number; login: string; state: State }[];
    for (const { id, login, state } of accounts) {
      this.#end(id, CLOCK);
      this.#ground.record('registry.account-state', id, CLOCK, { login }, { from: state, to: 'ended' });
    }
    const addresses = sql.all(
      "SELECT key, address, account, state FROM address WHERE ends_at <= ? AND ends_at IS NOT NULL AND state <> 'ended' ORDER BY ends_at LIMIT ?",
      at,
      ROWS,
    ) as { key: string; address: string; account: number; state: State }[];
    for (const { key, address, account, state } of addresses) {
      sql.run("UPDATE address SET state = 'ended' WHERE key = ?", key);
      this.#ground.touch(account);
      this.#ground.record('registry.address-state', account, CLOCK, { address }, { from: state, to: 'ended' });
    }
    const id = accounts.length + addresses.length;
    const touched = [...accounts.map((a) => a.id), ...addresses.map((a) => a.account)];
    return id === 0 ? NO_CHANGE : { id, accounts: touched, scope: 'registry' };
  }

  /** A successor must take mail now: senders are sent there. `not`: an account whose addresses end with it. */
  succeeds(successor: string, not: number | undefined, ending: string): string {
    const row = this.#ground.address(successor);
    const takes = this.#ground.sql.get(
      `SELECT 1 FROM address d JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation
         WHERE d.key = ? AND d.state = 'active' AND d.ends_at IS NULL AND a.state = 'active' AND a.ends_at IS NULL AND o.state = 'active'`,
      addressKey(successor as Parameters<typeof addressKey>[0]),
    );
    if (takes === undefined || row.account === not)
      throw new RegistryError(
        'invalid',
        `"${successor}" cannot succeed ${ending}: it takes no mail then; name an address that is active and of another account`,
      );
    return row.key;
  }
}
