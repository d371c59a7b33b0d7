/**
 * How long clients wait at the one service name while a site dies and while the primary is switched
 * for planned work: Patroni decides, HAProxy and the gateways follow. Beside each time stands that
 * of the database alone, so that what is ours can be seen.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { effort } from '../support/effort.ts';
import { FrontProbe, summary } from '../support/front-probe.ts';
import { type OperatorSites, SITES, type Site, startOperatorSites } from '../support/operator-sites.ts';
import { type Patroni, withoutPatroni } from '../support/patroni.ts';
import type { PgClient } from '../support/postgres-server.ts';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';

const ROUNDS = effort(2, 10);
/** Milliseconds without a 250 at the service name. */
const LOSS = 25_000;
const SWITCH = 3000;
const skip = [withoutPatroni(), withoutProgram('haproxy', 'haproxy')].find((reason) => reason !== false) ?? false;

/** Commits at whichever server takes it, by plain SQL. */
class CommitProbe {
  readonly #patroni: Patroni;
  readonly committed: number[] = [];
  #stopping = false;
  readonly #running: Promise<void>;

  constructor(patroni: Patroni) {
    this.#patroni = patroni;
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  firstAfter(time: number): number {
    return this.committed.find((at) => at > time) ?? Infinity;
  }

  async #run(): Promise<void> {
    await Promise.all(
      this.#patroni.places.map(async (place) => {
        let client: PgClient | undefined;
        while (!this.#stopping)
          try {
            client ??= await place.open({ query_timeout: 3000, connectionTimeoutMillis: 1000 });
            await client.query("SELECT pg_logical_emit_message(true, 'probe', '')");
            this.committed.push(performance.now());
            await pause(20);
          } catch {
            // A standby, a dead one, or an end that nobody knows.
            void client?.end().catch(() => undefined);
            client = undefined;
            await pause(50);
          }
        void client?.end().catch(() => undefined);
      }),
    );
  }
}

interface Scene {
  readonly sites: OperatorSites;
  readonly probe: FrontProbe;
  readonly commits: CommitProbe;
}

async function setUp(t: TestContext): Promise<Scene> {
  const sites = await startOperatorSites(t, ['probe']);
  const probe = new FrontProbe(sites.fronts, 'probe');
  const commits = new CommitProbe(sites.patroni);
  t.after(() => Promise.all([probe.stop(), commits.stop()]).then(() => undefined));
  probe.start();
  return { sites, probe, commits };
}

interface Times {
  readonly service: number[];
  readonly database: number[];
  /** What all programs said in the rounds that took too long. */
  readonly slow: string[];
}

const newTimes = (): Times => ({ service: [], database: [], slow: [] });

const seconds = (time: number): string => (time / 1000).toFixed(2);

/**
 * The round that just ended, and what the gateways and Patroni said where it took too long: so it
 * can be seen where the time went.
 */
function tell(t: TestContext, sites: OperatorSites, times: Times, bound: number): void {
  const [service, database] = [times.service.at(-1)!, times.database.at(-1)!];
  const round = `round ${times.service.length}: ${seconds(service)} s, of which the database ${seconds(database)} s`;
  t.diagnostic(round);
  if (service > bound) times.slow.push(round, ...SITES.map((site) => sites.at(site).log), sites.patroni.logs(20_000));
}

function assertWithin({ service, database, slow }: Times, bound: number): void {
  const { worst, text } = summary(service);
  if (worst <= bound) return;
  const rounds = service.map((time, n) => `${seconds(time)} (database ${seconds(database[n]!)})`).join(', ');
  assert.fail(`${text}; expected at most ${bound} ms; seconds of each: ${rounds}\n${slow.join('\n')}`);
}

/** From the loss of the site of the primary to the next `250`. */
async function loss({ sites, probe, commits }: Scene, { service, database }: Times): Promise<Site> {
  const site = await sites.primarySite();
  await probe.firstAfter(performance.now());
  const at = performance.now();
  await site.kill();
  const dead = performance.now();
  service.push((await probe.firstAfter(dead)) - at);
  database.push(commits.firstAfter(dead) - at);
  return site;
}

test(
  `${ROUNDS} times the site of the primary dies: to the next 250 at the service name at most 25 s`,
  { skip },
  async (t) => {
    const scene = await setUp(t);
    const times = newTimes();
    for (let round = 0; round < ROUNDS; round += 1) {
      const site = await loss(scene, times);
      tell(t, scene.sites, times, LOSS);
      await scene.sites.bringBack(site);
    }
    t.diagnostic(`service ${summary(times.service).text}; database ${summary(times.database).text}`);
    assertWithin(times, LOSS);
  },
);

test(`${ROUNDS} planned switches: clients wait at most 3 s`, { skip }, async (t) => {
  const { sites, probe, commits } = await setUp(t);
  const times = newTimes();
  for (let round = 0; round < ROUNDS; round += 1) {
    const site = await sites.primarySite();
    site.sluis('drain', '--reason', 'planned work');
    const since = await probe.firstAfter(performance.now());
    await sites.patroni.patronictl(site.place, 'switchover', 'sluis', '--force');
    await until('another one leads', async () => (await sites.patroni.leader().catch(() => undefined)) !== site.place);
    await probe.firstAfter(performance.now());
    times.service.push(probe.longestSince(since));
    const [from, ...rest] = commits.committed.filter((at) => at >= since);
    times.database.push(
      rest.reduce(({ before, most }, at) => ({ before: at, most: Math.max(most, at - before) }), {
        before: from!,
        most: 0,
      }).most,
    );
    tell(t, sites, times, SWITCH);
    site.sluis('drain', '--end');
    await sites.patroni.untilWhole();
    await sites.untilReady();
  }
  t.diagnostic(`service ${summary(times.service).text}; database ${summary(times.database).text}`);
  assertWithin(times, SWITCH);
});
