/** What the engine asks of the connections that it has. */
import type { ChangingConnection } from './connection.ts';
import type { Purpose } from './pool.ts';
import type { Listening } from './together.ts';

export interface Sessions {
  /** One that nobody else has meanwhile. Rejects with StoreUnavailable where there is none in time. */
  withSession<T>(purpose: Purpose, work: (session: ChangingConnection) => Promise<T>): Promise<T>;
  /** Hears what is notified from now on. Left out: nobody is told at once. */
  listen?(told: (payload: string) => void): Listening;
  /** Told when they lead to another log, before anything is read there. Left out: that cannot be. */
  onHistory?(listener: () => void): void;
  /** How many wait for a session. */
  readonly waiting: number;
  close(): Promise<void>;
}
