/** What the writer remembers of accounts and addresses is forgotten with every piece of work that may change it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { Standing } from '../../src/store/sqlite/standing.ts';
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

test('work that is not known to leave accounts and addresses alone makes everything forgotten, also what it asked itself', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE account (id, ends_at, state, moved_to); CREATE TABLE address (key, final_at, state)');
  db.exec("INSERT INTO account VALUES (1, NULL, 'active', NULL); INSERT INTO address VALUES ('a@x', NULL, 'active')");
  const standing = new Standing(db);
  const seen = (): unknown[] => [standing.isClosed(1), standing.wasTakenOver(1), standing.addressState('a@x')];
  standing.begin('accept');
  assert.deepEqual(seen(), [false, false, 'active']);
  standing.begin('registry');
  assert.deepEqual(seen(), [false, false, 'active']);
  db.exec('UPDATE account SET ends_at = 1, moved_to = 2; UPDATE address SET final_at = 1');
  assert.deepEqual(seen(), [false, false, 'active'], 'this is what the next line is about');
  standing.begin('accept');
  assert.deepEqual(seen(), [true, true, 'ended']);
  db.exec('UPDATE account SET ends_at = NULL, moved_to = NULL; UPDATE address SET final_at = NULL');
  standing.begin('chunk');
  assert.deepEqual(seen(), [true, true, 'ended'], 'remembered');
  standing.begin('sweep');
  assert.deepEqual(seen(), [false, false, 'active']);
  db.close();
});
