/**
 * EDI in over HTTPS and out over POP3 is the same to the octet, and the trace can prove it. Over a
 * real listener.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parseMessageId } from '../../../src/domain/ids.ts';
import { startApi } from '../../support/api.ts';
import { chance } from '../../support/chance.ts';
import { addressOf, loginOf } from '../../support/gateway.ts';
import { Pop3Client } from '../../support/pop3-client.ts';

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
/** No line end in it, and a last segment that is followed by octets which some programs cut off. */
const EDI = Buffer.concat([
  Buffer.from("UNA:+.? 'UNB+UNOC:3+A+B+261128:1200+1'"),
  chance.octets(50_000),
  Buffer.from('\r\n \0'),
]);

test('an interchange is handed out as it was given, as a message and as JSON, and the trace has its SHA-256', async (t) => {
  const api = await startApi(t, { accounts: ['anna', 'bram'] });
  const { gateway } = api;
  const client = api.as('anna');
  const lines = EDI.toString('base64').replace(/.{76}/g, '$&\r\n');
  const part = `Content-Type: application/edifact; name="a.edi"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`;
  const message = Buffer.from(
    `From: <${addressOf('anna')}>\r\nTo: <${addressOf('bram')}>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n${part}`,
  );
  const type = { 'content-type': 'message/rfc822' };
  const [asIs, json] = [
    await client.post('/messages', undefined, { body: message, headers: type }),
    await client.post('/messages', {
      attachments: [{ name: 'a.edi', type: 'application/edifact', content: EDI.toString('base64') }],
      from: addressOf('anna'),
      to: [addressOf('bram')],
    }),
  ];
  const pop = await Pop3Client.open(gateway.target('pop3'), loginOf('bram'));
  for (const [n, answer] of [asIs, json].entries()) {
    assert.equal(answer.status, 201, answer.body.toString());
    const { id = '' } = answer.json as { id?: string };
    assert.equal(answer.headers.location, `/v1/messages/${id}`);
    const fetched = await pop.fetch(n + 1);
    const found = (await client.get(`/messages/${id}`)).json as { sha256: string };
    assert.equal(sha256(fetched), found.sha256);
    const messageId = parseMessageId(id);
    assert.ok(messageId);
    const parts = await gateway.store.messageParts(messageId);
    assert.deepEqual(
      parts?.leaves.map((leaf) => leaf.sha256).filter((hash) => hash === sha256(EDI)),
      [sha256(EDI)],
    );
    assert.equal((await api.as('bram').get(`/messages/${id}`)).status, 404);
  }
  assert.ok((await pop.fetch(1)).subarray(-message.length).equals(message));
  await pop.quit();
});

test('who may not send gets no further, and what is malformed is told so before the body is read', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const anna = api.as('anna');
  const body = 'From: a@b\r\n\r\n';
  const headers = { 'content-type': 'message/rfc822' };
  assert.equal((await api.anyone.post('/messages', undefined, { body, headers })).status, 401);
  assert.equal((await api.client('Basic !').post('/messages', undefined, { body, headers })).status, 401);
  assert.equal((await anna.post('/messages', undefined, { body, headers, key: null })).status, 400);
  assert.equal(
    (await anna.post('/messages', undefined, { body, headers: { 'content-type': 'text/plain' } })).status,
    415,
  );
  assert.equal((await anna.post('/messages', undefined, { body, headers })).status, 422);
  assert.equal((await anna.get('/messages/x')).status, 400);
});
