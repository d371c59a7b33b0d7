/** The API of a whole gateway: one listener among the others. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import test from 'node:test';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { examineListener } from '../../src/gateway/doctor-listeners.ts';
import { startApi } from '../support/api.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { addressOf } from '../support/gateway.ts';

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

test('a client certificate is known where the listener asks for one: of an account, of an operator, and of nobody', async (t) => {
  const authority = await makeClientAuthority('api');
  const api = await startApi(t, {
    accounts: ['anna'],
    clientAuthorities: authority.root,
    listener: 'client-certificates = "ask"\n',
  });
  const actor = { name: 'test' };
  const { store } = api.gateway;
  const [anna, els, stranger] = [
    await authority.issue('anna'),
    await authority.issue('els'),
    await authority.issue('stranger'),
  ];
  const fingerprint = (certificate: string): string =>
    new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  const registration = registrationOf(anna.leaf, { match: 'pin' });
  assert.ok(registration.ok);
  await store.registry.addCertificate(addressOf('anna'), { ...registration.value, name: 'laptop' }, actor);
  await store.registry.changeSettings({ scope: 'account', login: addressOf('anna') }, { login: 'either' }, actor);
  await store.operators.add({ name: 'els', role: 'read', certificate: fingerprint(els.certificate) }, actor);
  assert.equal((await api.client(undefined, anna).get('/mailbox/messages')).status, 200);
  assert.equal((await api.client(undefined, anna).get('/organisations')).status, 401);
  assert.equal((await api.client(undefined, els).get('/organisations')).status, 200);
  assert.equal((await api.client(undefined, els).get('/mailbox/messages')).status, 401);
  for (const path of ['/mailbox/messages', '/organisations'])
    assert.equal((await api.client(undefined, stranger).get(path)).status, 401);
  assert.equal((await api.as('anna').get('/mailbox/messages')).status, 200);
});

test('sluis doctor finds the TLS of the listener sufficient', async (t) => {
  const api = await startApi(t, { configuration: '[connections]\nper-network = 4000' });
  const { config } = api.gateway;
  const listener = config.listener.find(({ name }) => name === 'api')!;
  const report = await examineListener(config, { ...listener, port: api.target.port });
  assert.ok(report.passed, JSON.stringify(report.findings.filter(({ grade }) => grade === report.worst)));
});
