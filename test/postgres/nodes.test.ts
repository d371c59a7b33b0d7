/** Nodes and jobs, as several gateways have them in one PostgreSQL. */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { instant, minutes, seconds } from '../../src/domain/units.ts';
import { JOBS } from '../../src/store/jobs.ts';
import { MessageIds, firstIdAt } from '../../src/store/message-ids.ts';
import { Hints, heard } from '../../src/store/postgres/hints.ts';
import { JOB_LEASE, LeasedJobs } from '../../src/store/postgres/jobs.ts';
import { startSchedule } from '../../src/backup/schedule.ts';
import { Node, type NodeParts } from '../../src/store/postgres/nodes.ts';
import { RegistryVersion } from '../../src/store/postgres/registry-version.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { StoreFailed, StoreRefused, StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { type NodeConnection, type SharedServer, sharedServer } from '../support/postgres-nodes.ts';

const ends: (() => unknown)[] = [];
let server: SharedServer | undefined;
test.after(async () => {
  for (const end of ends.reverse()) await end();
});

interface Scene {
  readonly clock: FakeClock;
  readonly db: NodeConnection;
  readonly log: MemoryLog;
  /** The database's clock goes so far behind this machine's. */
  ahead: number;
  cutOff: boolean;
  readonly run: <T>(change: Change<T>) => Promise<T>;
  readonly lost: StoreFailed[];
  parts(name: string, of?: Partial<NodeParts>): NodeParts;
}

/** One server for all; each test has its rows for itself. */
async function scene(): Promise<Scene> {
  server ??= await sharedServer({ after: (end) => void ends.push(end) });
  const db = await server.connect('test');
  await db.client.query('TRUNCATE node, job_lease');
  const clock = new FakeClock();
  const log = new MemoryLog();
  const s: Scene = {
    ...{ clock, db, log, ahead: 0, cutOff: false, lost: [] },
    run: async (change) => {
      if (s.cutOff) throw new StoreUnavailable('The database does not answer');
      return await db.run(change);
    },
    parts: (name, of) => ({
      ...{ clock, log, random: randomBytes, name, site: 'noord', version: '1', schemaVersion: 1, run: s.run },
      now: () => instant(clock.now() - s.ahead),
      lost: (error) => s.lost.push(error),
      ...of,
    }),
  };
  return s;
}

/** Time goes on, second by second, and what it sets off goes through. */
async function pass({ clock }: Scene, time: number, ...settled: { settled(): Promise<void> }[]): Promise<void> {
  for (let gone = 0; gone < time; gone += 1000) {
    clock.advance(1000);
    for (const one of settled) await one.settled();
    await new Promise(setImmediate);
  }
}

/** Begins under a name that somebody may have: time goes on while it waits. */
async function begun<T>(s: Scene, begins: Promise<T>, ...settled: { settled(): Promise<void> }[]): Promise<T> {
  const state = { over: false };
  const ended = begins.finally(() => (state.over = true));
  ended.catch(() => undefined);
  for (let rounds = 0; !state.over && rounds < 2000; rounds += 1) {
    await pass(s, 200, ...settled);
    await s.db.client.query('SELECT 1');
  }
  return await ended;
}

test('each name has a number of its own, and keeps it; each start has an epoch', async () => {
  const s = await scene();
  const [one, two] = [await Node.take(s.parts('gw1')), await Node.take(s.parts('gw2', { site: 'zuid' }))];
  assert.deepEqual([one.node, one.epoch, two.node, two.epoch], [0, 1, 1, 1]);
  await one.stop();
  const again = await Node.take(s.parts('gw1'));
  assert.deepEqual([again.node, again.epoch], [0, 2]);
  assert.deepEqual(
    (await again.all()).map(({ id, name, site, epoch }) => [id, name, site, epoch]),
    [
      [0, 'gw1', 'noord', 2],
      [1, 'gw2', 'zuid', 1],
    ],
  );
});

test('several that begin at once get several numbers', async () => {
  const s = await scene();
  const runs = await Promise.all(Array.from({ length: 6 }, () => server!.connect('many')));
  const nodes = await Promise.all(runs.map(({ run }, i) => Node.take(s.parts(`gw${i}`, { run }))));
  assert.deepEqual(nodes.map(({ node }) => node).sort(), [0, 1, 2, 3, 4, 5]);
});

test('a second gateway under one name is refused while the first one lives', async () => {
  const s = await scene();
  const one = await Node.take(s.parts('gw1', { address: '192.0.2.7' }));
  one.start(() => s.clock.now());
  await assert.rejects(begun(s, Node.take(s.parts('gw1')), one), (error) => {
    assert(error instanceof StoreRefused);
    assert.match(
      error.message,
      /A gateway with the name "gw1" is running at 192\.0\.2\.7 \(site "noord"\); stop it, or give/,
    );
    return true;
  });
  assert.deepEqual(s.lost, []);
});

test('the name of one that was killed is had again after seconds, and one that hung stops when it wakes up', async () => {
  const s = await scene();
  const hung = await Node.take(s.parts('gw1'));
  const before = s.clock.now();
  const next = await begun(s, Node.take(s.parts('gw1')));
  assert(s.clock.now() - before <= seconds(60));
  assert.deepEqual([next.node, next.epoch], [0, 2]);
  hung.start(() => s.clock.now());
  await pass(s, seconds(3), hung);
  assert.match(
    s.lost.map(({ message }) => message).join(),
    /^Another gateway runs as "gw1", or has its number 0; each needs/,
  );
  // Control: the one that has the name goes on.
  next.start(() => s.clock.now());
  await pass(s, seconds(10), next);
  assert.equal(s.lost.length, 1);
});

test('a start that a promotion has lost is said again', async () => {
  const s = await scene();
  await (await Node.take(s.parts('gw1'))).stop();
  const node = await Node.take(s.parts('gw1'));
  await s.db.client.query("UPDATE node SET epoch = 1, instance = 'of the start before'");
  node.start(() => s.clock.now());
  await pass(s, seconds(3), node);
  assert.deepEqual(s.lost, []);
  assert.deepEqual(
    (await node.all()).map(({ epoch }) => epoch),
    [2],
  );
});

test('when all 256 numbers were used the one that is silent for the longest time is given away', async () => {
  const s = await scene();
  await s.db.client.query(
    `INSERT INTO node (id, name, site, epoch, instance, started_at, heard_at, latest, version, schema_version)
     SELECT i, 'old' || i, 'noord', 1, 'x', 0, ${s.clock.now()} - (i + 1) * 100, 5000, '1', 1 FROM generate_series(0, 255) i`,
  );
  await assert.rejects(Node.take(s.parts('gw1')), /All 256 numbers of gateways are in use; stop one, or/);
  await pass(s, seconds(6));
  const node = await Node.take(s.parts('gw1'));
  assert.deepEqual([node.node, node.epoch, node.latest], [255, 2, 5000]);
});

test('no id is made twice: a node begins above what it has made, also where its clock was set back', async () => {
  const s = await scene();
  const first = await Node.take(s.parts('gw1'));
  let latest = s.clock.now();
  first.start(() => latest);
  await pass(s, seconds(5), first);
  latest = instant(s.clock.now() + 1000);
  await pass(s, seconds(3), first);
  // Behind the last beat; and another node's, which is higher.
  const [own, other] = [new MessageIds(0n, 0), new MessageIds(0n, 1)];
  const last = own.next(instant(latest + 30_000));
  for (const id of [last, other.next(instant(latest + 60_000))])
    await s.db.client.query(`INSERT INTO upload (message, started_at) VALUES (${id}, 0)`);
  s.clock.setWall(s.clock.now() - 3_600_000);
  await s.db.client.query('UPDATE node SET heard_at = 0');
  const again = await Node.take(s.parts('gw1'));
  assert.equal(again.floor, last);
  assert(again.latest >= latest);
  assert(new MessageIds(again.floor, again.node).next(s.clock.now()) > last);
  assert(firstIdAt(again.latest) <= again.floor);
});

test('clocks that go apart are told of once, and an alarm from a minute on', async () => {
  const s = await scene();
  const node = await Node.take(s.parts('gw1'));
  node.start(() => s.clock.now());
  const told = () => s.log.names.filter((event) => event.startsWith('store.clock'));
  s.ahead = 1500;
  await pass(s, seconds(6), node);
  assert.deepEqual(told(), []);
  s.ahead = -5000;
  await pass(s, seconds(6), node);
  assert.deepEqual(told(), ['store.clock-apart']);
  assert.equal(node.ahead, -5000);
  s.ahead = 300_000;
  await pass(s, seconds(6), node);
  s.ahead = 0;
  await pass(s, seconds(6), node);
  assert.deepEqual(told(), ['store.clock-apart', 'store.clock-apart', 'store.clock-near']);
});

test('each job is one node’s at a time, and another’s when that one is gone or stops', async () => {
  const s = await scene();
  const jobsOf = async (node: number, epoch = 1): Promise<LeasedJobs> => {
    const { clock, log } = s;
    const cut = { off: false };
    const jobs = new LeasedJobs({
      ...{ clock, log, owner: { node, epoch }, now: () => clock.now() },
      run: async (change) => {
        if (cut.off) throw new StoreUnavailable('away');
        return await s.run(change);
      },
    });
    cuts.set(jobs, cut);
    await jobs.start();
    return jobs;
  };
  const cuts = new Map<LeasedJobs, { off: boolean }>();
  const doing = (...all: LeasedJobs[]) => all.map((jobs) => JOBS.filter((job) => jobs.runs(job)).length);
  const [one, two] = [await jobsOf(1), await jobsOf(2)];
  assert.deepEqual(doing(one, two), [JOBS.length, 0]);
  await pass(s, seconds(60), one, two);
  assert.deepEqual(doing(one, two), [JOBS.length, 0]);
  assert.deepEqual(new Set((await two.holders()).map(({ node }) => node)), new Set([1]));
  // It hangs, or cannot reach the database: it stops by its own clock before the other one begins.
  cuts.get(one)!.off = true;
  for (let gone = 0; doing(two)[0] === 0; gone += 1) {
    assert(gone * 1000 < JOB_LEASE + seconds(10));
    await pass(s, 1000, one, two);
    assert(doing(one, two).every((n) => n === 0) || doing(one, two).includes(0), 'two nodes do the same');
  }
  assert.deepEqual(doing(one, two), [0, JOBS.length]);
  cuts.get(one)!.off = false;
  await pass(s, seconds(30), one, two);
  assert.deepEqual(doing(one, two), [0, JOBS.length]);
  await two.stop();
  await pass(s, seconds(6), one);
  assert.deepEqual(doing(one, two), [JOBS.length, 0]);
  // The same node again: the start before is gone.
  const again = await jobsOf(1, 2);
  assert.deepEqual(doing(again), [JOBS.length]);
});

test('a minutely round is done once a minute, by another node when the one that did it was killed; without leases by both', async () => {
  const s = await scene();
  const { clock, log } = s;
  const killed = { is: false };
  const nodes: LeasedJobs[] = [];
  for (const node of [1, 2]) {
    const jobs = new LeasedJobs({
      ...{ clock, log, owner: { node, epoch: 1 }, now: () => clock.now() },
      run: async (change) => {
        if (node === 1 && killed.is) throw new StoreUnavailable('away');
        return await s.run(change);
      },
    });
    await jobs.start();
    nodes.push(jobs);
  }
  const done: number[] = [];
  let controls = 0;
  const schedules = nodes.flatMap((jobs, n) => [
    startSchedule({
      clock,
      round: async () => void done.push(n + 1),
      mine: () => jobs.runs('backups') && !(n === 0 && killed.is),
    }),
    startSchedule({
      clock,
      round: async () => {
        if (n === 1 || !killed.is) controls += 1;
      },
    }),
  ]);
  await pass(s, minutes(6), ...nodes);
  assert.deepEqual([done.length, controls], [5, 10]);
  assert.deepEqual(new Set(done), new Set([1]));
  assert(nodes.every(({ known }) => known));
  killed.is = true;
  await pass(s, minutes(4), ...nodes);
  assert.equal(nodes[0]?.known, false, 'it cannot say whose anything is');
  assert.deepEqual(new Set(done.slice(5)), new Set([2]));
  // While the lease of the dead one lasts nobody does it.
  assert(done.length >= 8 && done.length <= 9, `${done.length} rounds in ten minutes`);
  for (const schedule of schedules) schedule.stop();
  for (const jobs of nodes) await jobs.stop();
});

test('what was not confirmed for a second is not relied on, and what changed is forgotten', async () => {
  const s = await scene();
  const { clock, log } = s;
  let forgotten = 0;
  const version = new RegistryVersion({ clock, log, run: s.run, changed: () => (forgotten += 1) });
  assert.throws(() => version.check(), StoreUnavailable);
  await version.start();
  const first = version.version;
  const go = async (time: number): Promise<void> => {
    for (let gone = 0; gone < time; gone += 50) {
      clock.advance(50);
      await version.settled();
    }
  };
  await go(5000);
  version.check();
  assert.deepEqual([forgotten, version.version], [1, first]);
  await s.db.client.query('UPDATE registry_version SET version = version + 1');
  await go(250);
  assert.deepEqual([forgotten, version.version], [2, first + 1]);
  await s.db.client.query('UPDATE registry_version SET version = version + 1');
  version.hint();
  version.hint();
  await version.settled();
  assert.equal(forgotten, 3);
  s.cutOff = true;
  await go(950);
  version.check();
  await go(350);
  assert.throws(() => version.check(), StoreUnavailable);
  s.cutOff = false;
  await go(300);
  version.check();
  await version.stop();
});

test('what this node changed itself is not forgotten whole; what others changed is, also under a number that was thought its own', async () => {
  const s = await scene();
  const { clock, log } = s;
  let forgotten = 0;
  const version = new RegistryVersion({ clock, log, run: s.run, changed: () => (forgotten += 1) });
  await version.start();
  const look = async (): Promise<void> => {
    version.hint();
    await version.settled();
  };
  const raise = () => s.db.client.query('UPDATE registry_version SET version = version + 1');
  const next = (): number => version.version + 1;
  version.raised(next());
  await raise();
  await look();
  assert.equal(forgotten, 1, 'the first look alone');
  version.raised(next());
  await raise();
  await raise();
  await look();
  assert.equal(forgotten, 2);
  // Whose number it is may be another one's until the commit is certain: whoever looks before
  // forgets all.
  const hangs = next();
  await raise();
  await look();
  assert.equal(forgotten, 3);
  version.raised(hangs);
  await look();
  assert.equal(forgotten, 3);
  // What was judged holds over changes of this node's own alone, however many.
  const judged = version.version;
  for (let n = 0; n < 5; n += 1) {
    await raise();
    version.raised(judged + n + 1);
    assert(version.follows(judged, judged + n + 1));
    if (n % 2 === 0) await look();
  }
  await raise();
  assert(!version.follows(judged, judged + 6));
  assert(!version.follows(judged, judged - 1));
  await look();
  assert(!version.follows(judged, judged + 6));
  assert(version.follows(judged + 6, judged + 6));
  for (let n = 7; n < 2000; n += 1) version.raised(judged + n);
  assert(!version.follows(judged, judged + 5), 'of long ago nothing is known');
  // In another history the same number means another registry.
  const here = version.version;
  assert(version.follows(here, here));
  version.forget();
  assert.throws(() => version.check(), StoreUnavailable);
  assert(!version.follows(here, here));
  await version.settled();
  version.check();
  assert(!version.follows(here, here));
  assert(version.follows(version.version, here));
  await version.stop();
});

test('a look that is behind the hint is not enough', async () => {
  const s = await scene();
  const { clock, log } = s;
  const waiting: (() => void)[] = [];
  const version = new RegistryVersion({
    ...{ clock, log, changed: () => undefined },
    run: async (change) => {
      const value = await s.run(change);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return value;
    },
  });
  const starts = version.start();
  const answered = async (): Promise<void> => {
    while (waiting.length === 0) await new Promise(setImmediate);
    waiting.shift()?.();
    await new Promise(setImmediate);
  };
  await answered();
  await starts;
  const before = version.version;
  version.hint();
  await s.db.client.query('SELECT 1');
  await s.db.client.query('UPDATE registry_version SET version = version + 1');
  version.hint();
  await answered();
  assert.equal(version.version, before, 'it had read before');
  await answered();
  await version.settled();
  assert.equal(version.version, before + 1);
});

test('hints go to other nodes, many in one, and what is nobody’s hint is left alone', async () => {
  const s = await scene();
  const { clock, log } = s;
  const heardBy: string[] = [];
  const listening = await server!.connect('listening');
  const client = listening.client as unknown as {
    on(event: 'notification', listener: (said: { readonly payload: string }) => void): void;
  };
  client.on('notification', ({ payload }) => heardBy.push(payload));
  await listening.client.query('LISTEN sluis');
  const hints = new Hints({ clock, log, node: 1, run: s.run });
  for (let account = 1; account <= 500; account += 1) hints.tell({ mailboxes: [account, account] });
  hints.tell({ due: [4], registry: true });
  hints.tell({});
  clock.advance(20);
  await hints.settled();
  await listening.client.query('SELECT 1');
  assert.equal(heardBy.length, 1);
  const [said = ''] = heardBy;
  assert(said.length < 8000);
  assert.equal(heard(said, 1), undefined, 'its own');
  const hint = heard(said, 2);
  assert.deepEqual([hint?.from, hint?.mailboxes.length, hint?.due, hint?.registry], [1, 200, [4], true]);
  for (const odd of ['', 'x', '{}', '[]', 'null', '{"from":"1"}']) assert.equal(heard(odd, 2), undefined);
  assert.deepEqual(heard('{"from":3,"mailboxes":["a",1.5,7],"more":1}', 2), {
    ...{ from: 3, mailboxes: [7], due: [], registry: false },
  });
  hints.tell({ due: [4] });
  s.cutOff = true;
  clock.advance(20);
  await hints.settled();
  assert.equal(hints.lost, 1);
});
