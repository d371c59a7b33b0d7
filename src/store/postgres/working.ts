/**
 * What belongs to a connection as long as it lives: the plans that are prepared on it, its lane of
 * the trail, and how changes run on it.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Notices } from '../changes/accept-work.ts';
import type { ChangeEffects } from '../changes/changed.ts';
import type { Change } from '../sql/sql.ts';
import { type Around, Changer } from './changes.ts';
import type { ChangingConnection, Connection } from './connection.ts';
import { Lane, type LaneOwner } from './lane.ts';
import { PostgresRunner } from './runner.ts';
import { postgresServices } from './services.ts';
import { UsageNotes } from './usage.ts';

export interface WorkingParts extends Around {
  /** The gateway and start that write the lanes. */
  readonly owner: LaneOwner;
  readonly now: () => number;
  /** Files notices within the transaction of a change. */
  readonly fileNotices: (
    notices: Notices,
    at: number,
    changed: ChangeEffects,
    its: { readonly lane: Lane; readonly usage: UsageNotes },
  ) => Change<void>;
  /** For tests: the first run of each change is rolled back. */
  readonly twice?: boolean;
}

/** A connection that changes something. */
export interface Worker {
  readonly connection: ChangingConnection;
  readonly runner: PostgresRunner;
  readonly lane: Lane;
  readonly changer: Changer;
  /** Appends rows to the trail, and counts the usage that they tell of. */
  readonly append: (items: readonly AuditItem[]) => Promise<void>;
}

/** Gives the same worker for the same connection: when it ends, its lane ends with it. */
export class Workers {
  readonly #parts: WorkingParts;
  readonly #workers = new WeakMap<ChangingConnection, Worker>();

  constructor(parts: WorkingParts) {
    this.#parts = parts;
  }

  of(connection: ChangingConnection): Worker {
    const known = this.#workers.get(connection);
    if (known !== undefined) return known;
    const made = this.#make(connection);
    this.#workers.set(connection, made);
    return made;
  }

  #make(connection: ChangingConnection): Worker {
    const { owner, now, fileNotices, ...around } = this.#parts;
    const lane = new Lane(owner, now);
    const usage = new UsageNotes();
    const services = postgresServices({
      usage,
      fileNotices: (notices, at, changed) => fileNotices(notices, at, changed, { lane, usage }),
    });
    const changer = new Changer(connection, { ...around, lane, usage, services });
    const append = async (items: readonly AuditItem[]): Promise<void> =>
      await changer.run(function* () {
        yield* lane.appendAll(items);
        for (const item of items) usage.row(item);
      });
    const runner = new PostgresRunner(connection, {
      append: (item) => lane.append(item),
      flush: () => lane.flush(),
      services,
    });
    return { connection, lane, changer, append, runner };
  }
}

/** Runners of connections that only read. */
export class Readers {
  readonly #runners = new WeakMap<Connection, PostgresRunner>();

  of(connection: Connection): PostgresRunner {
    const known = this.#runners.get(connection);
    if (known !== undefined) return known;
    const made = new PostgresRunner(connection);
    this.#runners.set(connection, made);
    return made;
  }
}
