/**
 * Sixteen writers and eight readers at two sites while servers die, links are cut, a standby lags
 * and a gateway hangs: what each of them was told agrees with what all others saw. Controls that
 * make a mistake on purpose, and are found, are in control-behind.test.ts, control-alone.test.ts
 * and mistakes.test.ts.
 */
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { between, chance } from '../support/chance.ts';
import { placeOf } from '../support/cluster.ts';
import { effort } from '../support/effort.ts';
import { type HistoryScene as Scene, more, startHistories } from '../support/history-scene.ts';
import { openAt } from '../support/postgres-server.ts';
import type { Site } from '../support/two-sites.ts';
import { assertNothing } from '../support/verdict.ts';

const ROUNDS = effort(3, 20);

/**
 * The primary dies, the more advanced standby takes over, the dead one comes back by a full copy.
 */
async function primaryDies({ cluster, crew }: Scene): Promise<void> {
  const old = cluster.primary;
  await cluster.kill(old);
  await cluster.failOver();
  await more(crew, 20);
  await cluster.rejoin(old);
}

/**
 * The links of the primary's place are cut for a while: nothing is acknowledged, then all goes on.
 */
async function linkCut({ cluster }: Scene): Promise<void> {
  const place = placeOf(cluster.primary);
  await cluster.isolate(place);
  await pause(between(500, 3000));
  await cluster.reconnect(place);
}

/** One standby lags far behind when the primary dies. */
async function standbyLags(all: Scene): Promise<void> {
  const { cluster, crew } = all;
  const place = placeOf(cluster.primary);
  const other = chance.pick(['noord', 'zuid', 'derde'].filter((one) => one !== place));
  await cluster.cut(place, other);
  await more(crew, 30);
  const old = cluster.primary;
  await cluster.kill(old);
  await cluster.heal(place, other);
  await cluster.failOver();
  await more(crew, 20);
  await cluster.rejoin(old);
}

/** A gateway stands still for longer than its leases last, and goes on as if nothing had been. */
async function gatewayHangs(all: Scene): Promise<void> {
  const site = chance.pick(['noord', 'zuid'] as const);
  const { served } = all.gateways[site];
  served.signal('SIGSTOP');
  await more(all.crew, 20);
  await effort(endLeases, outlastLeases)(all, site);
  served.signal('SIGCONT');
}

const outlastLeases = (): Promise<void> => pause(16_000);

/** As after fifteen seconds, but for its own clock: by that it has them still. */
async function endLeases({ cluster, crew }: Scene, site: Site): Promise<void> {
  const client = await openAt(cluster.server(cluster.primary).port, { database: 'sluis' });
  const whose = `node = (SELECT id FROM node WHERE name = 'gw-${site}')`;
  for (const table of ['maildrop_lease', 'job_lease'])
    await client.query(`UPDATE ${table} SET until = 1 WHERE until > 1 AND ${whose}`);
  await client.end();
  await more(crew, 20);
}

/** A whole site is lost: its gateway and the primary. */
async function siteDies(all: Scene): Promise<void> {
  const site = all.cluster.primary === 'zuid-1' ? 'zuid' : 'noord';
  await all.gateways[site].served.kill();
  await primaryDies(all);
  await all.serve(site);
}

/**
 * The primary dies while another place is cut off: what it acknowledged last stands at the third
 * alone.
 */
async function diesWhileAnotherIsCut({ cluster, crew }: Scene): Promise<void> {
  const old = cluster.primary;
  const cut = chance.pick(['noord', 'zuid', 'derde'].filter((one) => one !== placeOf(old)));
  await cluster.isolate(cut);
  await more(crew, 20);
  await cluster.kill(old);
  await pause(between(0, 2000));
  await cluster.reconnect(cut);
  await cluster.failOver();
  await more(crew, 20);
  await cluster.rejoin(old);
}

/**
 * The primary dies while a gateway stands still, which wakes up to another primary, with leases
 * that are over.
 */
async function diesWhileGatewayHangs(all: Scene): Promise<void> {
  const { served } = all.gateways[chance.pick(['noord', 'zuid'] as const)];
  const since = performance.now();
  served.signal('SIGSTOP');
  await more(all.crew, 20);
  await primaryDies(all);
  await pause(Math.max(0, since + 16_000 - performance.now()));
  served.signal('SIGCONT');
}

/** In this order: before a merge the first two. */
const DISTURBANCES = [
  ...[siteDies, standbyLags, gatewayHangs, linkCut, primaryDies],
  ...[diesWhileAnotherIsCut, diesWhileGatewayHangs],
];

test(`${ROUNDS} rounds of loss and return at two sites: nobody saw anything that another's answers contradict`, async (t) => {
  const all = await startHistories(t);
  all.crew.start();
  for (let round = 0; round < ROUNDS; round += 1) {
    const disturb = DISTURBANCES[round % DISTURBANCES.length]!;
    await more(all.crew, 30);
    t.diagnostic(`round ${round + 1}: ${disturb.name}`);
    await disturb(all);
  }
  await more(all.crew, 30);
  assertNothing(t, await all.crew.stop());
});
