/**
 * Nodes that share a store have the same day keys, days ahead, and destroy them together: over real
 * TLS between nodes in this process.
 */
// @release: days of exchanged keys; cluster/gateways and refusals try the channel.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Peer } from '../../src/cluster/channel/client.ts';
import { DayKeys, type DaysOfStore } from '../../src/cluster/day-keys.ts';
import { type ErasureProof, proofOf } from '../../src/cluster/erasure-proof.ts';
import { exchangeKeys } from '../../src/cluster/key-exchange.ts';
import { ClusterSecrets } from '../../src/crypto/keys/cluster-secrets.ts';
import { KeptKeys, packKeys } from '../../src/crypto/keys/kept-keys.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { dataKeyPurpose, wrapKey } from '../../src/crypto/keys/sealing.ts';
import { instant } from '../../src/domain/units.ts';
import { TestNodes } from '../support/nodes.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
const TODAY = '2026-11-25';

test('keys of the next 14 days are made once all nodes answer, and are then on all of them', async (t) => {
  const nodes = new TestNodes(t, ['gw1.noord.test', 'gw2.zuid.test', 'gw3.zuid.test']);
  const [one, two, three] = ['gw1.noord.test', 'gw2.zuid.test', 'gw3.zuid.test'].map((host) => nodes.node(host));
  await nodes.start(one!, two!);
  // The third is not there yet: a key that is made now might be one that it has already.
  assert.equal(one!.keys.stateOf(TODAY), 'none');
  assert.equal(one!.cluster.state.ahead, 0);
  await nodes.start(three!);
  assert.equal(three!.cluster.state.ahead, 14);
  for (const node of [one!, two!]) await node.cluster.exchange();
  for (const node of [one!, two!, three!]) {
    assert.equal(node.cluster.state.ahead, 14);
    assert.deepEqual(node.cluster.state.warnings, []);
    assert.deepEqual(readdirSync(join(node.folder, 'keys')).sort(), readdirSync(join(one!.folder, 'keys')).sort());
    assert.deepEqual(node.keys.sealingKeyOf('2026-12-08').export(), one!.keys.sealingKeyOf('2026-12-08').export());
  }
  // A clock that is ahead by minutes finds tomorrow's.
  assert.equal(two!.keys.stateOf('2026-11-26'), 'live');
  assert.equal(
    one!.log.names.filter((name) => name === 'cluster.key-made').length,
    0,
    'the first to hear of all made them',
  );
});

test('nothing is made while a node is away, the days ahead run down, and from below 7 on it is told', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  await nodes.start(one, two);
  await one.cluster.exchange();
  await nodes.stop(two);
  one.clock.advance(8 * DAY);
  await one.cluster.exchange();
  assert.equal(one.cluster.state.ahead, 6);
  assert.match(
    one.cluster.state.warnings.join('\n'),
    /for the next 6 days only.*cannot reach node "gw2.zuid.test".*nothing listens there/s,
  );
  assert.equal(one.keys.stateOf('2026-12-09'), 'none');
  two.again();
  two.clock.advance(8 * DAY);
  await nodes.start(two);
  await one.cluster.exchange();
  assert.equal(one.cluster.state.ahead, 14);
  assert.deepEqual(one.cluster.state.warnings, []);
});

test('keys ahead are made by the node whose they are to make; by any, where that one makes none for days', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.mine = false;
  await nodes.start(one, two);
  const made = ({ log }: typeof one): number => log.names.filter((name) => name === 'cluster.key-made').length;
  const day = async (): Promise<void> => {
    for (const { clock } of [one, two]) clock.advance(DAY);
    await one.cluster.exchange();
  };
  const before = [made(one), made(two)];
  await day();
  assert.deepEqual([made(one), made(two)], before, 'it leaves that to the other');
  await two.cluster.exchange();
  assert.deepEqual([made(one), made(two)], [before[0], (before[1] ?? 0) + 1]);
  two.mine = false;
  for (let n = 0; n < 3; n += 1) await day();
  assert.equal(one.cluster.state.ahead, 14, 'nobody made any for three days');
  assert.deepEqual([made(one), made(two)], [(before[0] ?? 0) + 3, (before[1] ?? 0) + 1]);
});

test('two nodes that each made a key for one day have both, and open what the other sealed', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  const key = randomBytes(32);
  const sealed = [one, two].map(({ keys }) =>
    wrapKey(keys.makeMarked('2026-11-20', randomBytes), key, dataKeyPurpose(5n), randomBytes),
  );
  await nodes.start(one, two);
  assert.equal(one.marks('2026-11-20').length, 2);
  assert.deepEqual(one.marks('2026-11-20'), two.marks('2026-11-20'));
  for (const { keys } of [one, two])
    for (const its of sealed) assert.deepEqual(keys.dataKeyOf('2026-11-20', 5n, its).export(), key);
});

test('a day that the store erased is destroyed on the other node too, proved, and noted once', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.keys.make('2026-11-01', randomBytes);
  await nodes.start(one, two);
  assert.equal(two.keys.stateOf('2026-11-01'), 'live');
  nodes.erased.add('2026-11-01');
  two.writing.add('2026-11-01');
  one.keys.erase('2026-11-01');
  one.cluster.erased();
  await one.cluster.exchange();
  assert.equal(two.keys.stateOf('2026-11-01'), 'live', 'a message of that day is still on its way there');
  assert.match(one.cluster.state.warnings.join('\n'), /2026-11-01 is still on its way; it is asked again/);
  two.writing.clear();
  await one.cluster.exchange();
  assert.equal(two.keys.stateOf('2026-11-01'), 'erased');
  assert.deepEqual(two.forgotten, ['2026-11-01']);
  assert.deepEqual(
    one.proofs.map(({ day, node }) => ({ day, node })),
    [{ day: '2026-11-01', node: 'gw2' }],
  );
  assert.match(readFileSync(join(one.folder, 'keys', '2026-11-01.erased'), 'utf8'), /^gw2 2026-11-25T\S+ \S{44}\n$/);
  await one.cluster.exchange();
  assert.equal(one.proofs.length, 1);
  // The other asks as well, when it looks at all days next.
  two.clock.advance(3_600_000);
  await two.cluster.exchange();
  assert.deepEqual(
    two.proofs.map(({ node }) => node),
    ['gw1'],
  );
});

test('a proof that does not hold is told, and neither noted nor believed', async (t) => {
  const nodes = new TestNodes(t);
  const one = nodes.node('gw1.noord.test');
  one.keys.make('2026-11-01', randomBytes);
  one.keys.erase('2026-11-01');
  const secrets = new ClusterSecrets(nodes.masterKey);
  const store: DaysOfStore = {
    used: async () => [],
    noteErasing: async () => true,
    isErased: async () => true,
    isWriting: () => false,
    close: async () => true,
    forget: async () => undefined,
  };
  const { clock, log, keys } = one;
  const days = new DayKeys({ store, keys, storeId: nodes.storeId, node: 'gw1', secrets, clock, log });
  const right = proofOf(secrets, nodes.storeId, { day: '2026-11-01', node: 'gw2', at: clock.now() });
  const exchanged = async (given: Partial<ErasureProof>): Promise<readonly string[]> => {
    const answers: Readonly<Record<string, unknown>> = {
      'keys.have': { days: [] },
      'keys.erase': { node: given.node ?? 'gw2', at: given.at ?? right.at, proof: given.proof ?? right.proof },
    };
    const peer = { introduction: { node: 'gw2' }, ask: async (name: string) => answers[name] } as unknown as Peer;
    const proven = (proof: ErasureProof): void => void one.proofs.push(proof);
    return (await exchangeKeys(peer, '2026-01-01', { days, storeId: nodes.storeId, secrets, proven })).left;
  };
  const other = proofOf(new ClusterSecrets(randomBytes(32)), nodes.storeId, right).proof;
  for (const given of [{ at: instant(right.at + 1) }, { node: 'gw3' }, { proof: other }, { proof: '' }])
    assert.match((await exchanged(given)).join('\n'), /its proof does not hold/, JSON.stringify(given));
  assert.deepEqual([one.proofs, keys.erasureProofs('2026-11-01')], [[], []]);
  assert.deepEqual(await exchanged({}), []);
  assert.deepEqual(one.proofs, [right]);
});

test('no word of another node destroys a day that the store has not erased', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test', { erased: new Set() })];
  one.keys.make('2026-11-01', randomBytes);
  await nodes.start(one, two);
  nodes.erased.add('2026-11-01');
  one.keys.erase('2026-11-01');
  one.cluster.erased();
  await one.cluster.exchange();
  await two.cluster.exchange();
  assert.equal(two.keys.stateOf('2026-11-01'), 'live');
  assert.match(
    one.cluster.state.warnings.join('\n'),
    /the store of node "gw2" has not erased 2026-11-01; nothing was destroyed/,
  );
  assert.deepEqual(one.proofs, []);
});

test('a node that was away destroys what was erased meanwhile before its start is over, and its key comes back by no road', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.keys.make('2026-11-01', randomBytes);
  await nodes.start(one, two);
  await nodes.stop(two);
  nodes.erased.add('2026-11-01');
  one.keys.erase('2026-11-01');
  await one.cluster.exchange();
  two.again();
  await nodes.start(two);
  assert.equal(two.keys.stateOf('2026-11-01'), 'erased');
  await one.cluster.exchange();
  assert.equal(one.keys.stateOf('2026-11-01'), 'erased');
  assert.deepEqual(
    one.proofs.map(({ node }) => node),
    ['gw2'],
  );
});

test('a day that was closed on one node for the sake of a message is closed on the other, once nothing of it is on its way', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.keys.make('2026-11-01', randomBytes);
  await nodes.start(one, two);
  one.keys.keep('2026-11-01', Buffer.alloc(40), randomBytes);
  two.writing.add('2026-11-01');
  two.clock.advance(3_600_000);
  await two.cluster.exchange();
  assert.equal(two.keys.stateOf('2026-11-01'), 'live');
  assert.match(two.cluster.state.warnings.join('\n'), /2026-11-01 is still on its way on node "gw2"/);
  two.writing.clear();
  await two.cluster.exchange();
  assert.equal(two.keys.stateOf('2026-11-01'), 'kept');
  await one.cluster.exchange();
  assert.equal(one.keys.stateOf('2026-11-01'), 'kept');
});

test('a node that lacks keys which its store needs fetches them at its start, those of closed days whole, and serves no sooner', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.keys.makeMarked('2026-11-01', randomBytes);
  // Two parts and a bit: 40 octets a message.
  const rows = randomBytes(40 * 3000);
  one.keys.keep('2026-11-02', rows, randomBytes);
  for (const day of ['2026-11-01', '2026-11-02']) two.used.add(day);
  await nodes.start(one, two);
  assert.deepEqual(two.marks('2026-11-01'), one.marks('2026-11-01'));
  assert.equal(two.keys.stateOf('2026-11-02'), 'kept');
  assert.equal(two.keys.keptKeys('2026-11-02').mark, new KeptKeys(rows).mark);
  assert.equal(two.keys.keptKeys('2026-11-02').size, 3000);
});

test('two nodes that each lack a key of the other start together', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.keys.makeMarked('2026-11-01', randomBytes);
  two.keys.makeMarked('2026-11-02', randomBytes);
  for (const node of [one, two]) for (const day of ['2026-11-01', '2026-11-02']) node.used.add(day);
  let started = 0;
  const starts = [nodes.start(one).then(() => (started += 1))];
  await until('the first waits', () => one.log.names.includes('cluster.keys-missing'));
  one.clock.advance(1000);
  starts.push(nodes.start(two).then(() => (started += 1)));
  await until('both have started', () => {
    for (const { clock } of [one, two]) clock.advance(100);
    return started === 2;
  });
  await Promise.all(starts);
  assert.deepEqual(one.marks('2026-11-02'), two.marks('2026-11-02'));
});

test('a key that no node has keeps a node from starting: it says which, who was asked and what to do', async (t) => {
  const nodes = new TestNodes(t, ['gw1.noord.test', 'gw2.zuid.test', 'gw3.zuid.test']);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  await nodes.start(one);
  for (const day of ['2026-11-01', '2026-11-02', '2026-11-03']) two.used.add(day);
  const start = assert.rejects(
    nodes.start(two),
    /no key of 2026-11-01 and 2 other days .* without success: "gw1.noord.test" \(it answers, and has none either\), "gw3.zuid.test" \(nothing listens there.*Start a gateway that has it.*copy of the key folder/,
  );
  await until('it waits', () => two.log.names.includes('cluster.keys-missing'));
  let over = false;
  void start.then(() => (over = true));
  await until('it gives up', () => {
    two.clock.advance(1000);
    return over;
  });
  await start;
});

test('what was erased of a day is noted on the other node at once, unless its store still has it', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  await nodes.start(one, two);
  two.stored.add(7n);
  one.keys.noteErasing(TODAY, [7n, 8n]);
  await one.cluster.exchange();
  assert.equal(two.keys.erasing().size, 0);
  assert.match(one.cluster.state.warnings.join('\n'), /the store of node "gw2" still has a message of 2026-11-25/);
  two.stored.clear();
  await one.cluster.exchange();
  assert.deepEqual(two.keys.erasing().get(TODAY), [7n, 8n]);
  assert.deepEqual(one.cluster.state.warnings, []);
});

test('what is erased of a day that all nodes have closed is closed on all of them', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  one.keys.make('2026-11-01', randomBytes);
  for (const node of [one, two]) for (const id of [5n, 7n]) node.stored.add(id);
  await nodes.start(one, two);
  for (const node of [one, two]) node.keys.keep('2026-11-01', packKeys(node.keptOf('2026-11-01')), randomBytes);
  one.stored.delete(7n);
  two.stored.delete(7n);
  one.keys.keep('2026-11-01', packKeys(one.keptOf('2026-11-01')), randomBytes);
  one.cluster.erased();
  await one.cluster.exchange();
  two.keys.forget('2026-11-01');
  assert.equal(two.keys.keptKeys('2026-11-01').size, 1);
  assert.equal(two.keys.keptKeys('2026-11-01').has(7n), false);
  assert.deepEqual(one.cluster.state.warnings, []);
});

test('more days than one answer tells of are all exchanged, both ways', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  const dayOf = (n: number): string => new Date(Date.UTC(2025, 0, 1) + n * DAY).toISOString().slice(0, 10);
  for (let n = 0; n < 450; n += 1) (n % 3 === 0 ? one : two).keys.make(dayOf(n), randomBytes);
  await nodes.start(one, two);
  for (let n = 0; n < 450; n += 1) assert.deepEqual(one.marks(dayOf(n)), two.marks(dayOf(n)), dayOf(n));
});

test('a node that dies in the middle of an exchange loses nothing, and the next round ends what was begun', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = [nodes.node('gw1.noord.test'), nodes.node('gw2.zuid.test')];
  const days = Array.from({ length: 40 }, (_, n) => `2026-10-${String((n % 30) + 1).padStart(2, '0')}`).slice(0, 30);
  for (const day of days) one.keys.make(day, randomBytes);
  const before = days.map((day) => one.marks(day));
  await nodes.start(two);
  const taken = (): number => days.filter((day) => two.keys.stateOf(day) === 'live').length;
  // Cut as soon as the other has some of the keys, and not all.
  let dying: Promise<void> | undefined;
  const { info } = two.log;
  two.log.info = (event, fields) => {
    info(event, fields);
    if (event === 'cluster.key-taken' && taken() >= 7) dying ??= nodes.stop(two);
  };
  await nodes.start(one);
  await dying;
  assert.ok(taken() >= 7 && taken() < 30, `${taken()} of 30 were taken`);
  assert.equal(one.cluster.state.peers[0]?.state, 'silent');
  two.log.info = info;
  two.again();
  await nodes.start(two);
  assert.equal(taken(), 30);
  assert.deepEqual(
    days.map((day) => two.marks(day)),
    before,
  );
  assert.equal(new KeyFolder(join(two.folder, 'keys'), nodes.masterKey).stateOf('2026-10-01'), 'live');
});
