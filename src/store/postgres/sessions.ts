/** What the engine needs of the connections that it has. */
import type { ChangingConnection } from './connection.ts';
import type { Purpose } from './pool.ts';
import type { Listening } from './together.ts';

export interface Sessions {
  /**
   * Lends a session that nobody else has meanwhile. Rejects with StoreUnavailable if there is none
   * in time.
   */
  withSession<T>(purpose: Purpose, work: (session: ChangingConnection) => Promise<T>): Promise<T>;
  /** Hears notifications from now on. Absent: nobody is told at once. */
  listen?(told: (payload: string) => void): Listening;
  /**
   * The listener is called when the connections lead to another log, before anything is read there.
   * Absent: that cannot be.
   */
  onHistory?(listener: () => void): void;
  /** How many wait for a session. */
  readonly waiting: number;
  close(): Promise<void>;
}
