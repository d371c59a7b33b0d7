/**
 * A store whose nodes agree on day keys ahead, and one that finds a key of a day that was erased.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { days, octets } from '../../src/domain/units.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { addAccount, deliver, openTestStore, readAll } from '../support/store.ts';
import { here } from './sqlite-support.ts';

const TODAY = '2026-11-25';
const why = 'There is no key of that day on this node; let the nodes reach each other';

test('where nodes agree on keys ahead, none is made on the way: mail waits until there is one', async (t) => {
  const s = await openTestStore(t, { mayMakeKey: () => ({ may: false, why }) });
  const account = await addAccount(s.store, 'anna');
  assert.throws(
    () => s.store.openBody(octets(0)),
    (error: unknown) => error instanceof StoreUnavailable && error.message === why,
  );
  assert.equal(new KeyFolder(s.options.keyFolder, s.options.masterKey).stateOf(TODAY), 'none');
  // It comes from another node, while this one runs.
  new KeyFolder(s.options.keyFolder, s.options.masterKey).make(TODAY, randomBytes);
  await deliver(s.store, Buffer.from('text\r\n'), 'anna@group.test');
  // And another key of the same day, with a lower mark or a higher one: what was sealed stays
  // readable, after a restart too.
  const other = new KeyFolder(join(s.options.keyFolder, '..', 'other'), s.options.masterKey);
  other.adopt('s');
  other.make(TODAY, randomBytes);
  for (const { sealed } of other.sealedKeysOf(TODAY))
    new KeyFolder(s.options.keyFolder, s.options.masterKey).shared.take(TODAY, sealed);
  await deliver(s.store, Buffer.from('text\r\n'), 'anna@group.test');
  const again = await s.reopen();
  await deliver(again.store, Buffer.from('text\r\n'), 'anna@group.test');
  const lock = await again.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  const listing = await again.store.listMaildrop(lock);
  assert.equal(listing.count, 3);
  for (let n = 0; n < 3; n += 1)
    assert.equal((await readAll(await again.store.openEntry(lock, listing.uidOf(n)))).toString(), 'text\r\n');
});

test('a node that stands alone makes its own key, with a mark, once', async (t) => {
  let asked = 0;
  const s = await openTestStore(t, {
    mayMakeKey: () => {
      asked += 1;
      return { may: true };
    },
  });
  await addAccount(s.store, 'anna');
  for (let n = 0; n < 3; n += 1) await deliver(s.store, Buffer.from('text\r\n'), 'anna@group.test');
  assert.equal(asked, 1);
  const [name = ''] = readdirSync(s.options.keyFolder).filter((its) => its.startsWith(TODAY));
  assert.match(name, /^2026-11-25\.[0-9a-f]{16}\.key$/);
});

test('a day that was erased is erased at each start: its key comes back with no copy of the key folder', async (t) => {
  const s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  const told: string[] = [];
  s.store.days.onErased((day) => void told.push(day));
  await deliver(s.store, randomBytes(1000), 'anna@group.test');
  cpSync(s.options.keyFolder, `${s.options.keyFolder}-copy`, { recursive: true });
  const lock = await s.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  await s.store.commitMaildrop(lock, [(await s.store.listMaildrop(lock)).uidOf(0)], [], []);
  s.clock.setWall(s.clock.now() + days(20));
  assert.equal(await s.store.days.isErased(TODAY), false);
  await s.store.sweep();
  await s.store.sweep();
  assert.deepEqual(told, [TODAY]);
  assert.equal(await s.store.days.isErased(TODAY), true);
  await s.close();
  rmSync(s.options.keyFolder, { recursive: true });
  cpSync(`${s.options.keyFolder}-copy`, s.options.keyFolder, { recursive: true });
  const keys = new KeyFolder(s.options.keyFolder, s.options.masterKey);
  assert.equal(keys.sealedKeysOf(TODAY).length, 1);
  await s.reopen();
  assert.equal(keys.stateOf(TODAY), 'erased');
  assert.equal(keys.sealedKeysOf(TODAY).length, 0);
});

test('a day that another node has closed keeps the keys of what is left, and no other; not while it may still get mail', async (t) => {
  const s = await openTestStore(t);
  const account = await addAccount(s.store, 'anna');
  await deliver(s.store, Buffer.from('stays\r\n'), 'anna@group.test');
  assert.equal(await s.store.days.close(TODAY), false, 'today');
  s.clock.setWall(s.clock.now() + days(3));
  assert.equal(await s.store.days.close(TODAY), true);
  const keys = new KeyFolder(s.options.keyFolder, s.options.masterKey);
  assert.equal(keys.stateOf(TODAY), 'kept');
  assert.equal(keys.keptKeys(TODAY).size, 1);
  const again = await s.reopen();
  const lock = await again.store.lockMaildrop(account, here);
  assert(lock !== 'in-use');
  const entry = await again.store.openEntry(lock, (await again.store.listMaildrop(lock)).uidOf(0));
  assert.equal((await readAll(entry)).toString(), 'stays\r\n');
});
