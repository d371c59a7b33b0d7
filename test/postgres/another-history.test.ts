/**
 * A server that had not all of what was acknowledged was promoted: numbers are given out again.
 * Here a lone server begins a new timeline, and the rows are made what such a promotion leaves.
 */
// @beside
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { LockLost, StoreUnavailable } from '../../src/store/store.ts';
import { Histories } from '../../src/store/postgres/histories.ts';
import { type PostgresTestStore, storesOfFile } from '../support/postgres-store.ts';
import { acceptanceOf, addAccount, deliver, readAll, sealBody } from '../support/store.ts';
import { until } from '../support/until.ts';
import { locked } from '../store/lock-contract.ts';

const open = storesOfFile();
const anna = 'anna@group.test';

/** As after a promotion: another timeline, and no connection outlives it. */
async function newTimeline({ server }: PostgresTestStore): Promise<void> {
  await server.set({ restore_command: 'false' });
  await server.stop();
  const signal = join(server.data, 'recovery.signal');
  writeFileSync(signal, '');
  await server.start();
  await until('it is not a standby any more', async () => {
    const [row] = await server.ask('SELECT pg_is_in_recovery() AS still');
    return row?.still === false;
  });
  rmSync(signal, { force: true });
}

/**
 * The second message of the mailbox is lost, and the third is the second now, under its numbers.
 */
const THE_THIRD_IS_THE_SECOND = [
  'DELETE FROM entry WHERE uid = 2',
  'UPDATE entry SET uid = 2 WHERE uid = 3',
  'UPDATE mailbox SET messages = 2, octets = octets / 3 * 2, next_uid = 3, changes = 2 WHERE messages = 3',
];

async function contentOf(store: PostgresTestStore['store'], account: AccountId): Promise<readonly string[]> {
  const lock = await locked(store, account);
  const listing = await store.listMaildrop(lock);
  const contents: string[] = [];
  for (let i = 0; i < listing.count; i += 1)
    contents.push((await readAll(await store.openEntry(lock, listing.uidOf(i)))).toString());
  await store.releaseMaildrop(lock);
  return contents;
}

test('a uid that is another message’s now is not deleted by whoever was told of the first, and a list is not remembered', async (t) => {
  const one = await open(t);
  const account = await addAccount(one.store, 'anna');
  const bert = await addAccount(one.store, 'bert');
  for (const text of ['first', 'other']) await deliver(one.store, Buffer.from(text), anna);
  await deliver(one.store, Buffer.from('stays'), 'bert@group.test');
  assert.deepEqual(await contentOf(one.store, account), ['first', 'other']);
  const lock = await locked(one.store, account);
  const told = await one.store.listMaildrop(lock);
  const same = await locked(one.store, bert);
  const kept = await one.store.listMaildrop(same);
  await deliver(one.store, Buffer.from('third'), anna);
  for (const text of THE_THIRD_IS_THE_SECOND) await one.ask(text);
  await newTimeline(one);
  await assert.rejects(one.store.commitMaildrop(lock, [told.uidOf(1)], [told.uidOf(1)], []), (error: unknown) => {
    assert.ok(error instanceof LockLost, String(error));
    assert.match(error.message, /is another than the session was told/);
    return true;
  });
  assert.deepEqual(await contentOf(one.store, account), ['first', 'third']);
  const later = await locked(one.store, account);
  assert.notEqual((await one.store.listMaildrop(later)).uidlOf(1), told.uidlOf(1));
  // A promotion that lost nothing ends nobody's session.
  assert.equal((await readAll(await one.store.openEntry(same, kept.uidOf(0)))).toString(), 'stays');
  await one.store.commitMaildrop(same, [kept.uidOf(0)], [kept.uidOf(0)], []);
  assert.deepEqual(await contentOf(one.store, bert), []);
});

test('a number of the registry that was our own, and is another gateway’s now, is not taken for ours', async (t) => {
  const one = await open(t);
  await addAccount(one.store, 'anna');
  const two = await one.beside('gw2');
  const before = (await one.ask('SELECT version FROM registry_version')).flat()[0];
  await addAccount(one.store, 'lost');
  await one.ask(`UPDATE registry_version SET version = ${Number(before)}`);
  let told = 0;
  one.store.registry.onChange(() => (told += 1));
  await newTimeline(one);
  await until('the number is seen, and all is forgotten', () => told > 0);
  const state = async (): Promise<unknown> => (await one.store.registry.findLogin('anna'))?.account.state;
  await until('it is known', async () => (await state().catch(() => undefined)) === 'active');
  await two.store.registry.setAccountState('anna', 'suspended', { name: 'operator', reason: 'stolen' });
  assert.deepEqual(
    (await one.ask('SELECT version FROM registry_version')).flat().map(Number),
    [Number(before) + 1],
    'the number is one that this gateway had made',
  );
  await until('it is suspended here', async () => (await state()) === 'suspended');
});

test('an interchange that was lost is none that was sent before, and which key seals the day is written down again', async (t) => {
  const one = await open(t);
  await addAccount(one.store, 'anna');
  const seen = { reference: Buffer.alloc(16, 1), messages: Buffer.alloc(16, 2) };
  const lost = await acceptanceOf(one.store, await sealBody(one.store, Buffer.from('lost')), [anna]);
  await one.store.accept({ ...lost, receivedAt: one.clock.now(), interchanges: [seen] });
  const earlier = async (): Promise<boolean | undefined> =>
    (await one.store.interchanges.earlier([seen]).catch(() => undefined))?.[0]?.reference;
  assert.equal(await earlier(), true);
  for (const table of ['interchange', 'sealing_key']) await one.ask(`DELETE FROM ${table}`);
  await newTimeline(one);
  await until('it is not known', async () => (await earlier()) === false);
  await until('mail is accepted', async () => {
    const taken = deliver(one.store, Buffer.from('again'), anna);
    return await taken.then(
      () => true,
      () => false,
    );
  });
  assert.deepEqual(await one.ask('SELECT node FROM sealing_key'), [['gw1']]);
});

test('a connection to a server that the others have left behind is refused; the first is no other history', () => {
  const histories = new Histories();
  const told: string[] = [];
  histories.onAnother(() => told.push('another'));
  assert.equal(histories.begin({ place: 'a:5432', timeline: 1 }), false);
  assert.equal(histories.begin({ place: 'a:5432', timeline: 1 }), false);
  assert.equal(histories.begin({ place: 'b:5432', timeline: 2 }), true);
  assert.throws(
    () => histories.begin({ place: 'a:5432', timeline: 1 }),
    (error) =>
      error instanceof StoreUnavailable && /a:5432 is on timeline 1 .*b:5432 was the primary on 2/.test(error.message),
  );
  assert.equal(histories.begin({ place: 'c:5432', timeline: 2 }), true);
  assert.deepEqual(told, ['another', 'another']);
});
