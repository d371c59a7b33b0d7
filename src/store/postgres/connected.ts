/**
 * A gateway's connections to PostgreSQL, with what watches over them: found, judged, made again,
 * and left together.
 */
import { type Instant, type Milliseconds, milliseconds } from '../../domain/units.ts';
import type { Server } from './access.ts';
import { Guard, type GuardOptions } from './guard.ts';
import { COUNTS, Pool, type PoolOptions, type Purpose } from './pool.ts';
import { listen } from './listening.ts';
import { Patience } from './patience.ts';
import { PrimaryFinder } from './primary.ts';
import { FIRST_CONNECT } from './session.ts';
import type { Listening } from './together.ts';

export type ConnectedOptions = Omit<GuardOptions, 'log'> &
  Pick<PoolOptions, 'log' | 'counts' | 'session' | 'line'> & {
    readonly log: GuardOptions['log'];
    /** How long to wait for missing servers. Absent: the first look decides. */
    readonly patience?: Milliseconds;
  };

export interface Connected extends Pick<Pool, 'withSession'> {
  readonly waiting: number;
  listen(told: (payload: string) => void): Listening;
  onHistory(listener: () => void): void;
  readonly pool: Pool;
  readonly guard: Guard;
  /**
   * Time of the last commit that may be acknowledged; undefined: none since these connections were
   * made.
   */
  readonly acknowledgedAt: Instant | undefined;
  /** Called when the start is over. */
  started(): void;
  close(): Promise<void>;
}

/**
 * Resolves when there is a primary whose commits may be acknowledged, and connections to it.
 * Rejects with StoreUnavailable; what may pass by itself is waited for as long as `patience` says.
 */
export async function connectPostgres(options: ConnectedOptions): Promise<Connected> {
  const { clock, log, counts = COUNTS, patience: within = milliseconds(0) } = options;
  const since = clock.monotonic();
  const guard = new Guard(options);
  const finder = new PrimaryFinder(options);
  await guard.start();
  const patience = new Patience(since, { guard, clock, log, within });
  let making = true;
  const starting = (): boolean => making || !patience.over;
  let acknowledgedAt: Instant | undefined;
  const pool = new Pool({
    ...options,
    finder: {
      // During a start the guard's result is used: another look at all servers would be one more
      // thing that a busy machine does not finish within its second.
      find: () => {
        const seen = starting() ? guard.judgement.primary : undefined;
        return seen === undefined ? finder.find() : Promise.resolve(seen.server);
      },
      lost: (server) => finder.lost(server),
    },
    ...(options.session?.connectWithin === undefined
      ? { makeWithin: () => (starting() ? FIRST_CONNECT : undefined) }
      : {}),
    committed: () => (acknowledgedAt = clock.now()),
    mayAcknowledge: (server) => guard.mayAcknowledge(server),
    lookAgain: (server) => guard.lookAgain(server),
  });
  guard.onChange(({ primary }) => {
    if (primary === undefined) return;
    const other = (server: Server): boolean => server !== primary.server;
    finder.found(primary.server);
    pool.leave(other, `${primary.name} is the primary now`);
    pool.tryNow();
  });
  const close = async (): Promise<void> => {
    await pool.close();
    await guard.close();
  };
  try {
    await patience.waitFor(
      pool,
      (Object.keys(counts) as Purpose[]).filter((purpose) => counts[purpose] > 0),
    );
  } catch (error) {
    await close();
    throw error;
  } finally {
    making = false;
  }
  return {
    pool,
    guard,
    listen: (told) => listen(pool, clock, told),
    onHistory: (listener) => pool.onHistory(listener),
    withSession: async (purpose, work) => {
      if (!patience.over) await patience.waitFor(pool, [purpose]);
      return await pool.withSession(purpose, work);
    },
    get waiting() {
      return pool.waiting;
    },
    get acknowledgedAt() {
      return acknowledgedAt;
    },
    started: () => patience.end(),
    close,
  };
}
