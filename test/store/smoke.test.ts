import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { addAccount, deliver, openTestStore, readAll } from '../support/store.ts';

test('a message is filed, listed, read, deleted', async (t) => {
  let s = await openTestStore(t);
  const a = await addAccount(s.store, 'anna');
  const small = randomBytes(10_000);
  const large = randomBytes(1_000_000);
  assert.deepEqual((await deliver(s.store, small, 'anna@group.test')).outcome, { kind: 'filed' });
  assert.deepEqual((await deliver(s.store, large, 'anna@group.test')).outcome, { kind: 'filed' });
  s = await s.reopen();
  const lock = await s.store.lockMaildrop(a, { session: '1', network: 'n' });
  assert(lock !== 'in-use');
  const list = await s.store.listMaildrop(lock);
  assert.equal(list.count, 2);
  assert.match(list.uidlOf(0), /^[A-Za-z0-9_-]{22}$/);
  assert.deepEqual(await readAll(await s.store.openEntry(lock, list.uidOf(0))), small);
  assert.deepEqual(await readAll(await s.store.openEntry(lock, list.uidOf(1))), large);
  await s.store.commitMaildrop(lock, [list.uidOf(0)], [list.uidOf(0)], []);
  assert.equal((await s.store.audit.verify()).kind, 'intact');
});
