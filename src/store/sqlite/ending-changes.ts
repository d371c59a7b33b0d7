/**
 * Ends of accounts and addresses, inside the writer's transactions. With a time of grace an end is one mark on the row that was named: what
 * hangs on it is read through that mark and nothing else is written, so that taking it back finds everything as it was (decision 1303). What is
 * final is written down, at once or by the daily round.
 */
import type { State } from '../../domain/registry.ts';
import { type Actor, type Ending, RegistryError, THE_GATEWAY } from '../registry.ts';
import { removeEndedKeys } from '../changes/ended-keys.ts';
import { voidCodes } from '../changes/enrolments.ts';
import { addressesNamed, keyOf, successorIn } from '../changes/registered.ts';
import { type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

/** Rows of each kind in one step: a few milliseconds of the writer's time. */
export const ROWS = 200;

interface DueAddress {
  readonly key: string;
  readonly address: string;
  readonly account: number;
  readonly state: State;
}

interface AccountToClose {
  readonly id: number;
  readonly login: string;
  readonly state: State;
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
  accounts(endings: readonly (Ending & { readonly login: string })[], actor: Actor): Changed {
    const accounts = endings.map(({ login, ...ending }) => this.#account(login, ending, actor));
    return { id: accounts.length, accounts, scope: 'registry' };
  }

  #account(login: string, { endsAt, successor }: Ending, actor: Actor): number {
    const { sql, at } = this.#ground;
    const account = this.#ground.account(login);
    this.#ground.openFor(account, login);
    if (successor !== undefined) this.succeeds(successor, account.id, `account "${login}"`);
    const { id, state } = account;
    const named = { login, ...(successor === undefined ? {} : { successor }) };
    const facts = { from: state, ...(successor === undefined ? {} : { successor: true }) };
    if (endsAt === undefined || endsAt <= at) {
      this.#close(id, successor ?? null, actor);
      this.#ground.record('registry.account-state', id, actor, named, { ...facts, to: 'ended' });
    } else {
      sql.run(
        'UPDATE account SET ends_at = ?, successor = ?, version = version + 1 WHERE id = ?',
        ...[endsAt, successor ?? null, id],
      );
      // Whoever holds a letter has no business there any more; a new code is made in a minute.
      this.#ground.run(voidCodes(this.#ground.ground, [id]));
      const ends = new Date(endsAt).toISOString();
      this.#ground.record('registry.account-ending', id, actor, named, { ...facts, ends });
    }
    return id;
  }

  /** For ever. What ended before keeps the successor that it has. */
  #close(account: number, successor: string | null, actor: Actor): void {
    const { sql, at } = this.#ground;
    sql.run(
      `UPDATE address SET state = 'ended', successor = ? WHERE account = ? AND state <> 'ended' AND final_at IS NULL
         AND (ends_at IS NULL OR ends_at > ?)`,
      ...[successor, account, at],
    );
    this.#end(account, actor);
  }

  /** One account whose time, or whose organisation's, is over. */
  close({ id, login, state }: AccountToClose, successor: string | null, actor: Actor): void {
    this.#close(id, successor, actor);
    this.#ground.record('registry.account-state', id, actor, { login }, { from: state, to: 'ended' });
  }

  address(address: string, { endsAt, successor }: Ending, actor: Actor): Changed {
    const { sql, at } = this.#ground;
    const row = this.#ground.address(address);
    const isOver = row.over;
    if (isOver && successor === undefined) this.#ground.openAddress(row);
    if (successor !== undefined) {
      const key = this.succeeds(successor, undefined, `address "${address}"`);
      if (key === row.key)
        throw new RegistryError('invalid', `The address "${address}" cannot take its own mail; name another successor`);
    }
    const personal = { address: row.address, ...(successor === undefined ? {} : { successor }) };
    // One that ended before for ever is only given a successor.
    if (endsAt === undefined || endsAt <= at || isOver) {
      sql.run("UPDATE address SET state = 'ended', successor = ? WHERE key = ?", successor ?? null, row.key);
      const from = row.finalAt === null ? row.state : 'ending';
      this.#ground.record('registry.address-state', row.account, actor, personal, { from, to: 'ended' });
    } else {
      sql.run('UPDATE address SET final_at = ?, successor = ? WHERE key = ?', endsAt, successor ?? null, row.key);
      const facts = { from: row.state, to: 'ending', ends: new Date(endsAt).toISOString() };
      this.#ground.record('registry.address-state', row.account, actor, personal, facts);
    }
    this.#ground.touch(row.account);
    return { id: 0, accounts: [row.account], scope: 'registry' };
  }

  /** Accounts and addresses of their own. */
  due(): Changed {
    const { sql, at } = this.#ground;
    const accounts = sql.all(
      `SELECT a.id, a.login, a.state, a.successor FROM account a
         WHERE a.ends_at <= ? AND a.ends_at IS NOT NULL AND a.state <> 'ended' ORDER BY a.ends_at LIMIT ?`,
      ...[at, ROWS],
    ) as (AccountToClose & { successor: string | null })[];
    for (const account of accounts) this.close(account, account.successor, THE_GATEWAY);
    const addresses = [...this.#dueAddresses('ends_at'), ...this.#dueAddresses('final_at')];
    for (const { key, address, account, state } of addresses) {
      sql.run("UPDATE address SET state = 'ended' WHERE key = ?", key);
      this.#ground.touch(account);
      this.#ground.record('registry.address-state', account, THE_GATEWAY, { address }, { from: state, to: 'ended' });
    }
    const id = accounts.length + addresses.length;
    const touched = [...accounts.map((a) => a.id), ...addresses.map((a) => a.account)];
    return id === 0 ? NO_CHANGE : { id, accounts: touched, scope: 'registry' };
  }

  /** Private keys of accounts that have ended and whose mailbox waits for nobody any more. */
  keys(): Changed {
    const id = this.#ground.run(removeEndedKeys(this.#ground.ground, ROWS, THE_GATEWAY));
    return { ...NO_CHANGE, id };
  }

  #dueAddresses(column: 'ends_at' | 'final_at'): readonly DueAddress[] {
    return this.#ground.sql.all(
      `SELECT key, address, account, state FROM address
         WHERE ${column} <= ? AND ${column} IS NOT NULL AND state <> 'ended' ORDER BY ${column} LIMIT ?`,
      ...[this.#ground.at, ROWS / 2],
    ) as DueAddress[];
  }

  /** A successor must take mail now: senders are sent there. `not`: an account whose addresses end with it. */
  succeeds(successor: string, not: number | undefined, ending: string): string {
    const found = this.#ground.run(addressesNamed(this.#ground.at, [keyOf(successor)]));
    return successorIn(found, successor, ending, new Set(not === undefined ? [] : [not])).key;
  }
}
