/**
 * Jobs by lease: a row for each says which node does it. All are asked for at once, and again every
 * few seconds.
 */
import type { Clock, Log, Timer } from '../../domain/effects.ts';
import { type Instant, type Milliseconds, seconds } from '../../domain/units.ts';
import { JOBS, type Job, type Jobs } from '../jobs.ts';
import { as, int, text } from '../sql/columns.ts';
import { rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { DATABASE_NOW, LOCAL, type LeaseOwner } from './lease-rows.ts';

const RENEWED_EVERY = seconds(5);
/** How long a node that says nothing keeps its jobs. */
export const JOB_LEASE = seconds(20);

export interface JobParts {
  readonly run: <T>(change: Change<T>) => Promise<T>;
  readonly owner: LeaseOwner;
  readonly clock: Clock;
  readonly log: Log;
  /** The time of the database, where a test decides it. */
  readonly now?: () => Instant;
}

export interface JobHolder {
  readonly job: string;
  readonly node: number;
  /** By the clock of the database. */
  readonly until: Instant;
}

export class LeasedJobs implements Jobs {
  readonly #p: JobParts;
  /**
   * End of each job by our own clock, counted from before it was asked for: it ends here before it
   * ends in the database.
   */
  readonly #ours = new Map<string, number>();
  /** When the last question that got an answer was asked. */
  #answered = -Infinity;
  #timer: Timer | undefined;
  #asking: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: JobParts) {
    this.#p = parts;
  }

  /** Resolves after the first question; rejects if that failed. */
  async start(): Promise<void> {
    await this.#ask();
    this.#later();
  }

  runs(job: Job): boolean {
    return !this.#stopped && (this.#ours.get(job) ?? 0) > this.#p.clock.monotonic();
  }

  get known(): boolean {
    return this.#p.clock.monotonic() < this.#answered + JOB_LEASE;
  }

  /** Resolves when no statement is under way: for tests. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  /** Which node does which job. A lease that is over belongs to nobody. */
  async holders(): Promise<readonly JobHolder[]> {
    return await this.#p.run(holdersAt(this.#p.now?.() ?? null));
  }

  /** Gives all jobs back, so that other nodes can take them at once. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#asking;
    this.#ours.clear();
    await this.#p.run(freeJobs(this.#p.owner)).catch(() => undefined);
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = this.#p.clock.after(RENEWED_EVERY, () => {
      // A statement that fails now is repeated, or the jobs end by their time.
      this.#asking = this.#ask().catch(() => undefined);
      void this.#asking.then(() => this.#later());
    });
  }

  async #ask(): Promise<void> {
    const { run, owner, clock, log, now } = this.#p;
    const asked = clock.monotonic();
    const got = await run(takeJobs(owner, now?.() ?? null));
    this.#answered = asked;
    const names = new Set(got.map(({ name }) => name));
    for (const name of JOBS) {
      const had = this.#ours.has(name);
      if (had !== names.has(name)) log.info(had ? 'store.job-lost' : 'store.job-taken', { job: name });
      if (names.has(name)) this.#ours.set(name, asked + JOB_LEASE);
      else this.#ours.delete(name);
    }
  }
}

const NAMES = JOBS.map((name) => ({ name }));
const lease: Milliseconds = JOB_LEASE;

/**
 * The jobs of this node from now on. They are asked for in the order of names, so that two nodes
 * which ask at once wait for one another in one direction only.
 */
const takeJobs = ({ node, epoch }: LeaseOwner, now: Instant | null) => sql.all({ name: text })`
  WITH t AS MATERIALIZED (SELECT coalesce(${now}::bigint, ${DATABASE_NOW}) AS now, ${LOCAL}),
  taken AS (
    INSERT INTO job_lease AS j (name, node, epoch, fence, until)
    SELECT given.name, ${node}::bigint, ${epoch}::bigint, 1, t.now + ${lease}::bigint FROM t, ${rowsOf({ name: text }, NAMES)} ORDER BY given.name
        ON CONFLICT (name) DO UPDATE
       SET fence = CASE WHEN j.node = excluded.node AND j.epoch = excluded.epoch THEN j.fence ELSE j.fence + 1 END,
           node = excluded.node, epoch = excluded.epoch, until = excluded.until
     WHERE j.node = excluded.node OR j.until <= excluded.until - ${lease}::bigint
    RETURNING j.name
  )
  SELECT name FROM taken`;

const holdersAt = (now: Instant | null) => sql.all({ job: text, node: int, until: as<Instant>(int) })`
  SELECT name AS job, node, until FROM job_lease WHERE until > coalesce(${now}::bigint, ${DATABASE_NOW}) ORDER BY name`;

const freeJobs = ({ node, epoch }: LeaseOwner) => sql.run`
  UPDATE job_lease j SET until = 0 FROM (SELECT ${LOCAL}) t WHERE j.node = ${node} AND j.epoch = ${epoch}`;
