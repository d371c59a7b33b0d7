/**
 * Two gateways' stores on one database: what one of them changes in the registry holds at once in
 * what the other one writes; what both count they count together.
 */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { sharedThrottle } from '../../src/auth/shared-throttle.ts';
import { throttleDefaults } from '../../src/auth/throttle.ts';
import { defined } from '../../src/domain/defined.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { fail, ok } from '../../src/domain/result.ts';
import { type Milliseconds, octets, seconds } from '../../src/domain/units.ts';
import { SharedMaildrops, type Visitor } from '../../src/pickup/shared.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { newSubmissionCounts } from '../../src/smtp/server.ts';
import type { Registry } from '../../src/store/port/registry.ts';
import type { Store } from '../../src/store/port/store.ts';
import { LoginEnded } from '../../src/store/store.ts';
import { HourlyCount } from '../../src/submission/limits.ts';
import { refusals } from '../../src/submission/refusals.ts';
import { Submission } from '../../src/submission/submission.ts';
import { type PostgresTestStore, storesOfFile } from '../support/postgres-store.ts';
import { acceptanceOf, addAccount, address, deliver, sealBody } from '../support/store.ts';
import { until } from '../support/until.ts';
import { elsewhere, locked } from '../store/lock-contract.ts';

const open = storesOfFile();
const actor = { name: 'operator', reason: 'test' };

interface Two {
  readonly one: PostgresTestStore;
  readonly two: PostgresTestStore;
  readonly anna: AccountId;
  readonly bert: AccountId;
}

async function twoNodes(t: TestContext): Promise<Two> {
  const one = await open(t);
  const [anna, bert] = [await addAccount(one.store, 'anna'), await addAccount(one.store, 'bert')];
  return { one, two: await one.beside('gw2'), anna, bert };
}

test('a message that was judged before another node changed the registry is not filed; after a change of its own node it is', async (t) => {
  const { one, two, anna, bert } = await twoNodes(t);
  const accept = async (judged?: number) => {
    const body = await sealBody(two.store, Buffer.from('hello'));
    const message = await acceptanceOf(two.store, body, ['bert@group.test']);
    return (await two.store.accept({ ...message, submitter: anna, ...defined({ judged }) })).kind;
  };
  const { registry } = two.store;
  const before = registry.seen;
  assert(before !== undefined);
  assert.equal(await accept(before), 'filed');
  await registry.setAccountState('bert', 'suspended', actor);
  await registry.setAccountState('bert', 'active', actor);
  assert.equal(await accept(before), 'filed');
  await one.store.registry.setAccountState('anna', 'suspended', actor);
  assert.equal(await accept(before), 'outdated');
  assert((registry.seen ?? 0) > before, 'it has caught up');
  assert.equal((await registry.findLogin('anna'))?.account.state, 'suspended');
  assert.equal((await locked(two.store, bert)).messages, 2);
  assert.equal(await accept(), 'filed', 'a control: what nobody judged is not held back');
});

/**
 * A message of anna's to bert at the second node, whole but for its end; `heedless`: as if no other
 * node changed the registry.
 */
async function begun({ two }: Two, heedless = false): Promise<() => Promise<string>> {
  const { store, clock, log } = two;
  const registry: Registry = heedless ? new Proxy<Registry>(store.registry, { get: unseen }) : store.registry;
  const counts = newSubmissionCounts(clock);
  const record = await registry.findLogin('anna');
  assert(record !== undefined);
  const submission = new Submission(
    {
      ...{ store: new Proxy(store, { get: (its, name) => (name === 'registry' ? registry : bound(its, name)) }) },
      ...{ clock, log, counts, hostname: 'mail.test', maxMessage: octets(1e6), maxRecipients: 10 },
    },
    { ...record, session: 's', address: '192.0.2.1', helo: 'client.test', extended: true, tls: 'TLSv1.3' },
    async () => {
      const found = await registry.findLogin('anna');
      return found?.passwords.length === record.passwords.length ? ok(found) : fail(refusals.loginEnded);
    },
  );
  assert.equal(await submission.mail('anna@group.test', { size: octets(0), body: '7BIT', smtpUtf8: false }), undefined);
  assert((await submission.recipient('bert@group.test', {})).ok);
  const delivery = submission.begin();
  assert(delivery.ok);
  await delivery.value.incoming.write(Buffer.from('From: anna@group.test\r\nSubject: x\r\n\r\nhello\r\n'));
  return async () => {
    const filed = await delivery.value.file();
    return filed.ok ? 'filed' : `${filed.error.reply} ${filed.error.status}`;
  };
}
const bound = (its: object, name: string | symbol): unknown => {
  const value: unknown = Reflect.get(its, name, its);
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(its) : value;
};
const unseen = (its: object, name: string | symbol): unknown => (name === 'seen' ? undefined : bound(its, name));

for (const [what, expected, change] of [
  ['suspended', '550 5.7.1', (store: Store) => store.registry.setAccountState('anna', 'suspended', actor)],
  [
    'left without the address that it sends as',
    '550 5.7.1',
    (store: Store) => store.registry.setAddressState(address('anna@group.test'), 'suspended', actor),
  ],
  [
    'given another password',
    '550 5.7.1',
    (store: Store) => store.registry.addPassword('anna', { name: 'new', hash: 'x' }, actor),
  ],
] as const)
  test(`an account that another node has ${what} between DATA and its end sends nothing`, async (t) => {
    const scene = await twoNodes(t);
    const [heedless, end] = [await begun(scene, true), await begun(scene)];
    await change(scene.one.store);
    assert.equal(await heedless(), 'filed', 'a control: without the number of the registry it is filed');
    assert.equal(await end(), expected);
  });

test('a message goes through while another node changes what is not its own', async (t) => {
  const scene = await twoNodes(t);
  await addAccount(scene.one.store, 'other');
  const end = await begun(scene);
  await scene.one.store.registry.setAccountState('other', 'suspended', actor);
  assert.equal(await end(), 'filed');
});

test('QUIT of a session whose account was suspended at the other node deletes nothing', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  await deliver(one.store, Buffer.from('keep'), 'anna@group.test');
  const stands = async (): Promise<boolean> => (await two.store.registry.findLogin('anna'))?.account.state === 'active';
  const quit = async (login?: () => Promise<boolean>): Promise<void> => {
    const lock = await locked(two.store, anna);
    const uid = (await two.store.listMaildrop(lock)).uidOf(0);
    await two.store.commitMaildrop(lock, [uid], [uid], [], [], 'ends', login);
  };
  assert(await stands());
  // In the middle of a QUIT, behind its own look at the login.
  let asked = 0;
  const suspended = quit(async () => {
    const answer = await stands();
    if ((asked += 1) === 1) await one.store.registry.setAccountState('anna', 'suspended', actor);
    return answer;
  });
  await assert.rejects(suspended, LoginEnded);
  assert.equal(asked, 2);
  const lock = await locked(one.store, anna, elsewhere);
  assert.equal(lock.messages, 1);
  await one.store.releaseMaildrop(lock);
  await one.store.registry.setAccountState('anna', 'active', actor);
  await quit(async () => {
    await one.store.registry.setAccountState('bert', 'suspended', actor);
    return true;
  }).catch(() => assert.fail('a change of somebody else keeps nobody'));
  assert.equal((await locked(one.store, anna, elsewhere)).messages, 0);
});

test('an acknowledgement over the API whose login has ended removes nothing, and the claims of others stay', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  await deliver(one.store, Buffer.from('keep'), 'anna@group.test');
  const { clock, log, store } = two;
  const shared = new SharedMaildrops({
    store,
    clock,
    log,
    random: randomBytes,
    receipts: undefined,
    clientNetworks: undefined,
  });
  t.after(() => shared.close());
  const visitor: Visitor = { protocol: 'https', address: '192.0.2.7', network: '192.0.2.7', tls: 'TLSv1.3' };
  const claim = await shared.claim(anna, visitor, { most: 1, lasts: seconds(60), key: 'k' });
  assert(typeof claim !== 'string');
  const ended = { ...visitor, stands: () => Promise.resolve(false) };
  await assert.rejects(shared.acknowledge(anna, claim.id, 'all', ended), LoginEnded);
  const done = await shared.acknowledge(anna, claim.id, 'all', { ...visitor, stands: () => Promise.resolve(true) });
  assert(typeof done !== 'string', 'another worker, whose login holds, has it still');
  assert.equal(done.messages, 1);
});

test('guesses and messages at one node count at the other a moment later, once', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  const [here, there] = [one, two].map(({ store }) => ({
    throttle: sharedThrottle(throttleDefaults, systemClock, store.shared.of('logins')),
    messages: new HourlyCount(systemClock, store.shared.of('messages')),
  }));
  assert(here !== undefined && there !== undefined);
  const now = (): Milliseconds => systemClock.monotonic();
  for (let n = 0; n < 12; n += 1) here.throttle.failed('anna', '192.0.2.1', `guess ${n}`, now());
  here.messages.add(anna, 7);
  there.messages.add(anna, 5);
  await until('both have counted', () => there.messages.of(anna) >= 12 && here.messages.of(anna) >= 12);
  await until('guesses are known there', () => there.throttle.wait('anna', '192.0.2.1', now()) > 60_000);
  assert.deepEqual([here.messages.of(anna), there.messages.of(anna)], [12, 12]);
});
