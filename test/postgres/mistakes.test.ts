/**
 * Whole gateways before three servers, one without a mistake and others with one each
 * (test/support/mistakes.ts). In the same moments the one without loses, doubles and deletes
 * nothing, and of each other one the checker of histories finds what its mistake costs: so it would
 * find it of the program as well.
 */
// @beside
import assert from 'node:assert/strict';
import { type TestContext, after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ByHand, type Sent } from '../support/by-hand.ts';
import { type Cluster, NAMES, placeOf, startCluster } from '../support/cluster.ts';
import { type Front, frontOf } from '../support/crew.ts';
import { effort } from '../support/effort.ts';
import { type SharedStore, makeStore, supervised } from '../support/gateways.ts';
import type { Served } from '../support/instance.ts';
import { type Mistake, mistake } from '../support/mistakes.ts';
import { until } from '../support/until.ts';
import { assertNothing, judged } from '../support/verdict.ts';

const SENDER = 'sender';
/**
 * A mailbox for what is told of the gateway without a mistake, and one for each mistake; the last
 * two are for deletions.
 */
const BOXES = ['fine', 'deaf', 'do-nothing', 'uncompared', 'kept', 'taken'];
const GATEWAYS = ['none', 'deaf', 'do-nothing', 'uncompared', 'fenceless'] as const;
type Name = (typeof GATEWAYS)[number] & (Mistake | 'none');

const closers: (() => Promise<void> | void)[] = [];
let cluster: Cluster;
let store: SharedStore;
const people = new ByHand(SENDER);
/** What the one without a mistake has logged. */
let log = '';
const gateways = new Map<Name, Front & { readonly served: Served }>();
const gateway = (name: Name): Front & { readonly served: Served } => gateways.get(name)!;

before(async () => {
  const t = { after: (close: () => Promise<void> | void): void => void closers.push(close) };
  // Five gateways have more connections than two. Pages that vacuum changes would fill the log
  // beyond what the one that returns has of its own.
  cluster = await startCluster(t, { settings: { autovacuum: 'off', max_connections: '200' } });
  store = await makeStore(t, cluster);
  for (const name of GATEWAYS) {
    const instance = await store.gateway({ node: name, place: 'noord' });
    const how = name === 'none' ? { hear: (text: string) => void (log += text) } : mistake(name);
    const served = await supervised(instance, how);
    if (name === 'none') instance.addAccounts([SENDER, ...BOXES]);
    gateways.set(name, { ...frontOf(instance, name, 0), served });
  }
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

/** Why it took nothing, where it should have. */
afterEach((t) => {
  if (!('passed' in t) || !t.passed) console.error(log.split('\n').slice(-30).join('\n'));
});

async function send(box: string, through: Name): Promise<void> {
  await people.message(box).untilTaken(people, gateway(through));
}

test('a gateway that stands still until its maildrop is another’s deletes nothing at QUIT; control: without the fence it does', async (t) => {
  const stopped = [gateway('none'), gateway('fenceless')] as const;
  const boxes = ['kept', 'taken'] as const;
  for (const box of boxes) for (let n = 0; n < 3; n += 1) await send(box, 'none');
  const sessions = await Promise.all(boxes.map((box, n) => people.open(stopped[n]!, box)));
  for (const session of sessions) await session.mark();
  for (const { served } of stopped) served.signal('SIGSTOP');
  // As after fifteen seconds. By its own clock each still has its maildrop.
  await store.ask('UPDATE maildrop_lease SET until = 0');
  const others = await Promise.all(boxes.map((box) => people.open(gateway('deaf'), box)));
  for (const { served } of stopped) served.signal('SIGCONT');
  // Until they have seen the registry again they answer nothing for good.
  for (const front of stopped) await people.untilLetIn(front);
  for (const session of sessions) await session.quit();
  for (const other of others) await other.quit();
  const left = await Promise.all(boxes.map((box) => people.look(gateway('none'), box)));
  assert.deepEqual(
    left.map(({ listed }) => listed?.length),
    [3, 0],
  );
  assert.notEqual(sessions[0]?.pickup.ending?.outcome, 'answered');
  assertNothing(t, people.historyOf('kept'));
  assert.ok(judged(t, people.historyOf('taken')).twoOwners.length > 0, 'the control was not found');
});

test('waits for a standby that are cancelled: nothing is acknowledged that is lost; controls: who does not listen to notices, and who writes nothing for what came before', async (t) => {
  const [well, deaf, hasty] = [gateway('none'), gateway('deaf'), gateway('do-nothing')];
  for (const [box, through] of [
    ['fine', 'none'],
    ['deaf', 'deaf'],
    ['do-nothing', 'do-nothing'],
  ] as const)
    await send(box, through);
  const open = { well: await people.connect(well), again: await people.connect(well) };
  const others = { deaf: await people.connect(deaf), hasty: await people.connect(hasty) };
  const old = cluster.primary;
  const place = placeOf(old);
  // The gateways stand beside it.
  assert.equal(place, 'noord');
  await takeNumbersAhead();
  await cluster.isolate(place);
  const cancelled = startCancelling();
  const [unheard, again, repeated] = [people.message('deaf'), people.message('fine'), people.message('do-nothing')];
  await Promise.all([
    unheard.over(others.deaf, deaf),
    again.over(open.well, well),
    repeated.over(open.again, well).then(() => repeated.over(others.hasty, hasty)),
  ]);
  assert.deepEqual(told(unheard), ['deaf acknowledged']);
  assert.deepEqual(told(repeated), ['none unknown', 'do-nothing acknowledged']);
  await again.once(people, well);
  assert.equal(again.acknowledged, false, 'acknowledged with both links cut');
  await cancelled();
  await cluster.kill(old);
  await cluster.reconnect(place);
  await cluster.failOver();
  await again.untilTaken(people, well);
  await send('fine', 'none');
  for (const box of ['fine', 'deaf', 'do-nothing']) await people.look(well, box);
  assertNothing(t, people.historyOf('fine'));
  for (const box of ['deaf', 'do-nothing'])
    assert.equal(judged(t, people.historyOf(box)).lost.length, 1, `the control "${box}" was not found`);
  await cluster.rejoin(old);
});

test('a server with a log of its own that returns under its old name: nothing is acknowledged that it alone confirms; control: who does not compare where logs end loses it', async (t) => {
  const [well, careless] = [gateway('none'), gateway('uncompared')];
  const old = cluster.primary;
  // What it has beyond the others must lie in the file of the log that they are in, or it cannot go
  // on from there.
  await cluster.server(old).ask('SELECT pg_switch_wal()');
  await send('fine', 'none');
  await cluster.isolate(placeOf(old));
  await writeAlone(old);
  const its = await cluster.positionOf(old);
  await cluster.kill(old);
  await cluster.reconnect(placeOf(old));
  const promoted = await cluster.failOver();
  await send('uncompared', 'uncompared');
  await send('fine', 'none');

  const third = NAMES.find((name) => name !== old && name !== promoted)!;
  const sinceThen = log.length;
  const says = (word: string): Promise<void> =>
    until(`the log says "${word}"`, () => log.slice(sinceThen).includes(word), 20_000, 50);
  // Stopped and not cut off: it may be the one that the gateways stand beside.
  await cluster.stop(third);
  const [mine, believed] = [people.message('fine'), people.message('uncompared')];
  let trying = true;
  const taken = believed.untilTaken(people, careless);
  const tried = until(
    'it is taken, or seen enough',
    async () => (await mine.once(people, well)) || !trying,
    90_000,
    100,
  );
  // Whoever awaits them sees a failure; until then it must not count as unhandled.
  for (const one of [taken, tried]) one.catch(() => undefined);
  // From then on nothing counts, what it has begun before and is answered later neither.
  await says('no-standby');
  await assertBeyond(t, its, promoted);
  await cluster.returnAsItIs(old);
  await taken;
  // What was confirmed lies in the part of the log of which the one that returned has another.
  await assertBeyond(t, its, promoted);
  await says(`${old} has a log of its own`);
  assert.equal(mine.acknowledged, false, 'acknowledged on the word of the one that returned');
  await cluster.kill(promoted);
  await cluster.kill(old);
  await cluster.startAgain(third);
  await cluster.promote(third);
  // That it goes on takes half a minute more: for so long the one that returned is not forgotten.
  trying = effort(false, true);
  if (trying) await cluster.rejoin(old);
  await tried;
  for (const box of ['fine', 'uncompared']) await people.look(well, box);
  assertNothing(t, people.historyOf('fine'));
  assert.equal(judged(t, people.historyOf('uncompared')).lost.length, 1, 'the control was not found');
});

const told = ({ attempts }: Sent): readonly string[] =>
  attempts.map(({ gateway: name, outcome }) => `${name} ${outcome}`);

/**
 * Twelve megabytes of log that no other server has. They belong to a transaction, whose commit
 * flushes them: of messages outside of one, the writer of the log had flushed between nothing and
 * all when they were measured, and what it had not flushed would go with the machine.
 */
async function writeAlone(name: string): Promise<void> {
  const [row] = await cluster
    .server(name)
    .ask(
      "SELECT count(pg_logical_emit_message(true, 'own', repeat('x', 1000))) AS written FROM generate_series(1, 12000)",
    );
  assert.equal(row?.written, '12000');
}

async function assertBeyond(t: TestContext, its: bigint, promoted: string): Promise<void> {
  const end = await cluster.positionOf(promoted);
  assert.ok(end < its, `the one that returns, up to ${its}, has nothing that the others have not, up to ${end}`);
  t.diagnostic(`the one that returns has ${its - end} octets of log beyond the end of ${promoted}`);
}

/**
 * Of 33 numbers the server takes one notes those to come in its log, and a commit with that waits
 * like any other: the next 32 do not.
 */
async function takeNumbersAhead(): Promise<void> {
  await store.ask("SELECT nextval('audit_seq') FROM audit_seq, generate_series(0, log_cnt)");
}

/**
 * Whatever waits for a standby there is cancelled, as a careless operator or tool does; of the
 * gateway without a mistake every process is ended instead.
 */
function startCancelling(): () => Promise<void> {
  const server = cluster.server(cluster.primary);
  const state = { stopped: false };
  const work = (async () => {
    while (!state.stopped) {
      await server.ask(
        `SELECT CASE WHEN application_name LIKE 'sluis/none %' THEN pg_terminate_backend(pid) ELSE pg_cancel_backend(pid) END
           FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      await pause(10);
    }
  })();
  work.catch(() => undefined);
  return async () => {
    state.stopped = true;
    await work;
  };
}
