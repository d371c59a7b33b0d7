/** What a gateway that is about to join hears from one that serves, over the channel as it is. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { Caller } from '../../src/cluster/channel/client.ts';
import { PeerRefused } from '../../src/cluster/channel/refusals.ts';
import { CHANNEL_VERSION, type Introduction } from '../../src/cluster/channel/requests.ts';
import { type PeerSaid, askPeers } from '../../src/cluster/joining.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { TestNodes } from '../support/nodes.ts';

const [ONE, TWO, THREE] = ['gw1.noord.test', 'gw2.zuid.test', 'gw3.derde.test'];

interface Asking {
  readonly host?: string;
  readonly introduction?: Partial<Introduction>;
  readonly material?: Caller['material'];
}

/** The first gateway serves and knows the second; whoever asks it is called `host`. */
async function scene(t: TestContext) {
  const nodes = new TestNodes(t);
  const one = nodes.node(ONE);
  await nodes.start(one);
  const ask = async ({ host = TWO, introduction = {}, material }: Asking = {}): Promise<PeerSaid | undefined> => {
    const its: Introduction = {
      ...{ channel: CHANNEL_VERSION, node: host.split('.')[0] ?? '', site: 'zuid', version: 'test', clock: 0 },
      ...{ store: nodes.storeId, key: keyFingerprint(nodes.masterKey) },
      ...introduction,
    };
    const [said] = await askPeers([{ host: ONE, port: one.cluster.port }], {
      introduction: () => its,
      material: material ?? nodes.authority.issue(host),
      clock: systemClock,
      lookup: (_host, options, found) => {
        if (options.all === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
        else found(null, '127.0.0.1', 4);
      },
    });
    return said;
  };
  return { nodes, one, ask };
}

test('one that the others have entered already may start; one that they have not hears that, and is refused nothing', async (t) => {
  const { one, ask } = await scene(t);
  assert.deepEqual(await ask(), { host: ONE, state: 'knows-it' });
  assert.deepEqual(await ask({ host: THREE }), { host: ONE, state: 'not-listed' });
  assert.equal(one.keys.stateOf('2026-11-24'), 'none', 'nothing was exchanged');
});

test('one that does not answer is no reason to refuse: it may be started later', async (t) => {
  const { nodes, one, ask } = await scene(t);
  await nodes.stop(one);
  const said = await ask();
  assert.equal(said?.state, 'not-reached');
  assert.match(said.why ?? '', /nothing listens there; is the gateway running, and is cluster.listen its port/);
});

const REFUSALS: readonly (readonly [string, (others: TestNodes) => Asking, RegExp])[] = [
  ['its name', () => ({ introduction: { node: 'gw1' } }), /both nodes are called "gw1".*give each a name of its own/],
  ['another store', () => ({ introduction: { store: 'f'.repeat(32) } }), /serves another store.*correct cluster.peers/],
  [
    'another master key',
    () => ({ introduction: { key: keyFingerprint(randomBytes(32)) } }),
    /the master keys differ: .*put the master key of the store in the place/,
  ],
  [
    'a certificate of another authority',
    (others) => ({ material: others.authority.issue(TWO) }),
    /does not lead to the cluster's own authority \(cluster.ca\).*certificates of one authority/,
  ],
];
for (const [what, asking, expected] of REFUSALS)
  test(`one with ${what} is refused, with the host that says so and what to do`, async (t) => {
    const { ask } = await scene(t);
    await assert.rejects(ask(asking(new TestNodes(t))), (error) => {
      assert.ok(error instanceof PeerRefused);
      assert.match(error.message, /^the gateway at "gw1\.noord\.test": /);
      assert.match(error.message, expected);
      return true;
    });
  });
