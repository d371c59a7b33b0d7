/**
 * The cluster that other tests stand on: it keeps what was acknowledged when it is led as it should
 * be, and loses when it is not. A cluster that lost nothing in the wrong hands would prove nothing.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type PgClient, openAt } from '../support/postgres-server.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

const TABLE = 'CREATE TABLE kept (n bigint PRIMARY KEY, filler text)';

/** Writes one row after the other, and keeps the numbers of those that were acknowledged. */
class Writer {
  readonly acknowledged: number[] = [];
  readonly #client: PgClient;
  #stop = false;
  readonly ended: Promise<void>;

  private constructor(client: PgClient, from: number) {
    this.#client = client;
    this.ended = this.#write(from);
  }

  static async on(t: Cleanup, cluster: Cluster, from = 0): Promise<Writer> {
    const client = await cluster.server(cluster.primary).open();
    t.after(() => void client.end().catch(() => undefined));
    return new Writer(client, from);
  }

  async #write(from: number): Promise<void> {
    for (let n = from; !this.#stop; n += 1)
      try {
        await this.#client.query('INSERT INTO kept (n) VALUES ($1)', [n]);
        this.acknowledged.push(n);
      } catch {
        return;
      }
  }

  /** Until so many more were acknowledged. */
  async more(count: number): Promise<void> {
    const end = this.acknowledged.length + count;
    await until(`${count} more rows`, () => this.acknowledged.length >= end);
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await this.ended;
  }
}

async function withTable(t: Cleanup, options?: { readonly synchronous: boolean }): Promise<Cluster> {
  const cluster = await startCluster(t, options);
  const client = await cluster.server(cluster.primary).open();
  await client.query(TABLE);
  await client.end();
  return cluster;
}

/** Those that were acknowledged and are not there. */
async function lostOn(cluster: Cluster, acknowledged: readonly number[]): Promise<readonly number[]> {
  const rows = await cluster.server(cluster.primary).ask('SELECT n::int AS n FROM kept');
  const there = new Set(rows.map(({ n }) => Number(n)));
  return acknowledged.filter((n) => !there.has(n));
}

/** A commit that waits for a standby. */
async function waits(cluster: Cluster): Promise<boolean> {
  const rows = await cluster
    .server(cluster.primary)
    .ask(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE 'INSERT%'`);
  return rows.length > 0;
}

/** One standby gets the log, the other lags behind from `cutAt` on. Then the primary dies. */
async function killedWhileOneLags(t: Cleanup): Promise<{ readonly cluster: Cluster; readonly acknowledged: number[] }> {
  const cluster = await withTable(t);
  const writer = await Writer.on(t, cluster);
  await writer.more(20);
  await cluster.cut('noord', 'derde');
  await writer.more(20);
  await cluster.kill('noord-1');
  await writer.ended;
  await cluster.heal('noord', 'derde');
  return { cluster, acknowledged: writer.acknowledged };
}

test('a commit waits while both standbys are cut off, goes on when one is back, and one link is enough', async (t) => {
  const cluster = await withTable(t);
  assert.deepEqual(
    (await cluster.standbys()).map(({ name, syncState }) => `${name} ${syncState}`),
    ['derde-1 quorum', 'zuid-1 quorum'],
  );
  const writer = await Writer.on(t, cluster);
  await writer.more(5);
  await cluster.cut('noord', 'zuid');
  await writer.more(5);
  await cluster.isolate('noord');
  await until('a commit waits', () => waits(cluster));
  const before = writer.acknowledged.length;
  // It answers a client beside it, which waits for nobody.
  await cluster.server('noord-1').ask('SELECT pg_current_wal_flush_lsn()');
  assert.equal(writer.acknowledged.length, before);
  await cluster.heal('noord', 'derde');
  await writer.more(5);
  await cluster.reconnect('noord');
  await cluster.untilStreaming(['zuid-1', 'derde-1']);
  await writer.stop();
  assert.deepEqual(await lostOn(cluster, writer.acknowledged), []);
});

test('a role that is not the superuser comes in over TLS with its password, from another place over a link, and not otherwise', async (t) => {
  const cluster = await startCluster(t);
  await cluster.server('noord-1').ask(`CREATE ROLE gateway LOGIN PASSWORD 'right'`);
  const port = Number(cluster.hostsFrom('zuid')[0]?.split(':')[1]);
  const as = { user: 'gateway', ssl: { ca: cluster.ca, servername: 'localhost' } };
  const client = await openAt(port, { ...as, password: 'right' });
  const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  await client.end();
  assert.deepEqual(rows, [{ ssl: true }]);
  await assert.rejects(openAt(port, { ...as, password: 'wrong' }), /password authentication failed/);
  await assert.rejects(openAt(port, { user: 'gateway', password: 'right' }), /no pg_hba.conf entry/);
});

test('the more advanced standby takes over with all that was acknowledged, and the old primary comes back by a full copy', async (t) => {
  const { cluster, acknowledged } = await killedWhileOneLags(t);
  assert.ok((await cluster.positionOf('zuid-1')) > (await cluster.positionOf('derde-1')));
  assert.equal(await cluster.failOver(), 'zuid-1');
  assert.deepEqual(await lostOn(cluster, acknowledged), []);
  await cluster.untilStreaming(['derde-1']);
  const writer = await Writer.on(t, cluster, 1_000_000);
  await writer.more(5);
  await cluster.rejoin('noord-1');
  // It counts as any other: with the third away it alone takes the commits.
  await cluster.cut('zuid', 'derde');
  await writer.more(5);
  await writer.stop();
  const all = [...acknowledged, ...writer.acknowledged];
  assert.deepEqual(await lostOn(cluster, all), []);
  await cluster.kill('zuid-1');
  await cluster.heal('zuid', 'derde');
  assert.equal(await cluster.failOver(), 'noord-1');
  assert.deepEqual(await lostOn(cluster, all), []);
});

test('a planned switch there and back loses nothing, and the one that ended in order follows with what it has', async (t) => {
  const cluster = await withTable(t);
  const all: number[] = [];
  for (const [turn, to] of ['zuid-1', 'noord-1'].entries()) {
    const writer = await Writer.on(t, cluster, turn * 1_000_000);
    await writer.more(10);
    await cluster.switchOver(to);
    await writer.ended;
    all.push(...writer.acknowledged);
    await cluster.untilStreaming(['derde-1', turn === 0 ? 'noord-1' : 'zuid-1']);
    assert.deepEqual(await lostOn(cluster, all), []);
  }
});

test('a primary that hangs acknowledges nothing, and what it had acknowledged is on the one that takes over', async (t) => {
  const cluster = await withTable(t);
  const writer = await Writer.on(t, cluster);
  await writer.more(10);
  cluster.hang('noord-1');
  await cluster.failOver();
  const next = await Writer.on(t, cluster, 1_000_000);
  await next.more(5);
  await next.stop();
  const before = writer.acknowledged.length;
  // Back, it still thinks that it is primary; nobody follows it, so nothing that it takes is
  // acknowledged.
  cluster.resume('noord-1');
  await until('the old primary answers', async () => (await cluster.server('noord-1').ask('SELECT 1')).length === 1);
  assert.ok(writer.acknowledged.length <= before + 1, `${writer.acknowledged.length - before} more were acknowledged`);
  assert.deepEqual(await lostOn(cluster, [...writer.acknowledged, ...next.acknowledged]), []);
  await cluster.kill('noord-1');
  await writer.ended;
});

test('control: the standby that is behind loses what was acknowledged', async (t) => {
  const { cluster, acknowledged } = await killedWhileOneLags(t);
  await cluster.promote('derde-1');
  assert.ok((await lostOn(cluster, acknowledged)).length > 0);
});

test('control: without a list of standbys a cut link loses what was acknowledged', async (t) => {
  const cluster = await withTable(t, { synchronous: false });
  const writer = await Writer.on(t, cluster);
  await writer.more(10);
  await cluster.isolate('noord');
  await writer.more(10);
  await cluster.kill('noord-1');
  await writer.ended;
  await cluster.reconnect('noord');
  await cluster.failOver();
  assert.ok((await lostOn(cluster, writer.acknowledged)).length > 0);
});

test('control: a server with a log of its own that returns under its old name acknowledges what it does not hold', async (t) => {
  const cluster = await withTable(t);
  const before = await Writer.on(t, cluster);
  await before.more(5);
  await cluster.isolate('noord');
  // Its log grows by what nobody acknowledges.
  const lonely = await cluster.server('noord-1').open();
  t.after(() => void lonely.end().catch(() => undefined));
  const unknown = lonely
    .query(`INSERT INTO kept SELECT 500000 + n, repeat('x', 1000) FROM generate_series(1, 1000) AS n`)
    .then(
      () => 'acknowledged',
      () => 'unknown',
    );
  await until('its log has grown', async () => {
    const rows = await cluster
      .server('noord-1')
      .ask(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%generate_series%'`);
    return rows.length > 0;
  });
  await cluster.kill('noord-1');
  assert.equal(await unknown, 'unknown');
  await before.ended;
  await cluster.reconnect('noord');
  await cluster.failOver();
  // The other one is away: only the one that returned could acknowledge.
  const third = cluster.primary === 'zuid-1' ? 'derde' : 'zuid';
  await cluster.isolate(third);
  const writer = await Writer.on(t, cluster, 1_000_000);
  await until('a commit waits', () => waits(cluster));
  await cluster.returnAsItIs('noord-1');
  await writer.more(1);
  const [row] = await cluster.server('noord-1').ask('SELECT count(*)::int AS n FROM kept WHERE n >= 1000000');
  assert.equal(row?.n, 0, 'it holds what it acknowledged');
});
