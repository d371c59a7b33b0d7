/**
 * Acceptances on PostgreSQL. What waits is filed in batches, over a few connections at once: a
 * batch is one statement that writes the messages, then reads and locks what they rest on, one that
 * writes the rest, and a commit, whose wait for another place is shared by all of the batch. Each
 * answer leaves when that commit is certain.
 *
 * A work that fails by itself (a body whose chunks are not there) must not harm its neighbours: the
 * batch is done again, one by one. So is nothing whose outcome is not known: it may be committed.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { FairLine } from '../../platform/fair-line.ts';
import type { AcceptWork } from '../changes/accept-work.ts';
import type { Effects } from '../changes/changed.ts';
import type { Clock, Timer } from '../../domain/effects.ts';
import type { KeptRow, Unfiled } from '../core/engine.ts';
import { firstIdAt } from '../message-ids.ts';
import { bytes, long, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { OutcomeUnknown, StoreFull, StoreUnavailable } from '../store.ts';
import { ANSWERS_IN_A_TURN } from '../core/answers.ts';
import { REQUESTS_FOR } from '../acceptance.ts';
import { defined } from '../../domain/defined.ts';
import { instant, milliseconds } from '../../domain/units.ts';
import { type ChangingConnection, codeOf } from './connection.ts';
import { type Filed, fileBatch } from './filing-batch.ts';
import { nameOf } from './filing-names.ts';
import type { Lane } from './lane.ts';
import type { PostgresRunner } from './runner.ts';
import { UsageNotes } from './usage.ts';

/** Acceptances of a batch, and octets of bodies. */
const BATCH = 128;
const BATCH_OCTETS = 2 * 1024 * 1024;
/** Of one account, while others wait as well. */
const SHARE = 16;
/** What may wait at most: a gateway that cannot file says so instead of filling its memory. */
const MOST = 5000;
const MOST_OCTETS = 64 * 1024 * 1024;
/** A batch that waits for its locks longer than this holds up no other one. */
const LOCKED_WITHIN = milliseconds(50);
/**
 * Runs of one batch: serialisation failed, a deadlock was ended, or somebody else was quicker with
 * a key.
 */
const RUNS = 5;
const AGAIN: ReadonlySet<string> = new Set(['40001', '40P01', '23505']);
/** Keys of messages whose outcome nobody knows; the oldest is forgotten beyond. */
const MOST_UNSURE = 10_000;

/** A connection that files, with what goes along with it. */
export interface FilingConnection {
  readonly connection: ChangingConnection;
  readonly runner: PostgresRunner;
  readonly lane: Lane;
}

export interface FilingLineParts {
  /** Lends a connection for a while; rejects with StoreUnavailable if there is none. */
  readonly withFiling: <T>(work: (filing: FilingConnection) => Promise<T>) => Promise<T>;
  /** Batches at once. */
  readonly connections: number;
  readonly clock: Pick<Clock, 'after'>;
  /** Whether what was judged by one number of the registry holds where it has another one. */
  readonly follows?: (judged: number, now: number) => boolean;
  /** Behind each commit, before its answers are given out. */
  readonly committed: (effects: readonly Effects[]) => void;
  /** Of each batch that was committed: how many it filed, and milliseconds. */
  readonly took?: (works: number, milliseconds: number) => void;
}

interface Waiting {
  readonly work: AcceptWork;
  readonly octets: number;
  readonly resolve: (unfiled: Unfiled | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class FilingLine {
  readonly #p: FilingLineParts;
  readonly #line = new FairLine<Waiting>();
  readonly #unsure = new Map<string, Uint8Array>();
  #octets = 0;
  #running = 0;
  #woken = false;
  /** Batches that wait for their locks, and have not done so for long. */
  #locking = 0;

  constructor(parts: FilingLineParts) {
    this.#p = parts;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** Resolves when it is durable; undefined: it was filed. */
  async accept(work: AcceptWork): Promise<Unfiled | undefined> {
    const octets = octetsOf(work);
    if (this.#line.length >= MOST || this.#octets + octets > MOST_OCTETS)
      throw new StoreUnavailable('Too many messages wait to be filed; see whether PostgreSQL is slow, and try again');
    return await new Promise((resolve, reject) => {
      this.#octets += octets;
      this.#line.push(work.submitter, { work, octets, resolve, reject });
      this.#wake();
    });
  }

  /**
   * What was kept of a request. Its row is written, since what is only read may be lost with this
   * server.
   */
  async sentRequest(key: Uint8Array, now: number): Promise<KeptRow | undefined> {
    return await this.perform(() => keptUnder(key, now));
  }

  /** Steps in a transaction of their own, on one of the connections that file. */
  async perform<T>(steps: () => Change<T>): Promise<T> {
    return await this.#p.withFiling((filing) => this.run(filing, steps));
  }

  /** Keys of messages whose outcome is not known: their senders will come again. */
  get unsure(): readonly Uint8Array[] {
    return [...this.#unsure.values()];
  }

  /** These are marked in the database. */
  marked(keys: readonly Uint8Array[]): void {
    for (const key of keys) this.#unsure.delete(nameOf(key));
  }

  /** Once a turn: what all sockets of this turn brought is likely to share a commit. */
  #wake(): void {
    if (this.#woken || this.#locking > 0 || this.#running >= this.#p.connections) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      if (this.#line.length > 0) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#running += 1;
    while (this.#line.length > 0 && this.#locking === 0) await this.#serve(this.#take());
    this.#running -= 1;
  }

  /**
   * The next batch begins when this one has its locks: nearly always the two have a mailbox in
   * common. Until then messages gather, and batches are as large as they can be: each costs two
   * statements and a commit, whatever it holds. Returns what says that the locks are there, or are
   * not needed any more.
   */
  #lock(): () => void {
    this.#locking += 1;
    const locked = (): void => {
      if (timer === undefined) return;
      timer.cancel();
      timer = undefined;
      this.#locking -= 1;
      if (this.#line.length > 0) this.#wake();
    };
    let timer: Timer | undefined = this.#p.clock.after(LOCKED_WITHIN, locked);
    return locked;
  }

  #take(): readonly Waiting[] {
    const share = this.#line.keys > 1 ? SHARE : BATCH;
    const counts = new Map<unknown, number>();
    const may = (key: unknown): boolean => (counts.get(key) ?? 0) < share;
    const batch: Waiting[] = [];
    for (let octets = 0; batch.length < BATCH;) {
      const next = this.#line.peek(may);
      if (next === undefined || (batch.length > 0 && octets + next.octets > BATCH_OCTETS)) break;
      this.#line.shift(may);
      counts.set(next.work.submitter, (counts.get(next.work.submitter) ?? 0) + 1);
      octets += next.octets;
      this.#octets -= next.octets;
      batch.push(next);
    }
    return batch;
  }

  async #serve(batch: readonly Waiting[]): Promise<void> {
    try {
      const filed = await this.#file(batch.map(({ work }) => work));
      for (const [i, { resolve }] of batch.entries()) {
        if (i > 0 && i % ANSWERS_IN_A_TURN === 0) await turn();
        resolve(filed[i]?.unfiled);
      }
    } catch (error) {
      if (batch.length === 1 || error instanceof StoreUnavailable || error instanceof StoreFull)
        for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.#serve([one]);
    }
  }

  async #file(works: readonly AcceptWork[]): Promise<readonly Filed[]> {
    const locked = this.#lock();
    const filed = this.#p.withFiling(async (filing) => {
      const { lane } = filing;
      const since = performance.now();
      try {
        const filed = await this.run(filing, () =>
          fileBatch(works, { lane, usage: new UsageNotes(), locked, ...defined({ follows: this.#p.follows }) }),
        );
        this.#p.took?.(works.length, performance.now() - since);
        const effects = filed.flatMap(({ changed }) => changed.effects ?? []);
        if (effects.length > 0) this.#p.committed(effects);
        return filed;
      } catch (error) {
        if (error instanceof OutcomeUnknown) this.#isUnsure(works);
        throw error;
      }
    });
    return await filed.finally(locked);
  }

  /** Steps in a transaction of their own, which runs again where another one was quicker. */
  async run<T>({ connection, runner, lane }: FilingConnection, steps: () => Change<T>): Promise<T> {
    for (let run = 1; ; run += 1)
      try {
        await connection.begin('READ COMMITTED');
        const value = await runner.run(steps());
        await runner.run(lane.flush());
        await connection.commit();
        lane.committed();
        return value;
      } catch (error) {
        lane.rolledBack();
        await connection.rollback();
        // What is not known has no code, and never runs again: it may be committed.
        if (run >= RUNS || !AGAIN.has(codeOf(error) ?? '')) throw error;
      }
  }

  #isUnsure(works: readonly AcceptWork[]): void {
    for (const { resubmission } of works)
      if (resubmission !== null) this.#unsure.set(nameOf(resubmission.key), resubmission.key);
    for (const oldest of this.#unsure.keys()) {
      if (this.#unsure.size <= MOST_UNSURE) break;
      this.#unsure.delete(oldest);
    }
  }
}

const octetsOf = ({ body, copies, notices }: AcceptWork): number =>
  [...copies, ...notices].reduce((sum, one) => sum + octetsOf(one), body?.length ?? 0);

function* keptUnder(key: Uint8Array, now: number): Change<KeptRow | undefined> {
  const oldest = firstIdAt(instant(Math.max(0, now - REQUESTS_FOR)));
  return yield* sql.first({ message: long, digest: bytes, answer: text })`
    UPDATE sent_request SET answer = answer WHERE key = ${key} AND id >= ${oldest} RETURNING message, digest, answer`;
}
