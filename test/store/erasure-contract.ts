/**
 * What every store must do to erase one message: promises of `Deliveries.erase`
 * (src/store/deliveries.ts).
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { days } from '../../src/domain/units.ts';
import type { Store } from '../../src/store/port/store.ts';
import { acceptanceOf, addAccount, deliver, messagesIn, readAll, sealBody } from '../support/store.ts';
import type { ContractStore } from './contract.ts';

const actor = { name: 'officer', reason: 'a letter about somebody else' };
const here = { session: 's1', network: '192.0.2.1' };

/** Her program fetched all that waits, and left or deleted it. */
export async function collect(store: Store, account: AccountId, deleted = false): Promise<void> {
  const lock = await store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  await store.commitMaildrop(lock, deleted ? uids : [], uids, []);
}

const octetsIn = async (store: Store, account: AccountId): Promise<number> => {
  const lock = await store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  await store.releaseMaildrop(lock);
  return lock.octets;
};

export function erasureContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise('an erased message is gone from every mailbox, large or small; the others and its facts stay', async (s) => {
    for (const size of [3000, 700_000]) {
      const names = [`anna${size}`, `bert${size}`];
      const to = names.map((each) => `${each}@group.test`);
      const [anna, bert] = [await addAccount(s.store, names[0]!), await addAccount(s.store, names[1]!)];
      const { id } = await deliver(s.store, randomBytes(size), ...to);
      const other = randomBytes(size);
      const { id: stays } = await deliver(s.store, other, to[0]!);
      await collect(s.store, anna);
      await collect(s.store, bert, true);
      assert.equal(await s.store.deliveries.erase(id, actor), 'erased');
      s = await s.reopen();
      const { store } = s;
      assert.deepEqual(await messagesIn(store, anna), [stays]);
      assert.equal(await octetsIn(store, anna), size);
      assert.equal(await store.restoreEntries(bert, { message: id }, actor), 0);
      assert.equal(await store.deliveries.openMessage(id), undefined);
      assert.deepEqual(await readAll((await store.deliveries.openMessage(stays))!), other);
      assert.notEqual(await store.deliveries.findMessage(id), undefined);
      const [row] = (await store.audit.read({ message: id, limit: 10 })).filter((r) => r.event === 'message.erased');
      assert.deepEqual([row?.personal?.actor, row?.personal?.reason], [actor.name, actor.reason]);
      assert.equal((await store.sweep()).uploads, 0, 'its octets are gone already');
      assert.equal((await store.audit.verify()).kind, 'intact');
      // May be repeated: what older backups have of it is closed then.
      assert.equal(await store.deliveries.erase(id, actor), 'erased');
    }
  });

  promise('what protection made of a message is erased with it, by either id', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    for (const byCopy of [false, true]) {
      const body = await sealBody(store, randomBytes(900));
      const copy = await sealBody(store, randomBytes(1200));
      const { recipients } = await acceptanceOf(store, copy, ['anna@group.test']);
      const message = await acceptanceOf(store, body, ['anna@group.test'], {
        recipients: [],
        copies: [{ body: copy, recipients }],
        submitter: anna,
      });
      assert.deepEqual(await store.accept(message), { kind: 'filed' });
      await collect(store, anna);
      assert.equal(await store.deliveries.erase(byCopy ? copy.id : body.id, actor), 'erased');
      assert.deepEqual(await messagesIn(store, anna), []);
      assert.equal(await store.deliveries.openMessage(copy.id), undefined);
    }
  });

  promise('nothing is erased that somebody waits for or has open, nor what is unknown', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const { id } = await deliver(store, randomBytes(100), 'anna@group.test');
    assert.equal(await store.deliveries.erase(id, actor), 'waiting');
    await collect(store, anna);
    const lock = await store.lockMaildrop(anna, here);
    assert(lock !== 'in-use');
    assert.equal(await store.deliveries.erase(id, actor), 'in-use');
    await store.releaseMaildrop(lock);
    assert.deepEqual(await messagesIn(store, anna), [id]);
    assert.equal(await store.deliveries.erase('0000000000000' as MessageId, actor), 'unknown');
    assert.equal(await store.deliveries.erase(id, actor), 'erased');
  });

  promise('the other messages of its day open after the sweep has closed it, and after a restart', async (s) => {
    const anna = await addAccount(s.store, 'anna');
    const contents = Array.from({ length: 5 }, (_, i) => randomBytes(i === 2 ? 600_000 : 500 + i));
    const ids: MessageId[] = [];
    for (const content of contents) ids.push((await deliver(s.store, content, 'anna@group.test')).id);
    await collect(s.store, anna);
    for (const erased of [1, 3]) {
      assert.equal(await s.store.deliveries.erase(ids[erased]!, actor), 'erased');
      s.clock.setWall(s.clock.now() + days(3));
      await s.store.sweep();
      for (const again of [() => s, () => s.reopen()]) {
        s = await again();
        for (const [i, content] of contents.entries()) {
          const stored = await s.store.deliveries.openMessage(ids[i]!);
          if (i === 1 || (i === 3 && erased === 3)) assert.equal(stored, undefined);
          else assert.deepEqual(await readAll(stored!), content);
        }
      }
    }
  });
}
