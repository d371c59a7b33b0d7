/** Maildrop locks of the SQLite store, in memory as in service, and with leases in rows in their place, which another node shares. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { seconds } from '../../src/domain/units.ts';
import type { MaildropLocks } from '../../src/store/maildrop-locks.ts';
import { LockLost } from '../../src/store/store.ts';
import { LEASE, LeaseLocks, LeaseRows } from '../support/lease-locks.ts';
import { type TestStore, addAccount, deliver, openTestStore } from '../support/store.ts';
import { elsewhere, here, lockContract, locked, pass, same } from './lock-contract.ts';

const withLeases = (t: TestContext, rows = new LeaseRows()): Promise<TestStore> =>
  openTestStore(t, { testing: { maildropLocks: (parts) => new LeaseLocks(rows, 'one', parts) } });

lockContract('SQLite', (t) => openTestStore(t));
lockContract('SQLite with leases', (t) => withLeases(t));

interface TwoNodes extends TestStore {
  readonly rows: LeaseRows;
  readonly other: MaildropLocks;
  readonly account: AccountId;
}

async function twoNodes(t: TestContext): Promise<TwoNodes> {
  const rows = new LeaseRows();
  const s = await withLeases(t, rows);
  const account = await addAccount(s.store, 'anna');
  await deliver(s.store, Buffer.from('keep'), 'anna@group.test');
  const other = new LeaseLocks(rows, 'two', { clock: s.clock, epoch: 1, takeoverAfter: seconds(30) });
  return { ...s, rows, other, account };
}

test('another node takes a silent session over: its QUIT deletes nothing, before it has heard of that and after', async (t) => {
  const { store, clock, other, account } = await twoNodes(t);
  const lock = await locked(store, account);
  const uid = (await store.listMaildrop(lock)).uidOf(0);
  assert.equal(await other.lock(account, same), 'in-use');
  await pass(clock, seconds(31));
  const taken = await other.lock(account, same);
  assert(taken !== 'in-use');
  assert.deepEqual(taken.from, here);
  assert.equal(lock.lost, false, 'nobody has told it yet');
  await assert.rejects(store.commitMaildrop(lock, [uid], [uid], []), LockLost);
  await pass(clock, seconds(6));
  assert.equal(taken.right.lost, false);
  await taken.right.release();
  assert.equal((await locked(store, account)).messages, 1);
});

test('of a session that another node has taken over nothing counts as sent', async (t) => {
  const { store, clock, other, account } = await twoNodes(t);
  const lock = await locked(store, account);
  const uid = (await store.listMaildrop(lock)).uidOf(0);
  await pass(clock, seconds(31));
  const taken = await other.lock(account, same);
  assert(taken !== 'in-use');
  await store.releaseMaildrop(lock, [uid], () => Promise.reject(new Error('no receipt is due')));
  await taken.right.release();
  const later = await locked(store, account);
  assert.equal((await store.listMaildrop(later)).retrievedBefore(0), false);
});

test('a session that was taken over by another node hears of it at the next renewal', async (t) => {
  const { store, clock, other, account } = await twoNodes(t);
  const lock = await locked(store, account);
  const uid = (await store.listMaildrop(lock)).uidOf(0);
  await pass(clock, seconds(31));
  assert(typeof (await other.lock(account, same)) === 'object');
  lock.renew();
  await new Promise(setImmediate);
  assert.equal(lock.lost, true);
  await assert.rejects(store.openEntry(lock, uid), LockLost);
  assert.equal(await store.lockMaildrop(account, elsewhere), 'in-use');
});

test('what a node held that is gone is free for every network once its lease is over', async (t) => {
  const { store, clock, rows, other, account } = await twoNodes(t);
  assert(typeof (await other.lock(account, here)) === 'object');
  await pass(clock, LEASE);
  assert.equal(await store.lockMaildrop(account, elsewhere), 'in-use', 'it renews while it lives');
  rows.cutOff.add('two');
  await pass(clock, LEASE - seconds(6));
  assert.equal(await store.lockMaildrop(account, elsewhere), 'in-use');
  await pass(clock, seconds(7));
  await locked(store, account, elsewhere);
});

test('a node that is cut off gives its maildrops up before others may have them', async (t) => {
  const { store, clock, rows, other, account } = await twoNodes(t);
  const lock = await locked(store, account);
  const uid = (await store.listMaildrop(lock)).uidOf(0);
  rows.cutOff.add('one');
  let [lostAfter, freeAfter] = [0, 0];
  for (let gone = 1; freeAfter === 0; gone += 1) {
    await pass(clock, seconds(1), () => lock.renew());
    if (lock.lost) lostAfter ||= gone;
    if ((await other.lock(account, elsewhere)) !== 'in-use') freeAfter = gone;
    assert(gone < 60, 'it was never free');
  }
  assert(lostAfter > 0 && lostAfter <= freeAfter, `lost after ${lostAfter} s, free after ${freeAfter} s`);
  rows.cutOff.clear();
  await assert.rejects(store.commitMaildrop(lock, [uid], [], []), LockLost);
});

test('a session that moves a thousand times a second writes to its row every few seconds', async (t) => {
  const { store, clock, rows, account } = await twoNodes(t);
  const lock = await locked(store, account);
  const before = rows.statements;
  await pass(clock, seconds(60), () => {
    for (let n = 0; n < 1000; n += 1) lock.renew();
  });
  assert(rows.statements - before <= 24, `${rows.statements - before} statements`);
  await store.releaseMaildrop(lock);
  await pass(clock, seconds(60));
  assert(rows.statements - before <= 25, 'and none when it has ended');
});
