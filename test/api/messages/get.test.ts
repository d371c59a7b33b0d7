/** `GET /messages/{messageId}`: what a sender sees of a message, and that nobody else does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MESSAGE, TestMessages } from './support.ts';

const collect = async ({ opened: { store } }: TestMessages, name: string): Promise<void> => {
  const record = await store.registry.findLogin(name);
  assert.ok(record);
  const { id } = record.account;
  const lock = await store.lockMaildrop(id, { session: 's', network: 'n' });
  assert.ok(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  const content = await store.openEntry(lock, uids[0]!);
  const row = { event: 'message.collected', outcome: 'success', message: content.id, account: id } as const;
  await store.commitMaildrop(lock, uids, uids, [row]);
};

const statesOf = (json: Readonly<Record<string, unknown>>): unknown =>
  (json.recipients as { address: string; state: string }[]).map(({ address, state }) => `${address} ${state}`);

test('a sender sees where a message stands and when it was collected, unless it wants no receipts', async (t) => {
  const api = await TestMessages.open(t);
  const { json } = await api.post(MESSAGE, { headers: { 'sluis-recipients': 'bram@group.test,chris@group.test' } });
  const before = await api.get(json.id);
  assert.equal(before.status, 200);
  assert.deepEqual(statesOf(before.json), ['bram@group.test delivered', 'chris@group.test delivered']);
  await collect(api, 'bram');
  const { json: seen } = await api.get(json.id);
  assert.deepEqual(statesOf(seen), ['bram@group.test collected', 'chris@group.test delivered']);
  assert.ok((seen.recipients as { at?: string }[]).every(({ at }) => at !== undefined));
  const trace = await api.opened.store.audit.read({ limit: 100 });
  assert.equal(seen.sha256, trace.find(({ event }) => event === 'message.accepted')?.facts?.sha256);
  const scope = { scope: 'account', login: 'anna' } as const;
  await api.opened.store.registry.changeSettings(scope, { 'collected-receipts': 'never' }, { name: 'test' });
  assert.deepEqual(statesOf((await api.get(json.id)).json), [
    'bram@group.test delivered',
    'chris@group.test delivered',
  ]);
});

test('a message of somebody else, one that never was, and what protection made of one are the same 404', async (t) => {
  const api = await TestMessages.open(t);
  const { json } = await api.post(MESSAGE);
  const never = await api.get('0000000000000');
  assert.equal(never.status, 404);
  // The addressee did not send it.
  for (const as of ['bram', 'chris']) assert.deepEqual(await api.get(json.id, { as }), never);
});
