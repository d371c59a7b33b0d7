/**
 * What every store promises about mail that is taken over from another server:
 * src/store/imports.ts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { messageNumber, type AccountId } from '../../src/domain/ids.ts';
import { instant } from '../../src/domain/units.ts';
import { type ImportedEntry, MAX_IMPORTED_AT_ONCE } from '../../src/store/imports.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { ContractStore } from './contract.ts';
import { type Cleanup, addAccount, address, deliver, messagesIn, readAll, sealBody } from '../support/store.ts';

const old = instant(Date.UTC(2025, 5, 1));

export async function entryOf(store: Store, uidl: string, content: Buffer, fetched = false): Promise<ImportedEntry> {
  return {
    body: await sealBody(store, content),
    receivedAt: old,
    sender: '',
    recipient: address('anna@group.test'),
    messageIdField: `${uidl}@old`,
    uidl,
    fetched,
    parts: { leaves: [], limits: [], interchanges: [] },
  };
}

const batch = (store: Store, ...uidls: string[]): Promise<ImportedEntry[]> =>
  Promise.all(uidls.map((uidl) => entryOf(store, uidl, Buffer.from(`${uidl}\r\n`))));

/** UIDLs in order, and which of the messages were fetched before. */
async function listed(store: Store, account: AccountId): Promise<(readonly [string, boolean])[]> {
  const lock = await store.lockMaildrop(account, { session: 'look', network: 'look' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const all = Array.from({ length: listing.count }, (_, i) => [listing.uidlOf(i), listing.retrievedBefore(i)] as const);
  await store.releaseMaildrop(lock);
  return all;
}

export function importContract(name: string, open: (t: Cleanup) => Promise<ContractStore>): void {
  const audit = [{ event: 'mailbox.imported', outcome: 'success' as const }];

  test(`${name}: UIDLs of every length are handed out as they were given, among our own, and after a restart`, async (t) => {
    const s = await open(t);
    const anna = await addAccount(s.store, 'anna');
    await deliver(s.store, Buffer.from('new\r\n'), 'anna@group.test');
    // 14, 15 and 16 lie around the length of our own; 22 characters of base64url look like one of
    // ours.
    const uidls = [1, 13, 14, 15, 16, 17, 70].map((n) => '!~"'.repeat(24).slice(0, n)).concat('A'.repeat(22));
    const entries = await batch(s.store, ...uidls);
    assert.deepEqual(await s.store.imports.file(anna, entries, audit), { kind: 'filed' });
    await deliver(s.store, Buffer.from('newer\r\n'), 'anna@group.test');
    for (const open of [() => s, () => s.reopen()]) {
      const { store } = await open();
      const all = (await listed(store, anna)).map(([uidl]) => uidl);
      assert.equal(all.length, uidls.length + 2);
      assert.deepEqual(all.slice(1, -1), uidls);
      assert.deepEqual([all.at(0)?.length, all.at(-1)?.length], [22, 22]);
      assert.deepEqual(await store.imports.uidls(anna, { after: '', limit: 100 }), uidls.toSorted());
    }
  });

  test(`${name}: an imported message keeps its octets and its date, counts, and may go beyond the quota`, async (t) => {
    const s = await open(t);
    const anna = await addAccount(s.store, 'anna', { quota: 1024 * 1024 });
    const contents = [randomBytes(70 * 1024), randomBytes(1_500_000), Buffer.from('small\r\n')];
    const entries = await Promise.all(contents.map((c, i) => entryOf(s.store, `u${i}`, c, i === 2)));
    assert.deepEqual(await s.store.imports.file(anna, entries, audit), { kind: 'filed' });
    const { store } = await s.reopen();
    const lock = await store.lockMaildrop(anna, { session: 'look', network: 'look' });
    assert(lock !== 'in-use');
    assert.deepEqual([lock.messages, lock.octets], [3, contents.reduce((sum, c) => sum + c.length, 0)]);
    const listing = await store.listMaildrop(lock);
    for (const [i, content] of contents.entries()) {
      const opened = await store.openEntry(lock, listing.uidOf(i));
      assert(content.equals(await readAll(opened)));
      assert.equal((await store.deliveries.findMessage(opened.id))?.receivedAt, old);
    }
    await store.releaseMaildrop(lock);
    assert.deepEqual(await listed(store, anna), [
      ['u0', false],
      ['u1', false],
      ['u2', true],
    ]);
  });

  test(`${name}: a batch with a UIDL that was used files nothing, also when its message is gone`, async (t) => {
    const { store } = await open(t);
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert');
    await deliver(store, Buffer.from('own\r\n'), 'anna@group.test');
    const own = (await listed(store, anna))[0]![0];
    await store.imports.file(anna, await batch(store, 'a', 'b'), audit);
    const lock = await store.lockMaildrop(anna, { session: 'delete', network: 'look' });
    assert(lock !== 'in-use');
    const listing = await store.listMaildrop(lock);
    await store.commitMaildrop(lock, [listing.uidOf(1)], [], []);
    for (const uidl of ['a', 'b', own]) {
      const outcome = await store.imports.file(anna, await batch(store, 'c', uidl), audit);
      assert.deepEqual(outcome, { kind: 'taken', uidl });
    }
    assert.deepEqual(await store.imports.file(anna, await batch(store, 'd', 'd'), audit), { kind: 'taken', uidl: 'd' });
    assert.deepEqual(
      (await listed(store, anna)).map(([uidl]) => uidl),
      [own, 'b'],
    );
    assert.deepEqual(await store.imports.file(bert, await batch(store, 'a'), audit), { kind: 'filed' });
    await store.registry.setAccountState('bert', 'ended', { name: 'test' });
    assert.deepEqual(await store.imports.file(bert, await batch(store, 'e'), audit), { kind: 'gone' });
  });

  test(`${name}: a session that is open does not see what is imported; the next one does`, async (t) => {
    const { store } = await open(t);
    const anna = await addAccount(store, 'anna');
    const { id } = await deliver(store, Buffer.from('first\r\n'), 'anna@group.test');
    const lock = await store.lockMaildrop(anna, { session: 'open', network: 'look' });
    assert(lock !== 'in-use');
    const entries = await batch(store, 'a');
    await store.imports.file(anna, entries, audit);
    assert.equal((await store.listMaildrop(lock)).count, 1);
    await store.releaseMaildrop(lock);
    const all = await messagesIn(store, anna);
    assert.deepEqual(all, [id, entries[0]!.body.id]);
    assert(messageNumber(all[1]!) > messageNumber(all[0]!));
  });

  test(`${name}: a batch has a limit`, async (t) => {
    const { store } = await open(t);
    const anna = await addAccount(store, 'anna');
    const names = Array.from({ length: MAX_IMPORTED_AT_ONCE + 1 }, (_, i) => `u${i}`);
    const entries = await batch(store, ...names);
    await assert.rejects(store.imports.file(anna, entries, audit), RangeError);
    await assert.rejects(store.imports.file(anna, [], audit), RangeError);
    await assert.rejects(store.imports.file(anna, [{ ...entries[0]!, uidl: 'a b' }], audit), RangeError);
    assert.deepEqual(await store.imports.file(anna, entries.slice(1), audit), { kind: 'filed' });
    assert.equal((await listed(store, anna)).length, MAX_IMPORTED_AT_ONCE);
  });
}
