/** The API of a whole gateway: one listener among the others. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../support/api.ts';

test('accounts and operators call what is theirs, and their connections are shown with those of mail', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const { status } = await api.as('anna').get('/mailbox/messages');
  assert.equal(status, 200);
  assert.equal((await api.anyone.get('/mailbox/messages')).status, 401);
  const operator = await api.operator('read');
  assert.equal((await operator.get('/organisations')).status, 200);
  assert.equal((await operator.get('/mailbox/messages')).status, 403);
  const sessions = api.gateway.admin.gateway!.sessions().map((session) => session.facts());
  assert.deepEqual(
    sessions.map(({ protocol, listener, state, account }) => [protocol, listener, state, account?.login ?? '']).sort(),
    [
      ['https', 'api', 'idle', ''],
      ['https', 'api', 'idle', 'anna@group.test'],
      ['https', 'api', 'login', ''],
    ],
  );
  const told = api.gateway.admin.gateway!.status();
  assert.ok(told.listeners.some(({ protocol, tls }) => protocol === 'https' && tls === 'implicit'));
});
