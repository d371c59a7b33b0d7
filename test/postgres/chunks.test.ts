/**
 * Pieces of bodies are committed without waiting for anybody: what the acceptance behind them is
 * worth when a place is lost.
 */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ChunkLine } from '../../src/store/postgres/chunk-line.ts';
import { FilingLine } from '../../src/store/postgres/filing.ts';
import { Lane } from '../../src/store/postgres/lane.ts';
import { knownMigrations, migrate } from '../../src/store/postgres/migrate.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { Session } from '../../src/store/postgres/session.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { AT, addAccounts, workOf } from '../support/postgres-filing.ts';
import { SUPERUSER } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';

const ACCESS = { database: SUPERUSER, user: SUPERUSER, password: () => 'not asked for' };

async function open(t: Cleanup, cluster: Cluster): Promise<Session> {
  const { port } = cluster.server(cluster.primary);
  const within = { connectWithin: seconds(10), answerWithin: seconds(20) };
  const session = await Session.open({ host: '127.0.0.1', port }, ACCESS, { name: 'sluis/test', ...within });
  t.after(() => session.destroy('the test is over'));
  return session;
}

/** What files, and what stores pieces, on the primary that there is. */
async function linesOn(t: Cleanup, cluster: Cluster) {
  const [filing, chunking] = [await open(t, cluster), await open(t, cluster)];
  const its = {
    connection: filing,
    runner: new PostgresRunner(filing),
    lane: new Lane({ node: 0, epoch: 1 }, () => 0),
  };
  const runner = new PostgresRunner(chunking);
  return {
    line: new FilingLine({
      connections: 1,
      clock: systemClock,
      committed: () => undefined,
      withFiling: (work) => work(its),
    }),
    chunks: new ChunkLine({ withChunks: (work) => work(runner) }),
  };
}

const count = async (cluster: Cluster, from: string): Promise<number> =>
  Number((await cluster.server(cluster.primary).ask(`SELECT count(*) AS n FROM ${from}`))[0]?.n);

test('an accepted body has all its pieces at the other place; those that nobody accepted may be lost, and that is found', async (t) => {
  const cluster = await startCluster(t);
  const maker = await open(t, cluster);
  await migrate(maker, knownMigrations(), 0);
  await addAccounts({ query: (text) => maker.query({ text }) }, 2);
  const { line, chunks } = await linesOn(t, cluster);
  const works = [1, 2].map(() => workOf(1, [2], { body: null, chunks: 8, size: 2_000_000 }));
  const piece = (of: number, n: number) => ({
    ...{
      id: works[of]!.id,
      n,
      sealed: randomBytes(256 * 1024),
      tag: randomBytes(16),
      day: '2026-11-28',
      at: AT,
      account: 1,
    },
  });
  await Promise.all(Array.from({ length: 8 }, (_, n) => chunks.add(piece(0, n))));
  assert.equal(await line.accept(works[0]!), undefined);
  for (const place of ['zuid', 'derde']) await cluster.cut('noord', place);
  // Nobody waits for a place that is away, but for the acceptance.
  await Promise.all(Array.from({ length: 8 }, (_, n) => chunks.add(piece(1, n))));
  assert.equal(await count(cluster, 'chunk'), 16);
  await cluster.kill(cluster.primary);
  for (const place of ['zuid', 'derde']) await cluster.heal('noord', place);
  await cluster.failOver();
  assert.deepEqual([await count(cluster, 'chunk'), await count(cluster, 'entry')], [8, 1]);
  const there = await linesOn(t, cluster);
  await assert.rejects(there.line.accept(works[1]!), /has 0 of 8 chunks/);
});
