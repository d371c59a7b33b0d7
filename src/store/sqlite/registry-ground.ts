/** What every change of the registry stands on: the rows it names, and the audit row it leaves. Inside the writer's transactions. */
import { addressKey } from '../../domain/address.ts';
import { type State, foldLogin } from '../../domain/registry.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { MoveDetail } from './account-move-changes.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { type ChangeScope, Ground } from '../changes/ground.ts';
import type { Change } from '../sql/sql.ts';
import { SqliteRunner } from './runner.ts';
import { Statements } from './statements.ts';

export interface Changed {
  /** Id of what was made; 0 where nothing was. */
  readonly id: number;
  readonly accounts: readonly number[] | 'many';
  readonly scope: ChangeScope;
  /** Addresses, folded, for which other certificates or keys hold now. */
  readonly mail?: readonly string[];
  readonly detail?: MoveDetail;
}

export interface AccountRow {
  readonly id: number;
  /** As it holds: ended once the end of it, or of its organisation, has come. */
  readonly state: State;
  /** 1: it is ending, and can be resumed. */
  readonly ending: 0 | 1;
  /** Somebody took over its log-in and addresses. */
  readonly moved: 0 | 1;
}

export interface AddressRow {
  readonly key: string;
  readonly address: string;
  readonly account: number;
  /** As it holds: also ended while it is ending, or its account or organisation. */
  readonly state: State;
  /** It is ending by itself: until then it can be resumed. */
  readonly finalAt: number | null;
  /** 1: its account or organisation is ending. */
  readonly owned: 0 | 1;
  /** 1: it has ended for ever. */
  readonly over: 0 | 1;
}

export const NO_CHANGE: Changed = { id: 0, accounts: [], scope: 'registry' };

export class RegistryGround {
  readonly sql: Statements;
  readonly #audit: AuditWriter;
  readonly #runner: SqliteRunner;
  #ground = new Ground(instant(0), new Uint8Array(0));

  constructor(db: Db, audit: AuditWriter) {
    this.sql = new Statements(db);
    this.#audit = audit;
    this.#runner = new SqliteRunner(db, (item) => audit.append(item));
  }

  /** Time of the change. */
  get at(): Instant {
    return this.#ground.at;
  }

  /** Of the last row of the trail. */
  get lastSeq(): number {
    return this.#audit.head.seq;
  }

  /** The ground of the change, for those that are written once for all engines. */
  get ground(): Ground {
    return this.#ground;
  }

  /** A change begins. `salt`: 32 random octets, from which those of its audit rows are made. */
  begin(at: number, salt: Uint8Array): void {
    this.#ground = new Ground(instant(at), salt);
  }

  /** Runs a change, or a part of one, that is written once for all engines, as a part of this one. */
  run<T>(change: Change<T>): T {
    return this.#runner.run(change);
  }

  record(
    event: string,
    account: number | null,
    actor: Actor,
    personal: Record<string, string>,
    facts: object = {},
  ): void {
    this.run(this.#ground.record(event, account, actor, personal, facts));
  }

  touch(account: number): void {
    this.sql.run('UPDATE account SET version = version + 1 WHERE id = ?', account);
  }

  account(login: string): AccountRow {
    const row = this.sql.get(
      `SELECT a.id, iif(a.ends_at <= ? OR o.ends_at <= ?, 'ended', a.state) AS state, a.ends_at IS NOT NULL AS ending, a.moved_to IS NOT NULL AS moved
         FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.login = ?`,
      ...[this.at, this.at],
      foldLogin(login) ?? '',
    );
    if (row === undefined)
      throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
    return row as AccountRow;
  }

  openFor(account: AccountRow, login: string): void {
    if (account.state === 'ended')
      throw new RegistryError('ended', `The account "${login}" has ended, which cannot be undone; add a new account`);
  }

  /** Throws where it takes no mail any more, and says what would bring it back. */
  openAddress({ address, state, finalAt, owned }: AddressRow): void {
    if (state !== 'ended') return;
    throw new RegistryError(
      'ended',
      finalAt !== null
        ? `The address "${address}" is ending, until ${new Date(finalAt).toISOString()}; "sluis address resume ${address}" brings it back`
        : owned === 1
          ? `The address "${address}" has ended with its account or organisation; while that is ending, "resume" brings it back`
          : `The address "${address}" has ended, which cannot be undone; add another address`,
    );
  }

  address(address: string): AddressRow {
    const row = this.sql.get(
      `SELECT d.key, d.address, d.account, iif(d.state = 'ended' OR d.final_at <= ?, NULL, d.final_at) AS finalAt,
         iif(d.state = 'ended' OR d.ends_at <= ? OR d.final_at <= ?, 1, 0) AS over,
         (a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL) AS owned,
         iif(d.ends_at <= ? OR d.final_at IS NOT NULL OR a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL, 'ended', d.state) AS state
         FROM address d JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation WHERE d.key = ?`,
      ...[this.at, this.at, this.at, this.at],
      addressKey(address as Parameters<typeof addressKey>[0]),
    );
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no address "${address}"; "sluis address list" shows those there are`,
      );
    return row as AddressRow;
  }
}
