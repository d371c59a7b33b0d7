/** What the API's listener writes into the log tells of requests, and names nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApi } from '../support/api.ts';
import { addressOf } from '../support/gateway.ts';

test('lines of the API name an account by its number, and neither its login name nor an address', async (t) => {
  const api = await startApi(t, { accounts: ['anna', 'bert'] });
  const anna = api.as('anna');
  await anna.get('/mailbox');
  await anna.get(`/directory?q=${encodeURIComponent(addressOf('bert'))}`);
  await anna.get(`/messages/${encodeURIComponent(addressOf('bert'))}`);
  const lines = api.gateway.log.events.filter(({ event }) => event.startsWith('https.'));
  assert(lines.length >= 3, `${lines.length} lines`);
  const account = (await api.gateway.store.registry.findLogin(addressOf('anna')))?.account.id;
  assert.equal(typeof account, 'number');
  for (const line of lines) assert.doesNotMatch(JSON.stringify(line), /anna|bert|@/);
  // Whoever has not said who it is has no account.
  const named = lines.flatMap(({ fields }) => fields.account ?? []);
  assert.deepEqual(named, [account, account]);
});
