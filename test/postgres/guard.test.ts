/**
 * What a gateway's connections and their guard do on three real servers: links are cut, the primary
 * dies, and comes back with a log of its own.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { milliseconds, seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Access, Server } from '../../src/store/postgres/access.ts';
import { type Connected, connectPostgres } from '../../src/store/postgres/connected.ts';
import type { Cause } from '../../src/store/postgres/judgement.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../src/store/store.ts';
import { type Cluster, NAMES, startCluster } from '../support/cluster.ts';
import { MemoryLog } from '../support/log.ts';
import { SUPERUSER } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

const ACCESS: Access = { database: SUPERUSER, user: SUPERUSER };
const PATIENCE = 40_000;

async function connected(t: Cleanup, cluster: Cluster): Promise<Connected> {
  const servers: readonly Server[] = NAMES.map((name) => ({ host: '127.0.0.1', port: cluster.server(name).port }));
  const made = await connectPostgres({
    ...{ servers, access: ACCESS, name: 'sluis/gw1', clock: systemClock, log: new MemoryLog() },
    every: milliseconds(50),
    patience: seconds(10),
    // A machine that does much else must not look like a server that is away.
    connectWithin: seconds(5),
    session: { connectWithin: seconds(5), answerWithin: seconds(5) },
  });
  t.after(() => made.close());
  made.started();
  return made;
}

const cause = ({ guard }: Connected): Cause | undefined => guard.judgement.not?.cause;
const acknowledges = (it: Connected): Promise<void> =>
  until('it may be acknowledged', () => it.guard.mayAcknowledge() === undefined, PATIENCE);

const write = (it: Connected, id: number): Promise<void> =>
  it.withSession('filing', async (session) => {
    await session.begin();
    await session.query({ name: 'write', text: 'INSERT INTO written VALUES ($1)', values: [id] });
    await session.commit();
  });

/** As a sender that comes again: until it is taken. */
const writeAtLast = (it: Connected, id: number): Promise<void> =>
  until(
    `${id} is taken`,
    async () => {
      try {
        await write(it, id);
        return true;
      } catch (error) {
        if (error instanceof StoreUnavailable) return false;
        throw error;
      }
    },
    PATIENCE,
  );

const written = async (cluster: Cluster): Promise<readonly number[]> =>
  (await cluster.server(cluster.primary).ask('SELECT DISTINCT id FROM written ORDER BY 1')).map(({ id }) => Number(id));

test('Links that are cut, a lost primary and one that returns with a log of its own: nothing is acknowledged that one place alone holds', async (t) => {
  const cluster = await startCluster(t);
  await cluster.server(cluster.primary).ask('CREATE TABLE written (id bigint)');
  const it = await connected(t, cluster);
  await acknowledges(it);
  await write(it, 1);
  assert.deepEqual(
    it.guard.servers().map(({ name, site, role }) => [name, site, role]),
    [
      ['noord-1', 'noord', 'primary'],
      ['zuid-1', 'zuid', 'standby'],
      ['derde-1', 'derde', 'standby'],
    ],
  );
  assert.deepEqual(
    new Set(
      it.guard
        .servers()
        .slice(1)
        .map(({ syncState }) => syncState),
    ),
    new Set(['quorum']),
  );

  // One link less is nothing; without both a commit waits and is not known, and after a while none
  // is begun any more.
  await cluster.cut('noord', 'zuid');
  await write(it, 2);
  await cluster.cut('noord', 'derde');
  await assert.rejects(write(it, 3), OutcomeUnknown);
  await until('the silence is noticed', () => ['silent-standby', 'no-standby'].includes(cause(it) ?? ''), PATIENCE);
  await assert.rejects(write(it, 4), /Nothing may be acknowledged/);
  // Reading goes on.
  await it.withSession('reading', (session) => session.query({ text: 'SELECT count(*) FROM written' }));
  await cluster.heal('noord', 'derde');
  await cluster.heal('noord', 'zuid');
  await acknowledges(it);
  await writeAtLast(it, 5);

  // It is cut off, writes what nobody else has, and dies; another takes over, and is found without
  // anybody's help.
  await cluster.isolate('noord');
  await cluster.server('noord-1').ask('INSERT INTO written SELECT 1000 FROM generate_series(1, 1000)');
  await cluster.kill('noord-1');
  await cluster.reconnect('noord');
  const promoted = await cluster.failOver();
  await writeAtLast(it, 6);
  assert.equal(it.guard.judgement.primary?.name, promoted);
  assert.equal(it.guard.judgement.primary.timeline, 2);
  const held = await written(cluster);
  for (const id of [1, 2, 5, 6]) assert.ok(held.includes(id), `${id} of ${held.join()}`);
  assert.ok(!held.includes(1000));

  // Under its old name it says that it has flushed more than there is.
  await cluster.returnAsItIs('noord-1');
  await until('it is found out', () => cause(it) === 'diverged', PATIENCE);
  assert.match(it.guard.mayAcknowledge()!.why, /noord-1 has a log of its own/);
  await assert.rejects(write(it, 7), /Nothing may be acknowledged: noord-1 has a log of its own/);
});
