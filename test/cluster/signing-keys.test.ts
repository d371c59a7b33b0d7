/** Keys of issuing authorities and of evidence come to all nodes, and that of a root never does. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Peer } from '../../src/cluster/channel/client.ts';
import { PeerRefused } from '../../src/cluster/channel/refusals.ts';
import { SigningKeys } from '../../src/cluster/signing-keys.ts';
import { makeKeyPair } from '../../src/crypto/certificates/authority.ts';
import { authorityKeys } from '../../src/crypto/keys/authority-keys.ts';
import { evidenceKey } from '../../src/crypto/trail/evidence-keys.ts';
import { MemoryLog } from '../support/log.ts';
import { type TestNode, TestNodes } from '../support/nodes.ts';

const ISSUING = { role: 'issuing', fingerprint: 'ab'.repeat(32) } as const;
const ROOT = { role: 'root', fingerprint: 'cd'.repeat(32) } as const;
const HOSTS = ['gw1.noord.test', 'gw2.zuid.test'] as const;

const keysOf = (nodes: TestNodes, { folder }: TestNode) =>
  authorityKeys(join(folder, 'keys'), async () => nodes.masterKey, randomBytes);

const evidenceOf = (nodes: TestNodes, { folder, clock }: TestNode) =>
  evidenceKey(
    {
      keyFolder: join(folder, 'keys'),
      masterKey: async () => nodes.masterKey,
      hostname: 'mail.sluis.test',
      random: randomBytes,
    },
    clock.now(),
  );

test('an issuing authority and evidence that one node made sign on the other too, and no root comes along', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = HOSTS.map((host) => nodes.node(host)) as [TestNode, TestNode];
  const { privateKey } = await makeKeyPair('p256');
  for (const name of [ISSUING, ROOT]) await keysOf(nodes, one).save(name, privateKey);
  const evidence = await evidenceOf(nodes, one);
  await nodes.start(one, two);

  const taken = await keysOf(nodes, two).load(ISSUING);
  assert.ok(taken.ok);
  assert.ok(taken.value.equals(privateKey));
  assert.equal((await evidenceOf(nodes, two)).certificate.fingerprint, evidence.certificate.fingerprint);
  assert.equal(keysOf(nodes, two).has(ROOT), false);
  // Nor back to where it was taken away to be kept off line.
  await keysOf(nodes, two).save(ROOT, privateKey);
  keysOf(nodes, one).remove(ROOT);
  for (const node of [one, two, one]) await node.cluster.exchange();
  assert.equal(keysOf(nodes, one).has(ROOT), false);

  // A renewed one, made on the other node while both run.
  const renewed = { role: 'issuing', fingerprint: 'ef'.repeat(32) } as const;
  await keysOf(nodes, two).save(renewed, privateKey);
  await one.cluster.exchange();
  assert.ok((await keysOf(nodes, one).load(renewed)).ok);
  for (const { cluster } of [one, two]) assert.deepEqual(cluster.state.warnings, []);
  assert.deepEqual(
    two.log.events.filter(({ event }) => event === 'cluster.signing-key-taken').map(({ fields }) => fields.key),
    ['evidence', `ca/${ISSUING.fingerprint}`],
  );
});

test('nodes that each have a key of evidence keep their own', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = HOSTS.map((host) => nodes.node(host)) as [TestNode, TestNode];
  const before = [await evidenceOf(nodes, one), await evidenceOf(nodes, two)];
  await nodes.start(one, two);
  await one.cluster.exchange();
  for (const [n, node] of [one, two].entries())
    assert.equal((await evidenceOf(nodes, node)).certificate.fingerprint, before[n]?.certificate.fingerprint);
});

test('a key that is broken on its node is given to nobody, and what does not open here is told', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = HOSTS.map((host) => nodes.node(host)) as [TestNode, TestNode];
  const { privateKey } = await makeKeyPair('p256');
  await keysOf(nodes, one).save(ISSUING, privateKey);
  const file = join(one.folder, 'keys', 'ca', `${ISSUING.fingerprint}.key`);
  const sealed = readFileSync(file);
  writeFileSync(file, sealed.subarray(0, -1));
  await nodes.start(one, two);
  assert.equal(keysOf(nodes, two).has(ISSUING), false);
  assert.deepEqual(two.cluster.state.warnings, []);

  const here = new SigningKeys({
    keyFolder: join(two.folder, 'keys'),
    masterKey: nodes.masterKey,
    log: new MemoryLog(),
  });
  const given: Readonly<Record<string, unknown>> = {
    evidence: { sealed: sealed.toString('base64') },
    // The seal says whose key it is: no other authority's comes in its place.
    [`ca/${ROOT.fingerprint}`]: { sealed: sealed.toString('base64') },
  };
  const peer = {
    introduction: { node: 'gw1' },
    ask: async (name: string, { name: key }: { name: string }) =>
      name === 'signing.have' ? { names: Object.keys(given) } : given[key],
  } as unknown as Peer;
  const left = await here.fetchFrom(peer);
  assert.match(left[0] ?? '', /the key evidence of node "gw1" cannot be used here: it came without its certificate/);
  assert.match(left[1] ?? '', /the key ca\/cdcd\S+ of node "gw1" cannot be used here: .*does not open/);
  assert.equal(left.length, 2);
  assert.equal(existsSync(join(two.folder, 'keys', 'ca')), false);
});

test('a node of an earlier version, which knows no such request, is spoken with as before', async () => {
  const here = new SigningKeys({ keyFolder: '/nowhere', masterKey: randomBytes(32), log: new MemoryLog() });
  const refusing = (code: PeerRefused['code']): Peer =>
    ({ ask: () => Promise.reject(new PeerRefused(code, 'no')) }) as unknown as Peer;
  assert.deepEqual(await here.fetchFrom(refusing('unknown-request')), []);
  await assert.rejects(here.fetchFrom(refusing('too-much')), PeerRefused);
});

test('half of the key of evidence, or two halves of different keys, are refused with the remedy', async (t) => {
  const nodes = new TestNodes(t);
  const [one, two] = HOSTS.map((host) => nodes.node(host)) as [TestNode, TestNode];
  const kept = await evidenceOf(nodes, one);
  await evidenceOf(nodes, two);
  const fileOf = ({ folder }: TestNode, name: string): string => join(folder, 'keys', 'evidence', name);
  const key = readFileSync(fileOf(one, 'evidence.key'));
  writeFileSync(fileOf(one, 'evidence.key'), readFileSync(fileOf(two, 'evidence.key')));
  await assert.rejects(evidenceOf(nodes, one), /the certificate is not of this key; put the files back from a copy/);
  rmSync(fileOf(one, 'evidence.key'));
  // A new key would lie beside a certificate that it does not fit.
  await assert.rejects(evidenceOf(nodes, one), /evidence\.key" is missing; put the files back from a copy/);
  writeFileSync(fileOf(one, 'evidence.key'), key);
  assert.equal((await evidenceOf(nodes, one)).certificate.fingerprint, kept.certificate.fingerprint);
  rmSync(fileOf(one, 'evidence.pem'));
  await assert.rejects(evidenceOf(nodes, one), /evidence\.pem" is missing/);
});
