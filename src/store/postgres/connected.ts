/** A gateway's connections to PostgreSQL, with what watches over them: found, judged, made again, and left together. */
import type { Instant } from '../../domain/units.ts';
import type { Server } from './access.ts';
import { Guard, type GuardOptions } from './guard.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { listen } from './listening.ts';
import { PrimaryFinder } from './primary.ts';
import type { Listening } from './together.ts';

export type ConnectedOptions = Omit<GuardOptions, 'log'> &
  Pick<PoolOptions, 'log' | 'counts' | 'session' | 'line'> & { readonly log: GuardOptions['log'] };

export interface Connected extends Pick<Pool, 'withSession'> {
  readonly waiting: number;
  listen(told: (payload: string) => void): Listening;
  readonly pool: Pool;
  readonly guard: Guard;
  /** When something was committed last that may be acknowledged; undefined: nothing since these connections were made. */
  readonly acknowledgedAt: Instant | undefined;
  close(): Promise<void>;
}

/** Resolves when each server was looked at once, whether a primary is there or not: whoever asks for a connection then waits for one, or is told why. */
export async function connectPostgres(options: ConnectedOptions): Promise<Connected> {
  const guard = new Guard(options);
  const finder = new PrimaryFinder(options);
  await guard.start();
  let acknowledgedAt: Instant | undefined;
  const pool = new Pool({
    ...options,
    finder,
    committed: () => (acknowledgedAt = options.clock.now()),
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
  return {
    pool,
    guard,
    listen: (told) => listen(pool, options.clock, told),
    withSession: (purpose, work) => pool.withSession(purpose, work),
    get waiting() {
      return pool.waiting;
    },
    get acknowledgedAt() {
      return acknowledgedAt;
    },
    close: async () => {
      await pool.close();
      await guard.close();
    },
  };
}
