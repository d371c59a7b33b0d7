/**
 * Gateways of one store with key folders of their own: none takes mail that another could not open.
 */
// @beside
import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../src/crypto/keys/key-folder-refused.ts';
import { dayOf } from '../../src/domain/utc-day.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import type { Store } from '../../src/store/port/store.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { storesOfFile } from '../support/postgres-store.ts';
import { addAccount, deliver, readAll } from '../support/store.ts';
import { locked } from '../store/lock-contract.ts';

const open = storesOfFile();
/** Longer than what is filed with its facts. */
const LONG = Buffer.alloc(100_000, 'a');

test('of two without a channel the second is refused for that day, and at its next start', async (t) => {
  const one = await open(t);
  await addAccount(one.store, 'anna');
  const two = await one.beside('gw2', 'own');
  const day = dayOf(one.clock.now());
  await deliver(one.store, Buffer.from('a'), 'anna@group.test');
  for (const content of [Buffer.from('b'), LONG])
    await assert.rejects(deliver(two.store, content, 'anna@group.test'), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable, String(error));
      assert.match(error.message, new RegExp(`Gateway "gw1" seals mail of ${day} .*"sluis init --postgres --join"`));
      return true;
    });
  await deliver(one.store, LONG, 'anna@group.test');
  const marks = 'SELECT node FROM sealing_key';
  assert.deepEqual(await one.ask(marks), [['gw1']]);
  await assert.rejects(two.reopen(), KeyFolderRefused);
  // With that key in its folder it may.
  cpSync(one.keyFolder, two.keyFolder, { recursive: true });
  const after = await two.reopen();
  await deliver(after.store, Buffer.from('c'), 'anna@group.test');
  assert.deepEqual(await one.ask(marks), [['gw1']]);
});

async function newest(store: Store, account: AccountId): Promise<string> {
  const lock = await locked(store, account);
  const listing = await store.listMaildrop(lock);
  const content = await store.openEntry(lock, listing.uidOf(listing.count - 1));
  const octets = await readAll(content);
  await store.releaseMaildrop(lock);
  return octets.toString();
}

test('of two that begin a day at once one is refused', async (t) => {
  for (let turn = 0; turn < 3; turn += 1) {
    const one = await open(t);
    const anna = await addAccount(one.store, 'anna');
    const two = await one.beside('gw2', 'own');
    const tried = await Promise.allSettled(
      [one, two].flatMap(({ store }) =>
        Array.from({ length: 3 }, () => deliver(store, Buffer.from('a'), 'anna@group.test')),
      ),
    );
    const taken = tried.map(({ status }) => status === 'fulfilled');
    assert.deepEqual(
      taken,
      taken[0] === true ? [true, true, true, false, false, false] : [false, false, false, true, true, true],
    );
    // As after a copy of that folder into its own, while it runs: it had made a key as well, and
    // seals with the other's.
    const [from, to] = taken[0] === true ? [one, two] : [two, one];
    for (const { sealed } of new KeyFolder(from.keyFolder, from.masterKey).sealedKeysOf(dayOf(one.clock.now())))
      new KeyFolder(to.keyFolder, to.masterKey).shared.take(dayOf(one.clock.now()), sealed);
    await deliver(to.store, Buffer.from(`turn ${turn}`), 'anna@group.test');
    assert.equal(await newest(from.store, anna), `turn ${turn}`, 'the other opens it');
  }
});

test('a gateway with a channel waits for the other’s key, and goes on without it where its site is alone', async (t) => {
  const one = await open(t);
  await addAccount(one.store, 'anna');
  const day = dayOf(one.clock.now());
  let alone = false;
  const mayMakeKey = () => (alone ? ({ may: true } as const) : ({ may: false, why: 'not alone' } as const));
  const two = await (await one.beside('gw2', 'own')).reopen({ mayMakeKey });
  const own = new KeyFolder(two.keyFolder, two.masterKey);
  own.make(day, (n) => Buffer.alloc(n, 7));
  await deliver(one.store, Buffer.from('a'), 'anna@group.test');
  await assert.rejects(
    deliver(two.store, Buffer.from('b'), 'anna@group.test'),
    /comes once that gateway answers.*"sluis site alone --until TIME"/,
  );
  alone = true;
  await deliver(two.store, Buffer.from('b'), 'anna@group.test');
  assert.deepEqual(await one.ask('SELECT node FROM sealing_key ORDER BY node'), [['gw1'], ['gw2']]);
  // The other did not know: what it seals with was written down before.
  await deliver(one.store, Buffer.from('c'), 'anna@group.test');
  alone = false;
  const [theirs] = new KeyFolder(one.keyFolder, one.masterKey).sealedKeysOf(day);
  own.shared.take(day, theirs?.sealed ?? new Uint8Array(0));
  assert.equal(readdirSync(two.keyFolder).filter((name) => name.startsWith(day)).length, 2, join(two.keyFolder, day));
  const later = await two.reopen();
  await deliver(later.store, Buffer.from('d'), 'anna@group.test');
});
