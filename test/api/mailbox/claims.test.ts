/**
 * Claims over HTTPS, beside POP3. What they promise of the store is in test/pickup/shared.test.ts.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { parseMessageId } from '../../../src/domain/ids.ts';
import { loginOf } from '../../support/gateway.ts';
import { Pop3Client } from '../../support/pop3-client.ts';
import { until } from '../../support/until.ts';
import { letter, mailbox } from './scene.ts';

interface ClaimJson {
  readonly id?: string;
  readonly state: string;
  readonly endsAt?: string;
  readonly acknowledged: number;
  readonly messages: readonly { readonly id: string; readonly octets: number }[];
}
interface Told {
  readonly acknowledged: number;
  readonly claim: ClaimJson;
}
interface ProblemJson {
  readonly type: string;
}

test('claim, fetch, acknowledge: the message is gone, and POP3 heard that the mailbox was in use', async (t) => {
  const box = await mailbox(t);
  const ids = [await box.submit(letter('m1')), await box.submit(letter('m2'))];
  const anna = box.as('anna');
  const made = await anna.post('/mailbox/claims', { most: 5 });
  const claim = made.json as ClaimJson;
  assert.deepEqual([made.status, made.headers.location], [201, `/v1/mailbox/claims/${claim.id}`]);
  assert.deepEqual(
    claim.messages.map(({ id }) => id),
    ids,
  );
  await assert.rejects(Pop3Client.open(box.gateway.target('pop3s'), loginOf('anna')), /IN-USE/);
  const content = await anna.get(`/mailbox/messages/${ids[0]}/content`);
  assert.equal(content.body.length, claim.messages[0]?.octets);
  const one = await anna.post(`/mailbox/claims/${claim.id}/acknowledgements`, { messageIds: [ids[0]] });
  assert.deepEqual([one.status, (one.json as Told).acknowledged, (one.json as Told).claim.state], [200, 1, 'open']);
  assert.equal((await anna.delete(`/mailbox/claims/${claim.id}`)).status, 204);
  const pop3 = await Pop3Client.open(box.gateway.target('pop3s'), loginOf('anna'));
  assert.equal((await pop3.stat()).messages, 1);
  const refused = await anna.post('/mailbox/claims');
  assert.deepEqual(
    [refused.status, (refused.json as ProblemJson).type, refused.headers['retry-after']],
    [409, 'urn:sluis:problem:in-use', '30'],
  );
  await pop3.quit();
});

test('a request that is sent again hears what it heard, and does nothing twice', async (t) => {
  const box = await mailbox(t);
  await box.submit(letter('m1'));
  await box.submit(letter('m2'));
  const anna = box.as('anna');
  const key = randomUUID();
  const [first, again] = [
    (await anna.post('/mailbox/claims', { most: 1 }, { key })).json as ClaimJson,
    (await anna.post('/mailbox/claims', { most: 1 }, { key })).json as ClaimJson,
  ];
  assert.deepEqual([again.id, again.messages], [first.id, first.messages]);
  const path = `/mailbox/claims/${first.id}/acknowledgements`;
  const other = randomUUID();
  const told = [
    (await anna.post(path, undefined, { key: other })).json as Told,
    (await anna.post(path, undefined, { key: other })).json as Told,
    (await anna.post(path)).json as Told,
  ];
  assert.deepEqual(
    told.map(({ acknowledged, claim }) => [acknowledged, claim.state, claim.acknowledged]),
    [
      [1, 'acknowledged', 1],
      [1, 'acknowledged', 1],
      [0, 'acknowledged', 1],
    ],
  );
  assert.equal(((await anna.get('/mailbox/messages')).json as ClaimJson).messages.length, 1);
});

test('a claim that was released is a 409 to whoever acknowledges or renews it, and 404 to others', async (t) => {
  const box = await mailbox(t);
  await box.submit(letter('m1'));
  const anna = box.as('anna');
  const { id } = (await anna.post('/mailbox/claims', { seconds: 30 })).json as ClaimJson;
  const renewed = await anna.post(`/mailbox/claims/${id}/renewals`, { seconds: 60 });
  assert.equal(renewed.status, 200);
  const end = Date.parse((renewed.json as ClaimJson).endsAt ?? '');
  assert.ok(end > Date.now() + 30_000 && end <= Date.now() + 60_000);
  const bert = box.as('bert');
  for (const path of [`/mailbox/claims/${id}`, `/mailbox/claims/${'x'.repeat(22)}`]) {
    assert.equal((await bert.get(path)).status, 404);
    assert.equal((await bert.delete(path)).status, 404);
    assert.equal((await bert.post(`${path}/acknowledgements`)).status, 404);
    assert.equal((await bert.post(`${path}/renewals`)).status, 404);
  }
  await anna.delete(`/mailbox/claims/${id}`);
  for (const what of ['acknowledgements', 'renewals']) {
    const late = await anna.post(`/mailbox/claims/${id}/${what}`);
    assert.deepEqual([late.status, (late.json as ProblemJson).type], [409, 'urn:sluis:problem:released']);
  }
  assert.equal(((await anna.get(`/mailbox/claims/${id}`)).json as ClaimJson).state, 'released');
});

test('a claim waits for a message where it is asked to, without a lease', async (t) => {
  const box = await mailbox(t);
  const anna = box.as('anna');
  const empty = await anna.post('/mailbox/claims');
  assert.deepEqual([empty.status, (empty.json as ClaimJson).state], [200, 'empty']);
  const waiting = anna.post('/mailbox/claims', {}, { headers: { prefer: 'wait=30' } });
  // It looks once, under the lease, before it waits: a session in that very moment hears that the
  // mailbox is in use.
  await until('a POP3 session beside the wait', () =>
    Pop3Client.open(box.gateway.target('pop3s'), loginOf('anna')).then(
      async (pop3) => (await pop3.quit(), true),
      () => false,
    ),
  );
  const id = await box.submit(letter('m1'));
  const claim = (await waiting).json as ClaimJson;
  assert.deepEqual(
    claim.messages.map((one) => one.id),
    [id],
  );
});

test('a message is removed and handed out again by its owner', async (t) => {
  const box = await mailbox(t);
  const id = await box.submit(letter('m1'));
  const anna = box.as('anna');
  const claim = (await anna.post('/mailbox/claims')).json as ClaimJson;
  const claimed = await anna.delete(`/mailbox/messages/${id}`);
  assert.deepEqual([claimed.status, (claimed.json as ProblemJson).type], [409, 'urn:sluis:problem:claimed']);
  await anna.delete(`/mailbox/claims/${claim.id}`);
  const before = await anna.get(`/mailbox/messages/${id}/content`);
  assert.equal((await anna.delete(`/mailbox/messages/${id}`)).status, 204);
  assert.equal((await anna.delete(`/mailbox/messages/${id}`)).status, 404);
  assert.equal((await box.as('bert').post(`/mailbox/messages/${id}/restorations`)).status, 404);
  const told = await box.gateway.store.audit.read({ message: parseMessageId(id)!, limit: 100 });
  assert.ok(!told.some(({ event }) => event === 'maildrop.restored'), 'a stranger writes nothing into its trail');
  assert.equal((await anna.post(`/mailbox/messages/${id}/restorations`)).status, 201);
  assert.deepEqual((await anna.get(`/mailbox/messages/${id}/content`)).body, before.body);
  assert.equal((await anna.post(`/mailbox/messages/${id}/restorations`)).status, 404, 'it is there');
});

test('all messages of a claim come in one answer, octet for octet, and count as fetched', async (t) => {
  const box = await mailbox(t);
  const large = Buffer.alloc(300_000, 7);
  const ids: string[] = [];
  for (const content of [letter('m1'), letter('m2', large), letter('m3')]) ids.push(await box.submit(content));
  const anna = box.as('anna');
  const claim = (await anna.post('/mailbox/claims')).json as ClaimJson;
  const whole = await anna.get(`/mailbox/claims/${claim.id}/messages`);
  const [, boundary = ''] = /^multipart\/mixed; boundary=([\w-]+)$/.exec(String(whole.headers['content-type'])) ?? [];
  const parts = whole.body.toString('latin1').split(`\r\n--${boundary}`);
  assert.deepEqual([parts[0], parts.at(-1), parts.length], ['', '--\r\n', 5]);
  for (const [n, id] of ids.entries()) {
    const content = (await anna.get(`/mailbox/messages/${id}/content`)).body;
    const head = `\r\nContent-Type: message/rfc822\r\nContent-ID: <${id}>\r\nContent-Length: ${content.length}\r\n\r\n`;
    assert.equal(parts[n + 1], head + content.toString('latin1'));
  }
  await anna.post(`/mailbox/claims/${claim.id}/acknowledgements`);
  assert.equal((await anna.get(`/mailbox/claims/${claim.id}/messages`)).status, 409);
  assert.equal((await box.as('bert').get(`/mailbox/claims/${claim.id}/messages`)).status, 404);
});
