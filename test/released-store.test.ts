/**
 * The store of an earlier version, served by this one: octets, UIDLs, states and trail are what
 * they were.
 *
 * The clock stands a minute behind the day that the store was made on, so that no retention has
 * passed.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { startGateway } from '../src/gateway.ts';
import { FakeClock } from './support/clock.ts';
import { type Commands, commandsOn } from './support/command-line.ts';
import { MemoryLog } from './support/log.ts';
import { Pop3Client } from './support/pop3-client.ts';
import {
  type Delivery,
  type HandedOut,
  type Listed,
  RELEASED_HOST,
  type Released,
  type Traced,
  type Verified,
  releasedStore,
} from './support/released.ts';
import { type WireTarget, trusting } from './support/wire.ts';

interface Served extends Commands, Released {
  readonly pop3: WireTarget;
}

async function serve(t: TestContext, version: string): Promise<Served> {
  const released = await releasedStore(t, version);
  const { config, expected, ca } = released;
  const clock = new FakeClock(Date.parse(expected.made) + 60_000);
  const gateway = await startGateway(config, { clock, log: new MemoryLog() });
  t.after(() => gateway.stop({ drain: 'none' }));
  const port = gateway.listeners.find(({ spec }) => spec.name === 'pop3s')?.port ?? 0;
  return {
    ...released,
    ...commandsOn(() => config.file),
    pop3: { port, tls: 'implicit', servername: RELEASED_HOST, context: trusting(ca) },
  };
}

async function handedOut({ pop3 }: Served, name: string): Promise<readonly HandedOut[]> {
  const client = await Pop3Client.open(pop3, { login: `${name}@ledger.test`, password: `Secret-${name}-pw` });
  const drop: HandedOut[] = [];
  for (const [number, uidl] of await client.uidl()) {
    const octets = await client.fetch(number);
    drop.push({ uidl, octets: octets.length, sha256: createHash('sha256').update(octets).digest('hex') });
  }
  await client.quit();
  return drop;
}

test('the store of 0.1.0 hands out the same octets under the same UIDLs', async (t) => {
  const served = await serve(t, '0.1.0');
  for (const [name, expected] of Object.entries(served.expected.mailboxes))
    assert.deepEqual(await handedOut(served, name), expected, name);
  // Ended with a grace: its owner still collects.
  const [waiting] = await handedOut(served, 'erik');
  assert(waiting !== undefined);
  const { lab = [] } = served.expected.mailboxes;
  await served.done(
    'mailbox',
    'restore',
    'lab@ledger.test',
    '--message',
    served.expected.ids.deleted ?? '',
    '--reason',
    'test',
  );
  const restored = (await handedOut(served, 'lab')).filter(({ uidl }) => !lab.some((known) => known.uidl === uidl));
  // The message itself, and the letter that tells of it.
  assert.equal(restored.length, 2);
});

test('the store of 0.1.0 keeps its states, certificates and keys', async (t) => {
  const { expected, json } = await serve(t, '0.1.0');
  for (const [name, id] of Object.entries(expected.ids)) {
    const now = await json<Traced>('trace', id);
    const was = expected.traced[name];
    const copiesOf = (traced?: Traced) =>
      traced?.copies.map(({ recipient, state, protection }) => [recipient, state, protection]);
    assert.deepEqual(copiesOf(now), copiesOf(was), name);
    const partsOf = (traced?: Traced) => traced?.parts.map(({ part, octets, sha256 }) => [part, octets, sha256]);
    assert.deepEqual([now.sha256, partsOf(now)], [was?.sha256, partsOf(was)], name);
  }
  const queue = await json<{ readonly deliveries: readonly Delivery[] }>('queue', 'list', '--all');
  const waiting = (deliveries: readonly Delivery[]) =>
    deliveries.map(({ id, message, recipient, state }) => [id, message, recipient, state]);
  assert.deepEqual(waiting(queue.deliveries), waiting(expected.queue.deliveries));
  const kept = (listed: readonly Listed[]) =>
    listed.map(({ fingerprint, account, keyHeld }) => [fingerprint, account, keyHeld]).sort();
  // What belongs to the gateway itself stands in the same list since, without an account.
  const listed = await json<readonly Listed[]>('cert', 'list');
  assert.deepEqual(kept(listed.filter(({ account }) => account !== '')), kept(expected.certificates));
  assert.deepEqual(kept(await json<readonly Listed[]>('pgp', 'key', 'list')), kept(expected.pgpKeys));
});

test('the trail of 0.1.0 verifies with its anchors, and so does its evidence', async (t) => {
  const { folder, expected, json, done } = await serve(t, '0.1.0');
  const verified = await json<Verified>('audit', 'verify', '--anchors', join(folder, 'keys', 'anchors'));
  assert.equal(verified.report.kind, 'intact');
  assert(verified.report.rows > expected.audit.report.rows, 'rows of this start follow those of then');
  assert(verified.anchors >= expected.audit.anchors);
  const evidence = ['--certificate', join(folder, 'evidence.pem')];
  await done('trace', '--verify', join(folder, 'evidence.eml'), ...evidence);
});

test('an export of the trail that 0.1.0 wrote verifies with its anchors, and a changed id in it does not', async (t) => {
  const { folder, run, done } = await serve(t, '0.1.0');
  const file = join(folder, 'trail.jsonl');
  const proof = ['--anchors', join(folder, 'keys', 'anchors'), '--key', join(folder, 'keys', 'audit', 'anchor.pem')];
  assert.match(await done('audit', 'verify', file, ...proof), /the chain holds; [1-9]\d* anchors? (?:is|are) in it/);
  const rows = readFileSync(file, 'utf8');
  const changed = rows.replace(/"message":"(\d+)"/, (_, id: string) => `"message":"${BigInt(id) + 8192n}"`);
  assert.notEqual(changed, rows);
  writeFileSync(file, changed);
  const { code, stdout } = await run('audit', 'verify', file, ...proof);
  assert.notEqual(code, 0);
  assert.match(stdout, /the hash does not match/);
});
