/**
 * Tests of faults on PostgreSQL: one cluster of three servers for a file, a database for each
 * gateway. What dies is the gateway, and every second time the primary's machine with it, which
 * comes back with what it had flushed.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { type Cluster, NAMES, startCluster } from '../../support/cluster.ts';
import { type SharedStore, makeStore, supervised } from '../../support/gateways.ts';
import type { Instance } from '../../support/instance.ts';
import type { FaultEngine } from './engine.ts';

const NODE = 'gw1';

/** Of the file that calls it; starts with the first gateway and ends with the file. */
export function postgresFaults(): FaultEngine {
  const closers: (() => Promise<void> | void)[] = [];
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });
  let cluster: Promise<Cluster> | undefined;
  const stores = new Map<Instance, SharedStore>();
  let kills = 0;
  const storeOf = (instance: Instance): SharedStore => {
    const store = stores.get(instance);
    assert.ok(store !== undefined, 'a gateway that was not made here');
    return store;
  };
  const count = async (instance: Instance, sql: string): Promise<number> => {
    const [row] = await storeOf(instance).ask(sql);
    return Number(Object.values(row ?? {})[0]);
  };
  const serve: FaultEngine['serve'] = async (instance, options) => {
    await storeOf(instance).forget(NODE);
    return await supervised(instance, options);
  };
  return {
    name: 'PostgreSQL',
    // It waits for another server on the same machine as well: 550 ms were seen.
    settles: 2000,
    make: async (t, names, configuration = '') => {
      cluster ??= startCluster({ after: (close) => closers.push(close) });
      const store = await makeStore(t, await cluster, `faults_${stores.size + 1}`);
      const instance = await store.gateway({ node: NODE, place: 'noord', configuration });
      stores.set(instance, store);
      // Accounts are made through a gateway.
      const served = await supervised(instance);
      instance.addAccounts(names);
      assert.equal(await served.stop(), 0);
      return instance;
    },
    serve,
    kill: async (served) => {
      kills += 1;
      const servers = await cluster;
      if (kills % 2 === 1 || servers === undefined) return await served.kill();
      const { primary } = servers;
      await Promise.all([served.kill(), servers.kill(primary)]);
      await servers.startAgain(primary);
      await servers.untilStreaming(NAMES.filter((name) => name !== primary));
    },
    count,
    sent: async (instance) => {
      // In one look: a process of the server that outlived its gateway may commit between two.
      const [row] = await storeOf(instance).ask(
        `SELECT (SELECT count(*) FROM message WHERE copy_of IS NULL AND submitter > 0)::int AS there,
                ((SELECT coalesce(sum(sent), 0) FROM usage_month)
                 + (SELECT coalesce(sum((one->>'sent')::bigint), 0) FROM usage_waiting, jsonb_array_elements(sums) AS one))::int AS kept`,
      );
      assert.equal(row?.kept, row?.there, 'the figures of usage are not those of the messages');
      return Number(row?.kept);
    },
  };
}
