import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { Maildrop } from '../../src/pickup/maildrop.ts';
import type { Collected, Receipts } from '../../src/pickup/receipts.ts';
import { ContentDamaged, LockLost, StoreFailed } from '../../src/store/store.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import { MemoryMaildrops } from '../support/maildrops.ts';

const account = 1 as AccountId;
const holder = { session: 's1', network: '192.0.2.1' };
const collector = { protocol: 'pop3', address: '192.0.2.1', tls: 'TLSv1.3' } as const;

const opened = async (...bodies: string[]): Promise<{ store: MemoryMaildrops; drop: Maildrop }> => {
  const store = new MemoryMaildrops();
  store.file(1, ...bodies);
  const drop = await Maildrop.open(store, account, holder);
  assert.ok(drop !== 'in-use');
  return { store, drop };
};

test('open() answers in-use while another session holds the maildrop', async () => {
  const { store, drop } = await opened();
  assert.equal(await Maildrop.open(store, account, { ...holder, session: 's2' }), 'in-use');
  await drop.release(collector);
  assert.notEqual(await Maildrop.open(store, account, { ...holder, session: 's2' }), 'in-use');
});

test('remaining comes from the lock alone; the listing is read once, when it is needed', async () => {
  const { store, drop } = await opened('abc', 'de');
  assert.deepEqual(drop.remaining, { messages: 2, octets: 5 });
  assert.deepEqual(store.calls, ['lock']);
  await drop.listing();
  assert.ok(!(drop.listing() instanceof Promise));
  assert.deepEqual(store.calls, ['lock', 'list']);
});

test('select() finds messages by number and tells deleted from missing', async () => {
  const { drop } = await opened('abc', 'de');
  await drop.listing();
  assert.deepEqual(drop.select(2), { kind: 'message', index: 1 });
  for (const number of [0, 3, 2 ** 31, -1]) assert.deepEqual(drop.select(number), { kind: 'missing', count: 2 });
  drop.delete(0);
  drop.delete(0);
  assert.deepEqual(drop.select(1), { kind: 'deleted' });
  assert.deepEqual(drop.remaining, { messages: 1, octets: 2 });
  drop.reset();
  assert.deepEqual(drop.select(1), { kind: 'message', index: 0 });
  assert.deepEqual(drop.remaining, { messages: 2, octets: 5 });
});

test('commit() removes what was marked and tells who collected what', async () => {
  const { store, drop } = await opened('abc', 'de', 'f');
  await drop.listing();
  for (const index of [0, 0, 2]) drop.noteRetrieved(index, await drop.open(index));
  drop.delete(0);
  drop.delete(1);
  await drop.commit(collector);
  await drop.release(collector);
  assert.deepEqual(store.bodiesOf(1), ['f']);
  assert.deepEqual(
    store.calls.slice(-1),
    ['commit 2/2'],
    'a message that was sent twice counts once; no release after a commit',
  );
  assert.deepEqual(
    store.committed.map((e) => [e.event, e.message, e.facts?.removed, e.personal]),
    [
      ['message.collected', '0000000000001', true, { address: '192.0.2.1' }],
      ['message.collected', '0000000000003', false, { address: '192.0.2.1' }],
      ['maildrop.committed', undefined, undefined, { address: '192.0.2.1' }],
    ],
  );
  assert.deepEqual(drop.counts, { retrieved: 2, deleted: 2, octets: 7 });
});

test('commit() of a lost lock rejects, also when nothing was marked; release() after it removes nothing', async () => {
  for (const marks of [0, 1]) {
    const { store, drop } = await opened('abc');
    await drop.listing();
    if (marks > 0) drop.delete(0);
    store.takeOver(1);
    assert.ok(drop.lost);
    await assert.rejects(drop.commit(collector), LockLost);
    await drop.release(collector);
    assert.deepEqual(store.bodiesOf(1), ['abc']);
  }
});

test('a commit that the store fails removes nothing and leaves the lock to release()', async () => {
  const { store, drop } = await opened('abc');
  await drop.listing();
  drop.delete(0);
  store.failing = true;
  await assert.rejects(drop.commit(collector), StoreFailed);
  store.failing = false;
  await drop.release(collector);
  assert.deepEqual(store.bodiesOf(1), ['abc']);
  assert.equal(store.locked, 0);
});

test('release() notes what was sent, once', async () => {
  const { store, drop } = await opened('abc');
  await drop.listing();
  drop.noteRetrieved(0, await drop.open(0));
  drop.delete(0);
  await drop.release(collector);
  await drop.release(collector);
  assert.deepEqual(store.bodiesOf(1), ['abc']);
  assert.deepEqual(
    store.notes.map((e) => [e.event, e.facts]),
    [['message.collected', { protocol: 'pop3', tls: 'TLSv1.3', removed: false }]],
  );
});

// --- receipts

/** Writes one receipt for each message, and counts what is given up. */
class Writing implements Receipts {
  readonly asked: Collected[] = [];
  discarded = 0;

  async receiptsFor(collected: Collected) {
    this.asked.push(collected);
    return collected.messages.map((id) => ({
      acceptance: { once: id } as unknown as Acceptance,
      discard: async () => void (this.discarded += 1),
    }));
  }
}

async function withReceipts(
  ...bodies: string[]
): Promise<{ store: MemoryMaildrops; drop: Maildrop; receipts: Writing }> {
  const store = new MemoryMaildrops();
  store.file(1, ...bodies);
  for (let uid = 1; uid <= bodies.length; uid += 1) store.wanted.add(uid);
  const receipts = new Writing();
  const drop = await Maildrop.open(store, account, holder, receipts);
  assert.ok(drop !== 'in-use');
  await drop.listing();
  return { store, drop, receipts };
}
const fetched = async (drop: Maildrop, ...indexes: number[]): Promise<void> => {
  for (const index of indexes) drop.noteRetrieved(index, await drop.open(index));
};
const filedOf = ({ notices }: MemoryMaildrops): (string | undefined)[] => notices.map(({ once }) => once);

test('commit() files the receipts of what was fetched and wants one, and of nothing else', async () => {
  const { store, drop, receipts } = await withReceipts('a', 'b', 'c', 'd');
  store.wanted.delete(2);
  await fetched(drop, 0, 1);
  drop.delete(2);
  await drop.commit(collector);
  await drop.release(collector);
  assert.deepEqual(receipts.asked, [{ account, messages: ['0000000000001'], by: 'quit', tls: 'TLSv1.3' }]);
  assert.deepEqual(filedOf(store), ['0000000000001'], 'deleted and never fetched is not collected');
  assert.equal(receipts.discarded, 1);
});

test('commit() confirms what an earlier session had sent before its line broke, when it is deleted now', async () => {
  const { store, drop } = await withReceipts('a', 'b', 'c');
  store.sentBefore.add(1).add(2);
  drop.delete(0);
  await fetched(drop, 2);
  await drop.commit(collector);
  assert.deepEqual(
    filedOf(store),
    ['0000000000003', '0000000000001'],
    'message 2 was neither deleted nor fetched again',
  );
});

test('release() counts what was sent; the receipt is for what was sent to its end before', async () => {
  const { store, drop, receipts } = await withReceipts('a', 'b');
  store.sentBefore.add(2);
  await fetched(drop, 0, 1);
  await drop.release(collector);
  assert.deepEqual(store.released, [1, 2]);
  assert.deepEqual(receipts.asked, [{ account, messages: ['0000000000002'], by: 'twice', tls: 'TLSv1.3' }]);
  assert.deepEqual(filedOf(store), ['0000000000002']);
  assert.equal(receipts.discarded, 1);
});

test('a session that only looked asks for no receipt', async () => {
  const { drop, receipts } = await withReceipts('a');
  await drop.commit(collector);
  assert.deepEqual(receipts.asked, []);
});

test('receipts are given up when the session ends otherwise than it should', async () => {
  for (const how of ['taken over', 'failing'] as const) {
    const { store, drop, receipts } = await withReceipts('a');
    await fetched(drop, 0);
    if (how === 'failing') store.failing = true;
    else store.takeOver(1);
    await assert.rejects(drop.commit(collector), how === 'failing' ? StoreFailed : LockLost);
    assert.deepEqual([filedOf(store), receipts.discarded], [[], 1], how);
  }
});

test('content that cannot be read keeps nobody from deleting it', async () => {
  const { store, drop } = await withReceipts('a');
  store.sentBefore.add(1);
  drop.delete(0);
  store.openEntry = () => Promise.reject(new ContentDamaged('the tag of a chunk does not verify'));
  await drop.commit(collector);
  assert.deepEqual([store.bodiesOf(1), filedOf(store)], [[], []]);
});
