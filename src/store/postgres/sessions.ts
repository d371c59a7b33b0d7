/** What the engine asks of the connections that it has. */
import type { ChangingConnection } from './connection.ts';

import type { Purpose } from './pool.ts';

export interface Sessions {
  /** One that nobody else has meanwhile. Rejects with StoreUnavailable where there is none in time. */
  withSession<T>(purpose: Purpose, work: (session: ChangingConnection) => Promise<T>): Promise<T>;
  /** Those who wait for one. */
  readonly waiting: number;
  close(): Promise<void>;
}
