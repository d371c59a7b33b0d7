/** The engine that a test of faults runs on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Instance, type ServeOptions, type Served } from '../../support/instance.ts';
import type { Cleanup } from '../../support/store.ts';
import { recount } from '../../support/usage-recount.ts';

export interface FaultEngine {
  readonly name: string;
  /**
   * Between a partner's 250 and the commit of our settlement, at most: milliseconds, on a loaded
   * machine.
   */
  readonly settles: number;
  /** A gateway with these accounts, which does not run. `configuration`: more lines of TOML. */
  make(t: Cleanup, names: readonly string[], configuration?: string): Promise<Instance>;
  serve(instance: Instance, options?: ServeOptions): Promise<Served>;
  /** The machine dies, as far as processes can tell. */
  kill(served: Served): Promise<void>;
  /** Beside the gateway: a number, such as of `SELECT count(*) ...`. */
  count(instance: Instance, sql: string): Promise<number>;
  /**
   * Messages that the figures of usage have as sent. Fails if they differ from the messages that
   * are there.
   */
  sent(instance: Instance): Promise<number>;
}

export const sqliteFaults: FaultEngine = {
  name: 'SQLite',
  settles: 500,
  make: async (t, names, configuration = '') => {
    const instance = await Instance.create({ configuration });
    t.after(() => instance.remove());
    instance.addAccounts(names);
    return instance;
  },
  serve: (instance, options) => instance.serve(options),
  kill: (served) => served.kill(),
  count: async (instance, sql) => {
    await Promise.resolve();
    return instance.count(sql);
  },
  sent: async (instance) => {
    await Promise.resolve();
    const { kept, found } = recount(join(instance.data, 'sluis.db'));
    assert.deepEqual(kept, found);
    return Object.values(kept).reduce((sum, of) => sum + of.sent, 0);
  },
};
