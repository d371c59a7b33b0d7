/**
 * Two gateways' stores on one database: who has a maildrop, what each remembers, and who does what
 * must be done once.
 */
// @beside
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { AddressKey } from '../../src/domain/address.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { instant, minutes, seconds } from '../../src/domain/units.ts';
import { JOBS } from '../../src/store/jobs.ts';
import { LockLost, StoreUnavailable } from '../../src/store/store.ts';
import { PostgresStores, type PostgresTestStore } from '../support/postgres-store.ts';
import { addAccount, deliver, readAll } from '../support/store.ts';
import { elsewhere, locked, pass, same } from '../store/lock-contract.ts';

const closers: (() => Promise<void> | void)[] = [];
test.after(async () => {
  for (const close of closers.toReversed()) await close();
});
let stores: Promise<PostgresStores> | undefined;

interface Two {
  readonly one: PostgresTestStore;
  readonly two: PostgresTestStore;
  readonly anna: AccountId;
}

async function twoNodes(t: TestContext): Promise<Two> {
  stores ??= PostgresStores.start({ after: (close) => closers.push(close) });
  const one = await (await stores).open(t);
  const anna = await addAccount(one.store, 'anna');
  return { one, two: await one.beside('gw2'), anna };
}

/** What is told soon, and no later than in a second or two. */
async function soon(what: string, is: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await is()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`not within two seconds: ${what}`);
}

test('a late node’s QUIT deletes nothing: the maildrop was taken over at the other one', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  await deliver(one.store, Buffer.from('keep'), 'anna@group.test');
  const lock = await locked(one.store, anna);
  const uid = (await one.store.listMaildrop(lock)).uidOf(0);
  assert.equal(await two.store.lockMaildrop(anna, same), 'in-use');
  await pass(one.clock, seconds(31));
  const taken = await locked(two.store, anna, same);
  assert.equal(lock.lost, false, 'nobody has told it yet');
  await assert.rejects(one.store.commitMaildrop(lock, [uid], [uid], []), LockLost);
  await assert.rejects(one.store.openEntry(lock, uid), LockLost);
  assert.equal((await two.store.listMaildrop(taken)).count, 1);
  const content = await two.store.openEntry(taken, (await two.store.listMaildrop(taken)).uidOf(0));
  assert.equal((await readAll(content)).toString(), 'keep');
  await two.store.commitMaildrop(taken, [uid], [uid], []);
  assert.equal((await locked(one.store, anna, elsewhere)).messages, 0);
});

test('of a session that the other node has taken over nothing counts as sent', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  await deliver(one.store, Buffer.from('keep'), 'anna@group.test');
  const lock = await locked(one.store, anna);
  const uid = (await one.store.listMaildrop(lock)).uidOf(0);
  await pass(one.clock, seconds(31));
  const taken = await locked(two.store, anna, same);
  await one.store.releaseMaildrop(lock, [uid], () => Promise.reject(new Error('no receipt is due')));
  assert.equal((await two.store.listMaildrop(taken)).retrievedBefore(0), false);
  await two.store.releaseMaildrop(taken);
  const later = await locked(one.store, anna);
  assert.equal((await one.store.listMaildrop(later)).retrievedBefore(0), false);
});

test('a node that hangs between its look at the right and its write deletes nothing either', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  await deliver(one.store, Buffer.from('keep'), 'anna@group.test');
  const lock = await locked(one.store, anna);
  const uid = (await one.store.listMaildrop(lock)).uidOf(0);
  await one.store.commitMaildrop(lock, [uid], [uid], []);
  await deliver(one.store, Buffer.from('keep this'), 'anna@group.test');
  const later = await locked(one.store, anna);
  const second = (await one.store.listMaildrop(later)).uidOf(0);
  // Its right was held, and its lease ended all the same: the row says another one's fence when the
  // transaction begins.
  await one.ask(
    'CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.held THEN NEW.fence := NEW.fence + 1; END IF; RETURN NEW; END $$',
  );
  await one.ask('CREATE TRIGGER hang BEFORE UPDATE ON maildrop_lease FOR EACH ROW EXECUTE FUNCTION hang()');
  await assert.rejects(one.store.commitMaildrop(later, [second], [second], []), LockLost);
  await one.ask('DROP TRIGGER hang ON maildrop_lease');
  await pass(one.clock, minutes(1));
  const left = await locked(two.store, anna, elsewhere);
  assert.equal(left.messages, 1);
});

test('what one node accepts is in the maildrop at the other, and wakes who waits there', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  const changed: number[] = [];
  two.store.deliveries.onMailbox((account) => changed.push(account));
  await deliver(one.store, Buffer.from('one'), 'anna@group.test');
  const lock = await locked(two.store, anna);
  assert.deepEqual([lock.messages, lock.octets], [1, 3]);
  one.clock.advance(50);
  await soon('the other node heard', () => changed.includes(anna));
  await two.store.releaseMaildrop(lock);
  await deliver(two.store, Buffer.from('three'), 'anna@group.test');
  assert.equal((await locked(one.store, anna)).messages, 2);
});

test('a suspended account and a changed address hold at the other node, and its sessions hear of it', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  const { registry } = two.store;
  assert.equal((await registry.findLogin('anna'))?.account.state, 'active');
  assert.notEqual(await registry.findRecipient('anna@group.test' as AddressKey), undefined);
  const told: unknown[] = [];
  registry.onChange((accounts) => told.push(accounts));
  const actor = { name: 'operator', reason: 'test' };
  await one.store.registry.setAccountState('anna', 'suspended', actor);
  await soon('it is suspended there', async () => (await registry.findLogin('anna'))?.account.state === 'suspended');
  assert(told.length > 0);
  await two.store.registry.setAccountState('anna', 'active', actor);
  await soon('it is active here', async () => (await one.store.registry.findLogin('anna'))?.account.state === 'active');
  assert.equal(anna > 0, true);
});

test('a node that does not see the registry lets nobody in and takes no address, until it sees it again', async (t) => {
  const { one, two } = await twoNodes(t);
  assert.notEqual(await two.store.registry.findLogin('anna'), undefined);
  // Whoever reads it waits.
  const end = await one.hold('LOCK TABLE registry_version IN ACCESS EXCLUSIVE MODE');
  const refused = async (ask: Promise<unknown>): Promise<boolean> =>
    await ask.then(
      () => false,
      (error: unknown) => error instanceof StoreUnavailable,
    );
  await soon('it refuses', () => refused(two.store.registry.findLogin('anna')));
  assert(await refused(two.store.registry.findRecipient('anna@group.test' as AddressKey)));
  await end();
  await soon('it serves', async () => !(await refused(two.store.registry.findLogin('anna'))));
});

test('each job is done at one node, and at the other when that one has stopped', async (t) => {
  const { one, two } = await twoNodes(t);
  const own = ({ store }: PostgresTestStore): number => JOBS.filter((job) => store.jobs.runs(job)).length;
  assert.deepEqual([own(one), own(two)], [JOBS.length, 0]);
  await one.close();
  for (let tries = 0; own(two) === 0; tries += 1) {
    assert(tries < 100, 'within ten seconds');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(own(two), JOBS.length);
});

test('two nodes make different ids, and one that starts again none that it has made', async (t) => {
  const { one, two } = await twoNodes(t);
  const ids = new Set<string>();
  for (let n = 0; n < 5; n += 1)
    for (const { store } of [one, two]) ids.add((await deliver(store, Buffer.from('x'), 'anna@group.test')).id);
  assert.equal(ids.size, 10);
  one.clock.setWall(one.clock.now() - minutes(5));
  const again = await two.reopen();
  ids.add((await deliver(again.store, Buffer.from('x'), 'anna@group.test')).id);
  assert.equal(ids.size, 11);
});

test('while maildrops that are taken wait for another place, which has gone, what only reads is answered', async (t) => {
  const { one, anna } = await twoNodes(t);
  const { store, server } = one;
  const boxes = [anna];
  for (const name of ['bert', 'carla', 'dora']) boxes.push(await addAccount(store, name));
  await server.set({ synchronous_standby_names: 'ANY 1 (gone)' });
  t.after(() => server.set({ synchronous_standby_names: '' }));
  let taken = 0;
  const taking = boxes.map(async (account, n) => {
    const lock = await store.lockMaildrop(account, { session: `s${n}`, network: 'n' });
    taken += 1;
    return lock;
  });
  const waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query ~ 'maildrop_lease'";
  await soon('all have asked', async () => {
    const asked = (await server.ask(waits)).length;
    return asked > 0 && taken + asked + store.health().waiting >= boxes.length;
  });
  const since = performance.now();
  await store.registry.knownNetworks({ since: instant(0), limit: 1 });
  assert.ok(performance.now() - since < 2000, 'whoever waits behind them waits for five seconds');
  await server.set({ synchronous_standby_names: '' });
  await Promise.all(taking);
});
