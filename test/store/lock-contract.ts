/**
 * Who has a maildrop: the promises of `lockMaildrop`, `renew`, `lost` and the two ways out, for
 * stores that keep locks in memory and for those that keep them as leases in rows. Time goes in
 * steps here, since a lease is renewed and ends while it goes.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { minutes, seconds } from '../../src/domain/units.ts';
import { LockLost } from '../../src/store/store.ts';
import type { Holder, MaildropLock } from '../../src/store/maildrop.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { FakeClock } from '../support/clock.ts';
import { addAccount, deliver } from '../support/store.ts';
import type { ContractStore } from './contract.ts';

export const here: Holder = { session: 's1', network: '192.0.2.1' };
export const same: Holder = { session: 's2', network: '192.0.2.1' };
export const elsewhere: Holder = { session: 's3', network: '198.51.100.1' };

export const locked = async (store: Store, account: AccountId, holder = here): Promise<MaildropLock> => {
  const lock = await store.lockMaildrop(account, holder);
  assert(lock !== 'in-use', 'expected the maildrop to be free');
  return lock;
};

/** Lets what waits for a timer, or an answer, go on each second. */
export async function pass(clock: FakeClock, time: number, each: () => void = () => undefined): Promise<void> {
  for (let gone = 0; gone < time; gone += 1000) {
    clock.advance(1000);
    each();
    await (clock.quiet?.() ?? new Promise((resolve) => setImmediate(resolve)));
  }
}

interface Scene extends ContractStore {
  readonly account: AccountId;
}

export function lockContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: Scene, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => {
      const s = await open(t);
      await run({ ...s, account: await addAccount(s.store, 'anna') }, t);
    });
  };
  /** With one message, and its uid. */
  const withMessage = async ({ store, account }: Scene, holder = here) => {
    await deliver(store, randomBytes(10), 'anna@group.test');
    const lock = await locked(store, account, holder);
    return { lock, uid: (await store.listMaildrop(lock)).uidOf(0) };
  };

  promise('a commit behind which the lock continues removes, and shows what came meanwhile', async (s) => {
    const { store, account } = s;
    const { lock, uid } = await withMessage(s);
    for (const n of [20, 30]) await deliver(store, randomBytes(n), 'anna@group.test');
    assert.equal((await store.listMaildrop(lock)).count, 1);
    await store.refreshMaildrop(lock);
    assert.deepEqual([lock.messages, lock.octets], [3, 60]);
    const listing = await store.listMaildrop(lock);
    const [second, third] = [listing.uidOf(1), listing.uidOf(2)];
    await Promise.all([
      store.commitMaildrop(lock, [uid], [uid], [], [], 'goes-on'),
      store.commitMaildrop(lock, [second], [], [], [], 'goes-on'),
    ]);
    assert.equal(await store.lockMaildrop(account, elsewhere), 'in-use');
    assert.deepEqual([lock.messages, lock.octets, lock.lost], [1, 30, false]);
    const left = await store.listMaildrop(lock);
    assert.deepEqual([left.count, left.uidOf(0)], [1, third]);
    assert.equal((await store.openEntry(lock, third)).octets, 30);
    await store.commitMaildrop(lock, [third], [third], []);
    assert.equal((await locked(store, account, elsewhere)).messages, 0);
  });

  promise(
    'one session at a time; the lock is free again after release and after commit',
    async ({ store, account }) => {
      const lock = await locked(store, account);
      assert.equal(await store.lockMaildrop(account, same), 'in-use');
      await store.releaseMaildrop(lock);
      assert.equal(lock.lost, false, 'who gave it back has not lost it');
      const second = await locked(store, account);
      assert(second.fence > lock.fence);
      await store.commitMaildrop(second, [], [], []);
      assert.equal(second.lost, false);
      await locked(store, account);
      await assert.rejects(store.listMaildrop(lock), LockLost);
    },
  );

  promise('two sessions that lock in the same turn: one gets it', async ({ store, account }) => {
    const both = await Promise.all([store.lockMaildrop(account, here), store.lockMaildrop(account, here)]);
    assert.equal(both.filter((l) => l === 'in-use').length, 1);
  });

  promise('a silent session loses to one of the same network only, and then deletes nothing', async (s) => {
    const { store, clock, account } = s;
    const { lock, uid } = await withMessage(s);
    await pass(clock, seconds(29));
    lock.renew();
    await pass(clock, seconds(29));
    assert.equal(await store.lockMaildrop(account, same), 'in-use');
    await pass(clock, seconds(2));
    assert.equal(await store.lockMaildrop(account, elsewhere), 'in-use');
    assert.equal(lock.lost, false);
    const taken = await locked(store, account, same);
    assert.equal(lock.lost, true);
    assert(taken.fence > lock.fence);
    await assert.rejects(store.commitMaildrop(lock, [uid], [uid], []), LockLost);
    await assert.rejects(store.openEntry(lock, uid), LockLost);
    // Neither renewing it nor giving it back reaches the session that has it now.
    lock.renew();
    await store.releaseMaildrop(lock, [uid]);
    await pass(clock, seconds(5));
    assert.equal(taken.lost, false);
    assert.equal((await store.listMaildrop(taken)).count, 1);
    assert.equal(await store.lockMaildrop(account, same), 'in-use');
  });

  promise('a session that moves keeps it for as long as it likes', async ({ store, clock, account }) => {
    const lock = await locked(store, account);
    for (let n = 0; n < 10; n += 1) {
      await pass(clock, seconds(20), () => lock.renew());
      assert.equal(await store.lockMaildrop(account, same), 'in-use');
    }
    assert.equal(lock.lost, false);
    assert.equal((await store.listMaildrop(lock)).count, 0);
  });

  promise('a session that is silent and alive keeps it from all other networks', async ({ store, clock, account }) => {
    const lock = await locked(store, account);
    await pass(clock, minutes(5));
    assert.equal(await store.lockMaildrop(account, elsewhere), 'in-use');
    assert.equal(lock.lost, false);
    await store.commitMaildrop(lock, [], [], []);
  });

  promise('while the end of a session is written it can be neither taken over nor used', async (s) => {
    const { store, clock, account } = s;
    const { lock, uid } = await withMessage(s);
    await pass(clock, seconds(60));
    const committed = store.commitMaildrop(lock, [uid], [uid], []);
    const early = await store.lockMaildrop(account, same);
    await assert.rejects(store.openEntry(lock, uid), LockLost);
    await committed;
    // Over two connections to a database the end may be written first, and then it is over.
    if (name === 'SQLite') assert.equal(early, 'in-use');
    assert.equal((early === 'in-use' ? await locked(store, account, same) : early).messages, 0);
  });

  promise('whoever comes back while a broken session is noted waits for it, from whatever network', async (s) => {
    const { store, account } = s;
    const { lock, uid } = await withMessage(s);
    let written = (): void => undefined;
    const gate = new Promise<void>((resolve) => (written = resolve));
    const released = store.releaseMaildrop(lock, [uid], () => gate.then(() => []));
    const [first, second] = [here, elsewhere].map((h) => store.lockMaildrop(account, h));
    await assert.rejects(store.openEntry(lock, uid), LockLost);
    written();
    await released;
    assert(typeof (await first) === 'object');
    assert.equal(await second, 'in-use');
  });

  promise('an account that has no mailbox leaves nothing locked', async ({ store }) => {
    const nobody = 999 as AccountId;
    for (const holder of [here, elsewhere]) await assert.rejects(store.lockMaildrop(nobody, holder), RangeError);
  });

  promise('an orderly stop frees it for everybody, and no lock of before passes for one of later', async (s) => {
    const { lock, uid } = await withMessage(s);
    const { store } = await s.reopen();
    const later = await locked(store, s.account, elsewhere);
    assert(later.fence > lock.fence);
    for (const refused of [
      () => store.openEntry(lock, uid),
      () => store.listMaildrop(lock),
      () => store.commitMaildrop(lock, [uid], [], []),
    ])
      await assert.rejects(refused, LockLost);
    await store.releaseMaildrop(lock);
    assert.equal(await store.lockMaildrop(s.account, here), 'in-use');
    assert.equal((await store.listMaildrop(later)).count, 1);
  });
}
