/** What every change of the registry stands on: the rows it names, and the audit row it leaves. Inside the writer's transactions. */
import { type Instant, instant } from '../../domain/units.ts';
import type { Actor } from '../registry.ts';
import type { MoveDetail } from './account-move-changes.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { type FoundAddress, addressNamed } from '../changes/registered.ts';
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

export const NO_CHANGE: Changed = { id: 0, accounts: [], scope: 'registry' };

export class RegistryGround {
  readonly sql: Statements;
  readonly #audit: AuditWriter;
  readonly #runner: SqliteRunner;
  #ground = new Ground(instant(0), new Uint8Array(0));

  /** `runner`: the thread's. */
  constructor(db: Db, audit: AuditWriter, runner = new SqliteRunner(db, (item) => audit.append(item))) {
    this.sql = new Statements(db);
    this.#audit = audit;
    this.#runner = runner;
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

  address(address: string): FoundAddress {
    return this.run(addressNamed(this.at, address));
  }
}
