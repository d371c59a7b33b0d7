/**
 * A change in a transaction of its own. Those of the registry come one after the other and see one
 * state of the database (SERIALIZABLE); those of mail lock the rows they rely on against changes,
 * and the mailbox first whose turn it is, so that what one mailbox does is in one line.
 *
 * A transaction that PostgreSQL has rolled back for certain because another one was quicker runs
 * again. One that was lost with its connection never does: it may have been committed.
 */
import { instant } from '../../domain/units.ts';
import type { Effects } from '../changes/changed.ts';
import { following } from '../changes/directory.ts';
import { ChangeContext } from '../changes/change-context.ts';
import { CHANGES, MAIL_CHANGES } from '../changes/table.ts';
import { int } from '../sql/columns.ts';
import { type Callable, checkCrossing, methodsOf } from '../sql/remote.ts';
import { type Change, sql } from '../sql/sql.ts';
import { type ChangingConnection, codeOf } from './connection.ts';
import type { Lane } from './lane.ts';
import { PostgresRunner, type StepServices } from './runner.ts';
import { type UsageNotes, addUsage } from './usage.ts';

/** A call of one change. */
export interface ChangeCall {
  readonly object: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly at: number;
  /** 32 random octets. */
  readonly salt: Uint8Array;
}

/**
 * The codes of transactions that were certainly rolled back: serialisation failed, a deadlock was
 * ended, or another one was quicker with a key that must be unique.
 */
const AGAIN: ReadonlySet<string> = new Set(['40001', '40P01', '23505']);
/** Most runs of one change. */
const RUNS = 5;

/** Takes no snapshot: what the change sees is what stands when its turn has come. */
const ONE_BY_ONE = { text: 'LOCK TABLE registry_version IN SHARE ROW EXCLUSIVE MODE' };

interface Callee {
  readonly run: Callable;
  readonly ofMail: boolean;
}

const CALLEES: ReadonlyMap<string, Callee> = new Map(
  [CHANGES, MAIL_CHANGES].flatMap((table) =>
    Object.entries<object>(table).flatMap(([object, of]) =>
      [...methodsOf(of)].map(([method, run]): [string, Callee] => [
        `${object}.${method}`,
        { run, ofMail: table === MAIL_CHANGES },
      ]),
    ),
  ),
);

/** Work that a transaction does beside its change. */
export interface Around {
  /** The account whose turn a change of mail takes. */
  readonly turnOf: (call: ChangeCall) => number | undefined;
  /** Called when a change that gave the registry this number is certainly committed. */
  readonly raised?: (version: number) => void;
  /** Runs after the change, in its transaction. */
  readonly last?: () => Change<void>;
}

export interface ChangerParts extends Around {
  readonly lane: Lane;
  readonly usage: UsageNotes;
  readonly services: StepServices;
  /** For tests: the first run of each change is rolled back. */
  readonly twice?: boolean;
}

/** Outcome of a change. */
export interface Changes<T> {
  readonly value: T;
  readonly effects: Effects | undefined;
}

/** Changes over one connection, one at a time. */
export class Changer {
  readonly #connection: ChangingConnection;
  readonly #parts: ChangerParts;
  readonly #runner: PostgresRunner;

  constructor(connection: ChangingConnection, parts: ChangerParts) {
    this.#connection = connection;
    this.#parts = parts;
    const { lane, services } = parts;
    this.#runner = new PostgresRunner(connection, {
      services,
      append: (item) => lane.append(item),
      flush: () => lane.flush(),
    });
  }

  /**
   * Rejects with RegistryError if the change was refused. `first` runs before it, in its
   * transaction; an error in it ends that.
   */
  async call(call: ChangeCall, first?: () => Change<void>): Promise<Changes<unknown>> {
    const callee = CALLEES.get(`${call.object}.${call.method}`);
    if (callee === undefined) throw new TypeError(`Nothing may be called as ${call.object}.${call.method}`);
    const turn = callee.ofMail ? this.#parts.turnOf(call) : undefined;
    return await this.#again((run) => {
      const context = new ChangeContext(instant(call.at), call.salt);
      const change = function* (): Change<unknown> {
        if (turn !== undefined) yield* takeTurn(turn);
        if (first !== undefined) yield* first();
        return yield* following(context, callee.run(context, ...call.args));
      };
      return this.#once(change(), { context, ofMail: callee.ofMail, undone: this.#parts.twice === true && run === 1 });
    });
  }

  /** Runs steps that are no change of the table, such as rows for the trail or figures. */
  async run<T>(steps: () => Change<T>): Promise<T> {
    const { value } = await this.#again(() => this.#once(steps(), { ofMail: true, undone: false }));
    return value;
  }

  async #again<T>(once: (run: number) => Promise<Changes<T>>): Promise<Changes<T>> {
    for (let run = 1; ; run += 1)
      try {
        return await once(run);
      } catch (error) {
        if (run >= RUNS || !AGAIN.has(codeOf(error) ?? '')) throw error;
      }
  }

  async #once<T>(
    change: Change<T>,
    { context, ofMail, undone }: { context?: ChangeContext; ofMail: boolean; undone: boolean },
  ): Promise<Changes<T>> {
    const { lane, usage } = this.#parts;
    usage.take();
    await this.#connection.begin(ofMail ? 'READ COMMITTED' : 'SERIALIZABLE');
    let value: T;
    let raised: number | undefined;
    try {
      if (!ofMail) await this.#connection.query(ONE_BY_ONE);
      value = await this.#runner.run(change, ofMail ? 'FOR SHARE' : 'FOR UPDATE');
      checkCrossing(value);
      raised = await this.#runner.run(behind(context?.told !== undefined, this.#parts), '');
      if (undone) throw new Undone();
    } catch (error) {
      lane.rolledBack();
      await this.#connection.rollback();
      throw error;
    }
    try {
      await this.#connection.commit();
    } catch (error) {
      lane.rolledBack();
      throw error;
    }
    lane.committed();
    if (raised !== undefined) this.#parts.raised?.(raised);
    return { value, effects: context?.effects };
  }
}

/** Thrown to roll a run back in a test. */
class Undone extends Error {
  override readonly name = 'Undone';
  readonly code = '40001';
}

/** Makes changes to one account's mail run one after the other, on all nodes. */
function* takeTurn(account: number): Change<void> {
  yield* sql.all({ account: int })`SELECT account FROM mailbox WHERE account = ${account} FOR UPDATE`;
}

/** The number that the registry has from this transaction on, where it changes it. */
function* behind(registryChanged: boolean, { last, lane, usage }: ChangerParts): Change<number | undefined> {
  if (last !== undefined) yield* last();
  yield* addUsage(usage.take());
  yield* lane.flush();
  if (!registryChanged) return undefined;
  const { version } = yield* sql.one({ version: int })`
    UPDATE registry_version SET version = version + 1 WHERE id = 1 RETURNING version`;
  return version;
}
