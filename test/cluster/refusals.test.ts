/**
 * Nodes that may not exchange anything do not, and each says why and what to do; one that hangs
 * costs the others nothing.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer as plainServer, connect as plainConnect } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import { MAX_FRAME, frameOf } from '../../src/cluster/channel/frames.ts';
import { secureOptionsOf } from '../../src/cluster/channel/identity.ts';
import { Line } from '../../src/cluster/channel/line.ts';
import { CHANNEL_VERSION, type Introduction } from '../../src/cluster/channel/requests.ts';
import { MAX_PER_PEER, MAX_REQUESTS } from '../../src/cluster/channel/server.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { milliseconds, seconds } from '../../src/domain/units.ts';
import { type NodeOptions, type TestNode, TestNodes } from '../support/nodes.ts';
import { until } from '../support/until.ts';

const [ONE, TWO] = ['gw1.noord.test', 'gw2.zuid.test'];

/** The second is started as `options` say; both have had a round. What each says of the other. */
async function meeting(
  t: TestContext,
  optionsOf: (nodes: TestNodes) => NodeOptions,
): Promise<{
  readonly nodes: TestNodes;
  readonly one: TestNode;
  readonly two: TestNode;
  readonly said: readonly string[];
}> {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node(ONE), nodes.node(TWO, optionsOf(nodes))];
  one.keys.make('2026-11-24', randomBytes);
  two.keys.make('2026-11-23', randomBytes);
  await nodes.start(one, two);
  await one.cluster.exchange();
  return { nodes, one, two, said: [one, two].map(({ cluster }) => cluster.state.warnings.join('\n')) };
}

const nothingExchanged = (one: TestNode, two: TestNode): void => {
  assert.equal(one.keys.stateOf('2026-11-23'), 'none');
  assert.equal(two.keys.stateOf('2026-11-24'), 'none');
};

const REFUSALS: readonly (readonly [string, (nodes: TestNodes) => NodeOptions, RegExp])[] = [
  [
    'two nodes with one name',
    () => ({ name: 'gw1' }),
    /both nodes are called "gw1" \(cluster.node\); give each a name/,
  ],
  ['a node of another store', () => ({ storeId: 'f'.repeat(32) }), /serves another store.*correct cluster.peers/],
  [
    'a node with another master key',
    () => ({ masterKey: randomBytes(32) }),
    /the master keys differ: .*put the master key of the store in the place that the section keys names/,
  ],
];
for (const [what, options, expected] of REFUSALS)
  test(`${what}: both say so with the remedy, and nothing is exchanged`, async (t) => {
    const { one, two, said } = await meeting(t, options);
    for (const words of said) assert.match(words, expected);
    nothingExchanged(one, two);
    for (const { log } of [one, two]) {
      const lines = log.events.filter(({ event, level }) => event === 'cluster.refused' && level === 'error');
      assert.equal(lines.length, 1, 'one line, not one each round');
    }
  });

test('a certificate that has ended: both say whose it is, and nothing is exchanged', async (t) => {
  const { one, two, said } = await meeting(t, ({ authority }) => ({ material: authority.issue(TWO, -1) }));
  assert.match(said[0] ?? '', /node "gw2.zuid.test".*its certificate has ended; put a new one in its place there/);
  assert.match(
    said[1] ?? '',
    /the certificate of this node \(cluster.certificate\) ended on 2024-02-01.*put a new one of the cluster's authority/,
  );
  nothingExchanged(one, two);
});

test('a new certificate in place of an ended one is used without a restart', async (t) => {
  const { nodes, one, two } = await meeting(t, ({ authority }) => ({ material: authority.issue(TWO, -1) }));
  two.material = nodes.authority.issue(TWO);
  await two.cluster.exchange();
  await one.cluster.exchange();
  assert.equal(one.cluster.state.ahead, 14);
  assert.equal(one.keys.stateOf('2026-11-23'), 'live');
});

test('a certificate for another name, or of another authority, is refused on both sides', async (t) => {
  const wrongName = await meeting(t, ({ authority }) => ({ material: authority.issue('gw9.zuid.test') }));
  assert.match(
    wrongName.said[0] ?? '',
    /its certificate is for another name; issue one for the name that is in cluster.peers/,
  );
  assert.match(wrongName.said[1] ?? '', /for no name that is in cluster.peers of this node/);
  nothingExchanged(wrongName.one, wrongName.two);
  const other = new TestNodes(t);
  const stranger = await meeting(t, () => ({ material: other.authority.issue(TWO) }));
  for (const words of stranger.said) assert.match(words, /cluster's own authority|authority \(cluster.ca\)/);
  nothingExchanged(stranger.one, stranger.two);
});

test('clocks that are five minutes apart are told on both, and keys are exchanged all the same', async (t) => {
  const { one, two, said } = await meeting(t, () => ({ now: Date.UTC(2026, 10, 25, 12, 5) }));
  assert.match(said[0] ?? '', /the clock of node "gw2.zuid.test" is 300 s ahead of this one: set both by NTP/);
  assert.match(said[1] ?? '', /the clock of node "gw1.noord.test" is 300 s behind this one/);
  assert.equal(one.cluster.state.ahead, 14);
  assert.deepEqual(one.marks('2026-11-23'), two.marks('2026-11-23'));
});

test('a node that hangs, before or after the handshake, ends the round at its deadline', async (t) => {
  const nodes = new TestNodes(t);
  const one = nodes.node(ONE);
  const sockets = new Set<{ destroy(): unknown }>();
  const silent = plainServer((socket) => void sockets.add(socket));
  const mute = createServer({ ...secureOptionsOf(nodes.authority.issue(TWO)), requestCert: true }, (socket) => {
    socket.on('error', () => undefined).resume();
    sockets.add(socket);
  });
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  t.after(() => {
    hangUp();
    silent.close();
    mute.close();
  });
  for (const [server, expected] of [
    [silent, /no connection within 5 s; is the machine up/],
    [mute, /said nothing for 5 s; it hangs/],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    nodes.listens(TWO, (server.address() as AddressInfo).port);
    hangUp();
    const round = one.cluster.exchange();
    await until('somebody called', () => sockets.size > 0);
    let over = false;
    void round.then(() => (over = true));
    await until('the deadline passed', () => {
      one.clock.advance(100);
      return over;
    });
    assert.match(one.cluster.state.warnings.join('\n'), expected);
  }
  assert.equal(one.clock.waiting, 0);
});

/** Speaks for node two, by hand. */
async function byHand(
  t: TestContext,
): Promise<{ readonly one: TestNode; readonly hello: Introduction; readonly line: () => Promise<Line> }> {
  const nodes = new TestNodes(t);
  const one = nodes.node(ONE);
  await nodes.start(one);
  const material = nodes.authority.issue(TWO);
  const line = (): Promise<Line> =>
    new Promise((resolve, reject) => {
      const socket = connect({
        ...secureOptionsOf(material),
        host: '127.0.0.1',
        port: one.cluster.port,
        servername: ONE,
      });
      t.after(() => socket.destroy());
      socket.once('error', reject).once('secureConnect', () => resolve(new Line(socket, one.clock)));
    });
  const hello: Introduction = {
    channel: CHANNEL_VERSION,
    node: 'gw2',
    site: 'zuid',
    version: 'test',
    store: nodes.storeId,
    key: keyFingerprint(nodes.masterKey),
    clock: 0,
  };
  return { one, hello, line };
}
const WAIT = seconds(60);

test('nothing is answered before both have said who they are', async (t) => {
  const { line } = await byHand(t);
  const rude = await line();
  rude.send({ ask: 'keys.have', with: { from: '2026-01-01' } });
  assert.deepEqual(await rude.next(WAIT), { no: 'unknown-request', why: 'the first request was no hello' });
  await assert.rejects(rude.next(WAIT), /closed/);
});

test('whoever calls with another store, another master key or the name of this node is refused before it asks', async (t) => {
  const { line, hello } = await byHand(t);
  for (const [changes, code] of [
    [{ store: 'e'.repeat(32) }, 'other-store'],
    [{ key: 'e'.repeat(20) }, 'other-master-key'],
    [{ node: 'gw1' }, 'same-name'],
    [{ channel: 2 }, 'unknown-request'],
  ] as const) {
    const caller = await line();
    caller.send({ ask: 'hello', with: { ...hello, ...changes } });
    caller.send({ ask: 'keys.have', with: { from: '2026-01-01' } });
    assert.equal(((await caller.next(WAIT)) as { no?: string }).no, code);
    await assert.rejects(caller.next(WAIT), /closed/);
  }
});

test('what no node asks is refused by name, and the line goes on; what is no request ends it', async (t) => {
  const { line, hello } = await byHand(t);
  const one = await line();
  one.send({ ask: 'hello', with: hello });
  assert.deepEqual(Object.keys((await one.next(WAIT)) as object), ['ok']);
  for (const ask of ['keys.make', '__proto__', 'constructor', 'hello']) {
    one.send({ ask, with: {} });
    assert.equal(((await one.next(WAIT)) as { no?: string }).no, 'unknown-request', ask);
  }
  for (const bad of [{ from: '../../etc' }, { from: '2026-01-01', more: 1 }, { from: 7 }, null]) {
    one.send({ ask: 'keys.have', with: bad });
    assert.equal(((await one.next(WAIT)) as { no?: string }).no, 'unknown-request', JSON.stringify(bad));
  }
  one.send({ ask: 'keys.take', with: { day: '2026-11-20', sealed: randomBytes(60).toString('base64') } });
  assert.equal(((await one.next(WAIT)) as { no?: string }).no, 'other-master-key');
  one.send(['keys.have']);
  await assert.rejects(one.next(WAIT), /closed/);
});

test('frames that are too long, too deep, or no JSON end the line', async (t) => {
  const { one } = await byHand(t);
  const deep = Buffer.from(`${'['.repeat(50)}${']'.repeat(50)}`);
  const headed = (length: number, octets: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    return Buffer.from([...head, ...octets]);
  };
  for (const octets of [
    headed(MAX_FRAME + 1, Buffer.alloc(0)),
    headed(0, Buffer.alloc(0)),
    headed(deep.length, deep),
    headed(3, Buffer.from('{a}')),
  ]) {
    const raw = await new Promise<ReturnType<typeof connect>>((resolve) => {
      const socket = connect({
        ...secureOptionsOf(one.material),
        host: '127.0.0.1',
        port: one.cluster.port,
        servername: ONE,
      });
      t.after(() => socket.destroy());
      socket.on('error', () => undefined).once('secureConnect', () => resolve(socket));
    });
    raw.write(octets);
    await new Promise<void>((resolve) => raw.once('close', () => resolve()).resume());
  }
  assert.throws(() => frameOf('x'.repeat(MAX_FRAME)), RangeError);
});

test('one node has so many connections and so many requests a minute, and no more', async (t) => {
  const { one, line, hello } = await byHand(t);
  const greeted = async (): Promise<Line> => {
    const its = await line();
    its.send({ ask: 'hello', with: hello });
    return its;
  };
  const open = [];
  for (let n = 0; n < MAX_PER_PEER; n += 1) {
    open.push(await greeted());
    assert.ok('ok' in ((await open[n]!.next(WAIT)) as object));
  }
  assert.match(JSON.stringify(await (await greeted()).next(WAIT)), /"too-much".*4 connections/);
  const busy = open[0]!;
  for (let n = 0; n < MAX_REQUESTS; n += 1) {
    busy.send({ ask: 'tickets.current', with: {} });
    assert.ok('ok' in ((await busy.next(WAIT)) as object), String(n));
  }
  busy.send({ ask: 'tickets.current', with: {} });
  assert.match(JSON.stringify(await busy.next(WAIT)), /"too-much".*6000 requests/);
  one.clock.advance(60_000);
  open[1]!.send({ ask: 'tickets.current', with: {} });
  await assert.rejects(open[1]!.next(milliseconds(1000)), /closed/, 'its time for the next request was over');
});

test('without TLS, or with TLS 1.2, there is no word', async (t) => {
  const { one } = await byHand(t);
  const plain = plainConnect(one.cluster.port, '127.0.0.1');
  const heard: Buffer[] = [];
  plain.on('data', (octets: Buffer) => void heard.push(octets));
  plain.on('error', () => undefined);
  plain.write(frameOf({ ask: 'hello', with: {} }));
  await new Promise<void>((resolve) => plain.once('close', () => resolve()));
  assert.equal(Buffer.from(heard.flatMap((its) => [...its])).includes('{'), false);
  const old = connect({
    ...secureOptionsOf(one.material),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    host: '127.0.0.1',
    port: one.cluster.port,
    servername: ONE,
  });
  const error = await new Promise<Error>((resolve) => old.once('error', resolve));
  assert.match(String(error), /protocol version/i);
});
