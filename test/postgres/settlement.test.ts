/**
 * The loss of a machine between the settlement of a delivery and its notice, as
 * settlement-power.test.ts has it on SQLite: the gateway and the primary die at once, and the more
 * advanced standby takes over. Each failure has one notice.
 */
// @release: losses between settlements; faults and histories lose gateway and primary at every merge.
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { openStore } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type SettlementContext, settledThrough, toldOf } from '../faults/support/settlements.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { effort } from '../support/effort.ts';
import { makeStore } from '../support/gateways.ts';
import { MemoryLog } from '../support/log.ts';

const LOSSES = effort(2, 10);

const closers: (() => Promise<void> | void)[] = [];
const whole = { after: (close: () => Promise<void> | void): void => void closers.push(close) };
let cluster: Cluster;
before(async () => {
  cluster = await startCluster(whole);
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

/** Gateways on a database of its own. `machine`: the primary dies with the process. */
async function contextIn(database: string, { machine }: { readonly machine: boolean }): Promise<SettlementContext> {
  const store = await makeStore(whole, cluster, database);
  const [settler, judge] = [
    await store.gateway({ node: 'settler', place: 'noord' }),
    await store.gateway({ node: 'judge', place: 'noord' }),
  ];
  return {
    open: () => openStore(loadConfig(judge.config), { clock: systemClock, log: new MemoryLog() }),
    begin: async () => {
      await store.forget('settler');
      return { arguments: [settler.config] };
    },
    cut: async (kill) => {
      const { primary } = cluster;
      await Promise.all([kill(), machine ? cluster.kill(primary) : undefined]);
      if (!machine) return;
      await cluster.failOver();
      await cluster.rejoin(primary);
    },
  };
}

test(`${LOSSES} losses of gateway and primary between settlements: each failure has one notice`, async (t) => {
  const tally = await settledThrough(await contextIn('settled', { machine: true }), LOSSES);
  t.diagnostic(toldOf(tally));
  assert.ok(tally.settled >= LOSSES * 20, 'too few settlements to prove anything');
  assert.deepEqual([tally.silent, tally.doubled, tally.false, tally.lost], [0, 0, 0, 0]);
});

// Before a merge that of SQLite does (settlement-power.test.ts): what is compared is one text.
if (effort(false, true))
  test('control: notices that are filed behind the settlement do get lost', async (t) => {
    const tally = await settledThrough(await contextIn('apart', { machine: false }), 20, 'notice-apart');
    t.diagnostic(toldOf(tally));
    assert.ok(tally.silent > 0, 'the control lost no notice: this test cannot see a lost one');
  });
