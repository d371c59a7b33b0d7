/**
 * What the writer does for each call, inside a transaction that somebody else began and will
 * commit.
 */
import { isDeepStrictEqual } from 'node:util';
import { instant } from '../../domain/units.ts';
import { ChangeEffects } from '../changes/changed.ts';
import { following } from '../changes/directory.ts';
import { ChangeContext } from '../changes/change-context.ts';
import { CHANGES, MAIL_CHANGES } from '../changes/table.ts';
import { RegistryError } from '../registry.ts';
import { type Callable, checkCrossing, methodsOf } from '../sql/remote.ts';
import { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { Filing } from './filing.ts';
import { MailboxCounters } from './mailbox-counters.ts';
import type { KeptReserve } from './kept-reserve.ts';
import { type Manner, REGISTRY } from '../core/manners.ts';
import { mannerOf } from './manners.ts';
import type { Testing } from './options.ts';
import { type Own, OwnMail, OwnTrail, OwnUpkeep } from './own.ts';
import type { WriterAnswer, WriterCall } from './writer-protocol.ts';
import { SqliteRunner } from './runner.ts';
import { SearchTables } from './search-tables.ts';
import { SqliteServices } from './services.ts';
import { UsageChanges } from './usage-changes.ts';

const NO_SALT = new Uint8Array(0);

type OwnMethod = (changed: ChangeEffects, ...args: readonly unknown[]) => unknown;

/** A method that may be called in the writer's thread. */
interface Callee {
  readonly run: Callable;
  readonly manner: Manner;
  /** True: a plain method of the writer itself, not a generator. */
  readonly own: boolean;
}
type Callees = ReadonlyMap<string, ReadonlyMap<string, Callee>>;

function calleesOf(own: Own): Callees {
  const callees = new Map<string, Map<string, Callee>>();
  for (const table of [CHANGES, MAIL_CHANGES, own] as const)
    for (const [object, of] of Object.entries<object>(table)) {
      const known = callees.get(object) ?? new Map<string, Callee>();
      for (const [method, run] of methodsOf(of))
        known.set(method, { run, manner: mannerOf(object, method), own: table === own });
      callees.set(object, known);
    }
  return callees;
}

/** A refused change is an answer; any other error is an internal one. */
function orRefused(change: () => WriterAnswer): WriterAnswer {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { kind: 'refused', error: error.kind, message: error.message };
  }
}

export class WriterWorker {
  readonly audit: AuditWriter;
  readonly search: SearchTables;
  readonly #db: Db;
  readonly #twice: boolean;
  readonly #usage: UsageChanges;
  readonly #filing: Filing;
  readonly #runner: SqliteRunner;
  readonly #callees: Callees;
  #changed = new ChangeEffects();

  /** `now`: the time at the start of the store. `reserve`: left out, there is none. */
  constructor(
    db: Db,
    now: number,
    testing: Pick<Testing, 'searchStep' | 'countEvery' | 'countsApart' | 'changesTwice'> = {},
    reserve: Pick<KeptReserve, 'keep'> = { keep: () => false },
  ) {
    const { countEvery: every, countsApart: markApart } = testing;
    this.#db = db;
    this.#twice = testing.changesTwice === true;
    this.search = new SearchTables(db, testing.searchStep);
    this.#usage = new UsageChanges(db, { seq: () => this.audit.head.seq, every, markApart });
    this.audit = new AuditWriter(db, (item) => this.#usage.row(item));
    const counters = new MailboxCounters(db);
    this.#filing = new Filing(db, { audit: this.audit, counters, usage: this.#usage, search: this.search }, now);
    const services = new SqliteServices({ counters, filing: this.#filing, usage: this.#usage });
    this.#runner = new SqliteRunner(db, (item) => this.audit.append(item), services);
    this.#callees = calleesOf({
      mail: new OwnMail(db, this.#filing),
      trail: new OwnTrail(this.audit),
      upkeep: new OwnUpkeep(db, reserve),
    });
  }

  /**
   * After a rollback: what was remembered of the transaction, or of the last piece of work in it,
   * never happened.
   */
  forget(what: 'all' | 'piece'): void {
    this.#changed = new ChangeEffects();
    this.#filing.forget();
    if (what === 'all') this.#usage.forget();
    else this.#usage.drop();
  }

  /** A method that may not be called has the safest manner. */
  mannerOf({ object, method }: WriterCall): Manner {
    return this.#callees.get(object)?.get(method)?.manner ?? REGISTRY;
  }

  /**
   * Before each piece of work; the one before stands. True if this wrote something that must stand
   * when the piece is undone.
   */
  begin({ reach }: Manner): boolean {
    const wrote = this.#usage.begin(reach);
    this.#filing.begin(reach);
    return wrote;
  }

  /**
   * Called at the end of a transaction. Returns by estimate how many pages were written, beside
   * those that each piece writes.
   */
  end(): number {
    return this.#usage.end() + this.#filing.takePages();
  }

  /** Writes what was counted and not yet written, in a transaction. */
  settle(): void {
    this.#usage.settle();
  }

  /** For the control of the crash tests. */
  markCounts(): void {
    this.#usage.mark();
  }

  apply(call: WriterCall): WriterAnswer {
    const callee = this.#callees.get(call.object)?.get(call.method);
    if (callee === undefined) throw new TypeError(`Nothing may be called as ${call.object}.${call.method}`);
    if (callee.own) return this.#runOwn(callee.run, call);
    return orRefused(() => (this.#twice ? this.#runTwice(callee.run, call) : this.#run(callee.run, call)));
  }

  #runOwn(run: Callable, { args }: WriterCall): WriterAnswer {
    const changed = this.#changed;
    const value = (run as OwnMethod)(changed, ...args);
    const { effects } = changed;
    if (effects === undefined) return { kind: 'done', value };
    this.#changed = new ChangeEffects();
    return { kind: 'done', value, effects };
  }

  #run(run: Callable, { at = 0, salt = NO_SALT, args }: WriterCall): WriterAnswer {
    const context = new ChangeContext(instant(at), salt);
    const value = this.#runner.run(following(context, run(context, ...args)));
    checkCrossing(value);
    const { effects } = context;
    return { kind: 'done', value, ...(effects === undefined ? {} : { effects }) };
  }

  /** For tests: a change that was rolled back and runs again must do the same again. */
  #runTwice(run: Callable, call: WriterCall): WriterAnswer {
    const { head } = this.audit;
    this.#db.exec('SAVEPOINT twice');
    const first = orRefused(() => this.#run(run, call));
    this.#db.exec('ROLLBACK TO twice; RELEASE twice');
    this.audit.rewind(head);
    this.forget('piece');
    const second = orRefused(() => this.#run(run, call));
    if (!isDeepStrictEqual(first, second))
      throw new Error(
        `${call.object}.${call.method} did something else when it ran again: it has an effect beside its steps`,
      );
    return second;
  }
}
