/**
 * Sixteen writers and eight readers at two sites while servers die, links are cut, a standby lags and a gateway hangs: what each of them was told agrees with what all
 * others saw. Each control makes one mistake on purpose, and is found; others are in mistakes.test.ts.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { between, chance } from '../support/chance.ts';
import { placeOf } from '../support/cluster.ts';
import { Crew, namesOf } from '../support/crew.ts';
import { effort } from '../support/effort.ts';
import { type TwoSites, type TwoSitesOptions, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';
import { assertNothing, judged } from '../support/verdict.ts';

const ROUNDS = effort(3, 20);
const WRITERS = namesOf('writer', 16);
const MAILBOXES = namesOf('mailbox', 4);

interface Scene extends TwoSites {
  readonly crew: Crew;
}

async function scene(t: TestContext, options: TwoSitesOptions = {}): Promise<Scene> {
  const sites = await startTwoSites(t, [...WRITERS, ...MAILBOXES], options);
  const crew = new Crew({ fronts: sites.fronts, writers: WRITERS, mailboxes: MAILBOXES, patience: 8000 });
  return { ...sites, crew };
}

async function more(crew: Crew, messages: number): Promise<void> {
  const enough = crew.acknowledged + messages;
  await until(`${messages} more messages`, () => crew.acknowledged >= enough, 60_000);
}

/** The primary dies, the more advanced standby takes over, the dead one comes back by a full copy. */
async function primaryDies({ cluster, crew }: Scene): Promise<void> {
  const old = cluster.primary;
  await cluster.kill(old);
  await cluster.failOver();
  await more(crew, 20);
  await cluster.rejoin(old);
}

/** The links of the primary's place are cut for a while: nothing is acknowledged, then all goes on. */
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
async function gatewayHangs({ gateways, crew }: Scene): Promise<void> {
  const { served } = gateways[chance.pick(['noord', 'zuid'] as const)];
  served.signal('SIGSTOP');
  await more(crew, 20);
  await pause(16_000);
  served.signal('SIGCONT');
}

/** A whole site is lost: its gateway and the primary. */
async function siteDies(all: Scene): Promise<void> {
  const site = all.cluster.primary === 'zuid-1' ? 'zuid' : 'noord';
  await all.gateways[site].served.kill();
  await primaryDies(all);
  await all.serve(site);
}

/** The primary dies while another place is cut off: what it acknowledged last stands at the third alone. */
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

/** The primary dies while a gateway stands still, which wakes up to another primary, with leases that are over. */
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
  const all = await scene(t);
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

test('control: the standby that is behind takes over, and what was acknowledged is found lost', async (t) => {
  const { cluster, crew } = await scene(t);
  crew.start();
  await more(crew, 30);
  await cluster.cut('noord', 'derde');
  await more(crew, 60);
  await cluster.kill('noord-1');
  await cluster.heal('noord', 'derde');
  await cluster.promote('derde-1');
  // What the other one has beyond it would keep every commit from being acknowledged.
  await cluster.stop('zuid-1');
  await cluster.rejoin('zuid-1');
  await more(crew, 10);
  assert.ok(judged(t, await crew.stop()).lost.length > 0);
});

test('control: commits that wait for nobody, acknowledged all the same, are found lost', async (t) => {
  const { cluster, crew } = await scene(t, { synchronous: false, mistake: 'unguarded' });
  crew.start();
  await more(crew, 30);
  await cluster.isolate('noord');
  await more(crew, 40);
  await cluster.kill('noord-1');
  await cluster.reconnect('noord');
  await cluster.failOver();
  await more(crew, 10);
  assert.ok(judged(t, await crew.stop()).lost.length > 0);
});
