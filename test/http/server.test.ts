/** The HTTP listener by itself: what it answers, and its limits. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Distribution } from '../../src/domain/counts.ts';
import { MOST_SAMPLES, exposition } from '../../src/http/exposition.ts';
import { type Metric, distribution, gauge, single } from '../../src/http/metric.ts';
import { type HttpListener, MOST_CONNECTIONS, startHttpListener } from '../../src/http/server.ts';
import { ListenerRefused } from '../../src/platform/listener.ts';
import { MemoryLog } from '../support/log.ts';
import { Scrape, get } from '../support/scrape.ts';
import { until } from '../support/until.ts';

async function open(t: TestContext, metrics: readonly Metric[] = [], log = new MemoryLog()): Promise<HttpListener> {
  const http = await startHttpListener({
    address: '127.0.0.1',
    port: 0,
    metrics: exposition(metrics, log),
    reasons: () => [],
    log,
  });
  t.after(() => http.stop());
  return http;
}

test('it answers GET and HEAD on its three paths, and nothing else', async (t) => {
  const { port } = await open(t);
  assert.deepEqual((await get(port, '/live')).body, 'live\n');
  assert.deepEqual((await get(port, '/ready?verbose')).body, 'ready\n');
  const head = await get(port, '/metrics', 'HEAD');
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.match(String(head.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.equal((await get(port, '/')).status, 404);
  assert.equal((await get(port, '/../metrics')).status, 404);
  const post = await get(port, '/live', 'POST');
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
});

test('the port for load balancers has no metrics and no texts, and only they reach it', async (t) => {
  const log = new MemoryLog();
  const open = async (networks: readonly string[]): Promise<number> => {
    const http = await startHttpListener({
      address: '127.0.0.1',
      port: 0,
      networks,
      reasons: (role) => (role === 'submit' ? [{ name: 'disk-full', text: 'secret of this machine' }] : []),
      log,
    });
    t.after(() => http.stop());
    return http.port;
  };
  const known = await open(['192.0.2.0/24', '127.0.0.1']);
  assert.deepEqual((await get(known, '/live')).body, 'live\n');
  const refused = await get(known, '/ready?role=submit');
  assert.deepEqual([refused.status, refused.body], [503, 'not ready\ndisk-full\n']);
  assert.equal((await get(known, '/ready?role=pickup')).status, 200);
  assert.equal((await get(known, '/ready?role=none')).status, 400);
  assert.equal((await get(known, '/metrics')).status, 404);
  const others = await open(['192.0.2.0/24']);
  await assert.rejects(get(others, '/live'), /socket hang up|ECONNRESET/);
});

test('a port that is taken is refused with a text that helps', async (t) => {
  const { port } = await open(t);
  const log = new MemoryLog();
  const again = startHttpListener({
    address: '127.0.0.1',
    port,
    metrics: exposition([], log),
    reasons: () => [],
    log,
  });
  await assert.rejects(again, (error) => {
    assert.ok(error instanceof ListenerRefused);
    assert.match(error.message, /another program listens there; choose another one in the section http/);
    return true;
  });
});

test('more connections than it takes are dropped, and their end makes room again', async (t) => {
  const { port } = await open(t);
  const held: Socket[] = [];
  t.after(() => held.forEach((socket) => socket.destroy()));
  for (let n = 0; n < MOST_CONNECTIONS; n += 1) {
    const socket = connect(port, '127.0.0.1');
    held.push(socket);
    await once(socket, 'connect');
  }
  await assert.rejects(get(port, '/live'), /socket hang up|ECONNRESET/);
  for (const socket of held) socket.destroy();
  await until('a place is free again', async () => (await get(port, '/live').catch(() => undefined))?.status === 200);
});

test('a metric that cannot be read is left out, the log says why, and the others are told', async (t) => {
  const log = new MemoryLog();
  let broken = false;
  const { port } = await open(
    t,
    [
      single('gauge', 'sluis_broken', 'Broken.', () => {
        if (broken) throw new Error('the store is closed');
        return 1;
      }),
      single('counter', 'sluis_whole_total', 'Whole.', () => 3),
    ],
    log,
  );
  assert.equal(new Scrape((await get(port, '/metrics')).body).value('sluis_broken'), 1);
  broken = true;
  const scrape = new Scrape((await get(port, '/metrics')).body);
  assert.equal(scrape.value('sluis_broken'), undefined);
  assert.equal(scrape.value('sluis_whole_total'), 3);
  assert.deepEqual(log.events.find(({ event }) => event === 'http.metric-failed')?.fields, {
    metric: 'sluis_broken',
    why: 'the store is closed',
  });
});

test('one metric has a limited number of rows', async (t) => {
  const rows = Array.from({ length: MOST_SAMPLES + 5 }, (_, n) => ({ labels: { n: String(n) }, value: n }));
  const { port } = await open(t, [gauge('sluis_many', 'Many.', ['n'], () => rows)]);
  assert.equal(new Scrape((await get(port, '/metrics')).body).rows('sluis_many'), MOST_SAMPLES);
});

test('a distribution is told as buckets, sum and count', async (t) => {
  const spread = new Distribution([0.1, 1]);
  for (const value of [0.05, 0.5, 5]) spread.add(value);
  const { port } = await open(t, [distribution('sluis_wait_seconds', 'Wait.', () => spread)]);
  const scrape = new Scrape((await get(port, '/metrics')).body);
  assert.match(scrape.text, /^# TYPE sluis_wait_seconds histogram$/m);
  const bucket = (le: string) => scrape.value('sluis_wait_seconds_bucket', { le });
  assert.deepEqual([bucket('0.1'), bucket('1'), bucket('+Inf')], [1, 2, 3]);
  assert.equal(scrape.value('sluis_wait_seconds_sum'), 5.55);
  assert.equal(scrape.value('sluis_wait_seconds_count'), 3);
});
