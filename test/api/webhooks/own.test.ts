/**
 * Webhooks that an account looks after itself, over the API, in a whole gateway with a receiver of
 * the test's own.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { webhookEvents } from '../../../src/api/webhooks/events.ts';
import { type ApiAnswer, startApi } from '../../support/api.ts';
import { testCertificates } from '../../support/certificates.ts';
import { addressOf, loginOf } from '../../support/gateway.ts';
import { send } from '../../support/mail.ts';
import { Receiver, isSigned } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

const bodyOf = (answer: ApiAnswer): Record<string, unknown> => answer.json as Record<string, unknown>;

test('an account has a program of its own told, changes it, gives it another secret and ends it; to others it is not there', async (t) => {
  const receiver = await Receiver.start(t);
  const { ca } = await testCertificates();
  const api = await startApi(t, {
    accounts: ['anna', 'bert'],
    configuration: '[webhooks]\nallow-networks = ["127.0.0.1/32"]\nauthorities = ["receivers.pem"]',
    prepare: (folder) => writeFileSync(join(folder, 'receivers.pem'), ca.certificate),
  });
  const [anna, bert] = [api.as('anna'), api.as('bert')];
  const url = receiver.url('127.0.0.1');
  const made = await bert.post('/webhooks', { name: 'poort', url, events: ['message.received'] });
  assert.equal(made.status, 201, made.body.toString());
  const { webhookId, secret } = bodyOf(made) as { webhookId: string; secret: string };
  assert.equal((await bert.post('/webhooks', { name: 'poort', url })).status, 409);
  for (const wrong of ['http://a.example/', 'https://u:p@a.example/', 'https://a.example/#b', 'https://a b/'])
    assert.equal((await bert.post('/webhooks', { name: 'x', url: wrong })).status, 400, wrong);

  assert.equal((await bert.post('/webhooks', { name: 'a\nb', url })).status, 400);

  const path = `/webhooks/${webhookId}`;
  for (const asked of [anna.get(path), anna.delete(path), anna.post(`${path}/tests`), anna.post(`${path}/secrets`)])
    assert.equal((await asked).status, 404);
  assert.deepEqual((await anna.get('/webhooks')).json, { webhooks: [] });

  const tried = await bert.post(`${path}/tests`);
  assert.deepEqual(tried.json, { taken: true, status: 204 });
  const content = 'Subject: geheim\r\n\r\nTekst.\r\n';
  const from = {
    from: addressOf('anna'),
    to: [addressOf('bert')],
    content: `From: ${addressOf('anna')}\r\n${content}`,
  };
  await send(api.gateway.target('submission'), loginOf('anna'), from);
  await until('the receiver is told', () => receiver.received.length === 2);
  const [test, event] = receiver.received;
  for (const one of [test!, event!]) {
    assert(isSigned(secret, one));
    const { type } = JSON.parse(one.body) as { readonly type: string };
    // As the document says it.
    webhookEvents.find(({ name }) => name === type)?.json.parse(JSON.parse(one.body));
    assert.doesNotMatch(one.body, /geheim|group\.test/);
  }
  assert.equal((JSON.parse(event!.body) as { readonly type: string }).type, 'message.received');

  const rotated = await bert.post(`${path}/secrets`);
  assert.equal(rotated.status, 201);
  await bert.post(`${path}/tests`);
  const both = receiver.received.at(-1)!;
  assert(isSigned(secret, both) && isSigned(String(bodyOf(rotated).secret), both));

  const changed = await bert.ask('PATCH', path, {
    json: { name: 'deur', events: ['account.ended', 'message.failed'] },
  });
  assert.deepEqual([bodyOf(changed).name, bodyOf(changed).events], ['deur', ['message.failed', 'account.ended']]);
  assert.equal((await bert.post(`${path}/resumptions`)).status, 200);
  assert.equal((await bert.delete(path)).status, 204);
  assert.equal((await bert.get(path)).status, 404);
  // Its own words stand in the trail, its URL and its secret nowhere.
  const trail = await api.gateway.store.audit.read({ limit: 1000 });
  const rows = trail.filter(({ event: name }) => name.startsWith('webhook.'));
  assert.deepEqual(
    rows.map(({ event: name, personal }) => [name, personal?.actor]),
    ['added', 'secret-rotated', 'changed', 'resumed', 'ended'].map((what) => [
      `webhook.${what}`,
      loginOf('bert').login,
    ]),
  );
  assert.doesNotMatch(JSON.stringify([trail, api.gateway.log]), /whsec_|\/in"/);
});
