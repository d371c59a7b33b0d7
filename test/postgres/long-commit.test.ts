/**
 * The one time-out that a connection has (decision 1911) ends a transaction whose gateway says
 * nothing, and nothing else: a COMMIT that waits longer than that for its standby is acknowledged
 * when, and only when, another place has it.
 */
// @beside
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '../../src/domain/units.ts';
import type { Access } from '../../src/store/postgres/access.ts';
import { Session } from '../../src/store/postgres/session.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { effort } from '../support/effort.ts';
import { SUPERUSER } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';

/**
 * Milliseconds of the time-out. In the shorter run each connection sets it lower, in the longer it
 * is what a gateway has.
 */
const TIME_OUT = effort(1000, 10_000);
const ACCESS: Access = { database: SUPERUSER, user: SUPERUSER };

async function open(t: TestContext, cluster: Cluster): Promise<Session> {
  const { port } = cluster.server(cluster.primary);
  const session = await Session.open({ host: '127.0.0.1', port }, ACCESS, {
    name: 'sluis/test',
    connectWithin: seconds(10),
    answerWithin: seconds(60),
  });
  t.after(() => session.destroy('the test is over'));
  const set = effort(`SET idle_in_transaction_session_timeout = '${TIME_OUT}ms'`, 'SELECT 1');
  await session.query({ text: set });
  const { rows } = await session.query({ text: 'SHOW idle_in_transaction_session_timeout' });
  assert.deepEqual(rows, [[`${TIME_OUT / 1000}s`]]);
  return session;
}

const insert = async (session: Session, id: number): Promise<void> => {
  await session.begin();
  await session.query({ text: 'INSERT INTO noted VALUES ($1)', values: [id] });
};

test('a COMMIT that waits for its standby for longer than the time-out of idle transactions is acknowledged when another place has it, and an idle transaction is undone', async (t) => {
  const cluster = await startCluster(t);
  const primary = cluster.server(cluster.primary);
  await primary.ask('CREATE TABLE noted (id bigint PRIMARY KEY)');
  const [waits, idle, quiet] = [await open(t, cluster), await open(t, cluster), await open(t, cluster)];
  await insert(waits, 1);
  await cluster.isolate('noord');
  let answered = false;
  const commit = waits.commit().finally(() => (answered = true));
  commit.catch(() => undefined);
  await until('it waits for its standby', async () => {
    const waiting = await primary.ask("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'", [
      waits.facts.pid,
    ]);
    return waiting.length === 1;
  });
  await insert(idle, 2);
  await until('the idle one is ended', () => idle.ended, TIME_OUT + 10_000, 20);
  await assert.rejects(idle.query({ text: 'SELECT 1' }), StoreUnavailable);
  // Later than the same time since COMMIT, which was sent before the other one was idle.
  await pause(TIME_OUT / 4);
  assert.deepEqual([answered, waits.ended], [false, false]);
  await cluster.reconnect('noord');
  await commit;
  await quiet.query({ text: 'SELECT 1' });
  // What the idle one had locked is free.
  const next = await open(t, cluster);
  await insert(next, 2);
  await next.commit();
  await cluster.kill(cluster.primary);
  await cluster.failOver();
  const rows = await cluster.server(cluster.primary).ask('SELECT id::int FROM noted ORDER BY id');
  assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
});
