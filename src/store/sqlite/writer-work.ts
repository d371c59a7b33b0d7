/** What the writer does for each kind of work, inside a transaction that somebody else began and will commit. */
import type Database from 'better-sqlite3';
import { isDeepStrictEqual } from 'node:util';
import { instant } from '../../domain/units.ts';
import { Ground } from '../changes/ground.ts';
import { CHANGES, MAIL_CHANGES } from '../objects.ts';
import { RegistryError } from '../registry.ts';
import { checkCrossing } from '../sql/remote.ts';
import { AuditWriter } from './audit-writer.ts';
import { Callables } from './calls.ts';
import { UNCHECKED, setFact } from './check-database.ts';
import type { Db } from './database.ts';
import { DeletedMail } from './deleted-mail.ts';
import { DeliveryChanges } from './delivery-changes.ts';
import { Dropping } from './dropping.ts';
import { Filing } from './filing.ts';
import { ImportChanges } from './import-changes.ts';
import { MailboxCounters } from './mailbox-counters.ts';
import { type Reach, mannerOf } from './manners.ts';
import { MaildropChanges } from './maildrop-changes.ts';
import type { Testing } from './options.ts';
import type { ChunkWork, WriterAnswer, WriterWork } from './writer-protocol.ts';
import { RegistryChanges } from './registry-changes.ts';
import { SqliteRunner } from './runner.ts';
import { SearchTables } from './search-tables.ts';
import { SqliteServices } from './services.ts';
import { Sweeper } from './sweeper.ts';
import { UsageChanges } from './usage-changes.ts';

type CallWork = Extract<WriterWork, { kind: 'call' }>;

const OLD_REACHES: Partial<Record<WriterWork['kind'], Reach>> = {
  ...{ accept: 'nothing', chunk: 'nothing', 'give-up': 'nothing', 'commit-maildrop': 'nothing' },
  ...{ 'release-maildrop': 'nothing', claim: 'nothing', 'claim-one': 'nothing', settle: 'messages' },
  ...{ audit: 'nothing', consumer: 'nothing', space: 'nothing', nothing: 'nothing', registry: 'registry' },
};

/** What is not named is taken to change mailboxes. */
export const reachOf = (work: WriterWork): Reach =>
  work.kind === 'call' ? mannerOf(work).reach : (OLD_REACHES[work.kind] ?? 'mailboxes');

const DONE: WriterAnswer = { kind: 'done' };

/** A refused change is an answer; anything else is a fault. */
function orError(change: () => WriterAnswer): WriterAnswer {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { kind: 'registry-error', error: error.kind, message: error.message };
  }
}

export class WriterWorker {
  readonly audit: AuditWriter;
  readonly search: SearchTables;
  readonly #db: Db;
  readonly #twice: boolean;
  readonly #usage: UsageChanges;
  readonly #filing: Filing;
  readonly #maildrops: MaildropChanges;
  readonly #deliveries: DeliveryChanges;
  readonly #imports: ImportChanges;
  readonly #registry: RegistryChanges;
  readonly #runner: SqliteRunner;
  readonly #callables = new Callables(CHANGES, MAIL_CHANGES);
  readonly #sweeper: Sweeper;
  readonly #insertUpload: Database.Statement;
  readonly #insertChunk: Database.Statement;
  readonly #dayErased: Database.Statement;

  /** `now`: the time at the start of the store. */
  constructor(
    db: Db,
    now: number,
    testing: Pick<Testing, 'searchStep' | 'countEvery' | 'countsApart' | 'changesTwice'> = {},
  ) {
    const { countEvery: every, countsApart: markApart } = testing;
    this.#db = db;
    this.#twice = testing.changesTwice === true;
    this.search = new SearchTables(db, testing.searchStep);
    this.#usage = new UsageChanges(db, { seq: () => this.audit.head.seq, every, markApart });
    this.audit = new AuditWriter(db, (item) => this.#usage.row(item));
    const counters = new MailboxCounters(db);
    this.#filing = new Filing(db, { audit: this.audit, counters, usage: this.#usage, search: this.search }, now);
    this.#maildrops = new MaildropChanges(db, {
      audit: this.audit,
      counters,
      filing: this.#filing,
      usage: this.#usage,
    });
    this.#deliveries = new DeliveryChanges(db, {
      ...{ audit: this.audit, filing: this.#filing, maildrops: this.#maildrops, usage: this.#usage },
    });
    this.#imports = new ImportChanges(db, this.audit, counters, this.#filing);
    const services = new SqliteServices({ counters, filing: this.#filing, usage: this.#usage });
    this.#runner = new SqliteRunner(db, (item) => this.audit.append(item), services);
    this.#registry = new RegistryChanges(db, this.audit, this.#runner);
    this.#sweeper = new Sweeper(db, new Dropping(db), new DeletedMail(db), this.search);
    this.#insertUpload = db.prepare('INSERT INTO upload (message, started_at) VALUES (?, ?)');
    this.#insertChunk = db.prepare('INSERT INTO chunk (message, n, sealed, tag) VALUES (?, ?, ?, ?)');
    this.#dayErased = db.prepare('UPDATE day_key SET erased_at = ? WHERE day = ?');
  }

  /** After a rollback: what was remembered of the transaction, or of the last piece of work in it, never happened. */
  forget(what: 'all' | 'piece'): void {
    this.#filing.forget();
    if (what === 'all') this.#usage.forget();
    else this.#usage.drop();
  }

  /** Before each piece of work; the one before stands. True where this wrote something that must stand when the piece is undone. */
  begin(work: WriterWork): boolean {
    const reach = reachOf(work);
    const wrote = this.#usage.begin(reach);
    this.#filing.begin(reach);
    return wrote;
  }

  /** The last of a transaction. Returns how many rows were written. */
  end(): number {
    return this.#usage.end();
  }

  /** In a transaction: writes what was counted and not yet written. */
  settle(): void {
    this.#usage.settle();
  }

  /** For the control of the crash tests. */
  markCounts(): void {
    this.#usage.mark();
  }

  apply(work: Exclude<WriterWork, { kind: 'space' }>): WriterAnswer {
    switch (work.kind) {
      case 'accept':
        return this.#filing.accept(work);
      case 'chunk':
        return this.#chunk(work);
      case 'commit-maildrop':
        return this.#maildrops.commit(work);
      case 'release-maildrop':
        return this.#maildrops.release(work);
      case 'expire':
        return this.#maildrops.expire(work);
      case 'import':
        return this.#imports.file(work);
      case 'settle':
      case 'withdraw':
        return this.#deliveries.apply(work);
      case 'audit':
        this.audit.appendAll(work.audit);
        return DONE;
      case 'erase-personal':
        return { kind: 'done', value: this.audit.erasePersonal(work.seqs, work.mark) };
      case 'registry':
        return orError(() => {
          return { kind: 'registry', ...this.#registry.apply(work.change, work.at, work.salt) };
        });
      case 'call':
        return orError(() => (this.#twice ? this.#callTwice(work) : this.#call(work)));
      case 'sweep':
        return { kind: 'swept', report: this.#sweeper.step(work) };
      case 'trim':
        return { kind: 'swept', report: this.#sweeper.trim(work) };
      case 'give-up':
        return { kind: 'swept', report: this.#sweeper.giveUp(work.id) };
      case 'day-erased':
        this.#dayErased.run(work.at, work.day);
        return DONE;
      case 'checked':
        setFact(this.#db, UNCHECKED, 0);
        return DONE;
      case 'nothing':
      case 'usage':
        // Its figures were written before it began.
        return DONE;
    }
  }

  #call(work: CallWork): WriterAnswer {
    const ground = new Ground(instant(work.at), work.salt);
    const value = this.#runner.run(this.#callables.of(work)(ground, ...work.args));
    checkCrossing(value);
    const { told } = ground;
    return { kind: 'called', value, ...(told === undefined ? {} : { told }) };
  }

  /** For tests: a change that was rolled back and runs again must do the same again. */
  #callTwice(work: CallWork): WriterAnswer {
    const { head } = this.audit;
    this.#db.exec('SAVEPOINT twice');
    const first = orError(() => this.#call(work));
    this.#db.exec('ROLLBACK TO twice; RELEASE twice');
    this.audit.rewind(head);
    this.forget('piece');
    const second = orError(() => this.#call(work));
    if (!isDeepStrictEqual(first, second))
      throw new Error(
        `${work.object}.${work.method} did something else when it ran again: it has an effect beside its steps`,
      );
    return second;
  }

  #chunk(work: ChunkWork): WriterAnswer {
    if (work.n === 0) {
      this.#filing.day(work.day);
      this.#insertUpload.run(work.id, work.at);
    }
    this.#insertChunk.run(work.id, work.n, work.sealed, work.tag);
    return DONE;
  }
}
