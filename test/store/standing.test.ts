/**
 * What the writer remembers of accounts, addresses and mailboxes is forgotten with every piece of
 * work that may change it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { AccountId } from '../../src/domain/ids.ts';
import { days } from '../../src/domain/units.ts';
import { Standing } from '../../src/store/sqlite/standing.ts';
import type { Store } from '../../src/store/port/store.ts';
import { addAccount, address, deliver, openTestStore } from '../support/store.ts';

const actor = { name: 'test' };

test('an address that is suspended between two messages takes the next one no more, and takes it again when it is back', async (t) => {
  const { store } = await openTestStore(t);
  await addAccount(store, 'anna');
  const send = async (): Promise<string> =>
    (await deliver(store, Buffer.from('x\r\n'), 'anna@group.test')).outcome.kind;
  assert.deepEqual([await send(), await send()], ['filed', 'filed']);
  await store.registry.setAddressState(address('anna@group.test'), 'suspended', actor);
  assert.equal(await send(), 'refused');
  await store.registry.setAddressState(address('anna@group.test'), 'active', actor);
  assert.equal(await send(), 'filed');
});

test('a quota, an end and a return count for the next message', async (t) => {
  const { store } = await openTestStore(t);
  await addAccount(store, 'anna');
  const send = async (): Promise<string> => {
    const { outcome } = await deliver(store, Buffer.alloc(2000, 'x'), 'anna@group.test');
    return outcome.kind === 'refused' ? outcome.why : outcome.kind;
  };
  assert.deepEqual([await send(), await send()], ['filed', 'filed']);
  const target = { scope: 'account', login: 'anna' } as const;
  await store.registry.changeSettings(target, { quota: 4100 }, actor);
  assert.equal(await send(), 'quota');
  await store.registry.changeSettings(target, { quota: 1_000_000 }, actor);
  assert.equal(await send(), 'filed');
  await store.registry.setAccountState('anna', 'suspended', actor);
  assert.equal(await send(), 'gone');
  await store.registry.setAccountState('anna', 'active', actor);
  assert.equal(await send(), 'filed');
});

async function fetchAll(store: Store, account: AccountId): Promise<void> {
  const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  await store.commitMaildrop(lock, uids, uids, []);
}

interface Counted {
  readonly octets: number | null;
  readonly messages: number;
  readonly hidden: number | null;
}

const COUNTERS = 'SELECT octets, messages, hidden_octets AS hidden FROM mailbox WHERE account = $account';
const ENTRIES = `SELECT coalesce(sum(octets), 0) AS octets, count(*) AS messages,
  (SELECT coalesce(sum(octets), 0) FROM hidden_entry h WHERE h.account = $account) AS hidden FROM entry WHERE account = $account`;

test('the counters of a mailbox are those of its entries, whoever changed them between two messages', async (t) => {
  const { store, clock, options } = await openTestStore(t);
  const anna = await addAccount(store, 'anna', { quota: 5000 });
  const db = new Database(join(options.dataFolder, 'sluis.db'), { readonly: true });
  t.after(() => db.close());
  const look = (): Counted => {
    const [found, counted] = [COUNTERS, ENTRIES].map((sql) =>
      db.prepare<[{ account: number }], Counted>(sql).get({ account: anna }),
    );
    assert.deepEqual(found, counted);
    assert(found !== undefined);
    return found;
  };
  const send = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i += 1) await deliver(store, Buffer.alloc(1000, 'x'), 'anna@group.test');
  };
  // Deleted mail beyond the quota goes at once, beside mail that comes.
  for (let round = 0; round < 4; round += 1) {
    await send(4);
    await fetchAll(store, anna);
  }
  // Behind what is left to trim.
  await store.sweep();
  assert.equal(look().hidden, 5000);
  await send(1);
  assert.equal(await store.restoreEntries(anna, { since: clock.now() }, actor), 5);
  assert.equal((await deliver(store, Buffer.alloc(1000, 'x'), 'anna@group.test')).outcome.kind, 'refused');
  assert.deepEqual(look(), { octets: 6000, messages: 6, hidden: 0 });
  await fetchAll(store, anna);
  await store.sweep();
  clock.advance(days(15));
  await store.sweep();
  await send(1);
  assert.deepEqual(look(), { octets: 1000, messages: 1, hidden: 0 });
});

test('notes of use and counts of quirks make nothing forgotten, a change of the registry does', async (t) => {
  const { store, clock, options } = await openTestStore(t);
  const anna = await addAccount(store, 'anna');
  const db = new Database(join(options.dataFolder, 'sluis.db'));
  t.after(() => db.close());
  const counter = db.prepare('SELECT octets FROM mailbox WHERE account = ?').pluck();
  const sendBehind = async (change: () => Promise<unknown>): Promise<unknown> => {
    await change();
    // What nobody may do: it shows whether the writer looks again.
    db.prepare('UPDATE mailbox SET octets = 0 WHERE account = ?').run(anna);
    await deliver(store, Buffer.alloc(1000, 'x'), 'anna@group.test');
    return counter.get(anna);
  };
  await deliver(store, Buffer.alloc(1000, 'x'), 'anna@group.test');
  const note = async (): Promise<void> => {
    store.registry.notePasswordUse(anna, 'p', clock.now());
    store.registry.noteCertificateUse(1, clock.now());
    store.registry.noteNetwork(anna, '192.0.2.1', clock.now());
    store.quirks.note(anna, 'lf-only', 'tolerated');
    assert.equal((await store.quirks.of(anna)).length, 1);
  };
  assert.equal(await sendBehind(note), 2000);
  assert.equal(await sendBehind(() => store.registry.setAccountState('anna', 'active', actor)), 1000);
});

test('work that is not known to leave accounts and addresses alone makes everything forgotten, also what it asked itself', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE account (id, ends_at, state, moved_to); CREATE TABLE address (key, final_at, state)');
  db.exec("INSERT INTO account VALUES (1, NULL, 'active', NULL); INSERT INTO address VALUES ('a@x', NULL, 'active')");
  const standing = new Standing(db);
  const seen = (): unknown[] => [standing.isClosed(1), standing.wasTakenOver(1), standing.addressState('a@x')];
  standing.begin('nothing');
  assert.deepEqual(seen(), [false, false, 'active']);
  standing.begin('registry');
  assert.deepEqual(seen(), [false, false, 'active']);
  db.exec('UPDATE account SET ends_at = 1, moved_to = 2; UPDATE address SET final_at = 1');
  assert.deepEqual(seen(), [false, false, 'active'], 'this is what the next line is about');
  standing.begin('nothing');
  assert.deepEqual(seen(), [true, true, 'ended']);
  db.exec('UPDATE account SET ends_at = NULL, moved_to = NULL; UPDATE address SET final_at = NULL');
  standing.begin('messages');
  assert.deepEqual(seen(), [true, true, 'ended'], 'remembered');
  standing.begin('mailboxes');
  assert.deepEqual(seen(), [false, false, 'active']);
  db.close();
});
