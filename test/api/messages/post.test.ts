/**
 * `POST /messages`: the submission road behind it is the one of SMTP, so here is what HTTP adds:
 * envelope, answers, keys, line ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, octets } from '../../../src/domain/units.ts';
import { HEADER, MESSAGE, TestMessages } from './support.ts';

const key = 'key-1';
const statusesOf = (json: Readonly<Record<string, unknown>>): unknown =>
  (json.recipients as { address: string; accepted: boolean; code?: string }[]).map(({ address, accepted, code }) => [
    address,
    accepted || code,
  ]);

test('a message as it is goes to those in To, Cc and Bcc, without its Bcc, with one trace line more', async (t) => {
  const api = await TestMessages.open(t);
  const body = MESSAGE.replace('Subject', 'Cc: chris@group.test\r\nBcc: anna@group.test\r\nSubject');
  const { status, json } = await api.post(body);
  assert.equal(status, 201);
  assert.deepEqual(statusesOf(json), [
    ['bram@group.test', true],
    ['chris@group.test', true],
    ['anna@group.test', true],
  ]);
  for (const name of ['anna', 'bram', 'chris']) {
    const [stored = ''] = await api.inbox(name);
    assert.ok(stored.endsWith(body.replace('Bcc: anna@group.test\r\n', '')), stored);
    assert.match(
      stored,
      /^Received: from \[192\.0\.2\.7\] \(\[192\.0\.2\.7\]\)\r\n\tby mail\.test \(Sluis\) with HTTPS \(TLSv1\.3\)\r\n/m,
    );
  }
  const rows = await api.opened.store.audit.read({ limit: 100 });
  const row = rows.find(({ event }) => event === 'message.accepted');
  assert.equal(row?.facts?.protocol, 'https');
  assert.equal(row.message, json.id);
});

test('the envelope of the request wins over the header of the message', async (t) => {
  const api = await TestMessages.open(t);
  const { json } = await api.post(MESSAGE, { headers: { 'sluis-recipients': '<chris@group.test>, anna@group.test' } });
  assert.deepEqual(statusesOf(json), [
    ['chris@group.test', true],
    ['anna@group.test', true],
  ]);
  assert.deepEqual(await api.inbox('bram'), []);
  // RFC 5321 section 4.1.2: quotes that an address does not need make no other one of it.
  const quoted = { 'sluis-sender': '"anna"@group.test', 'sluis-recipients': '"bram"@group.test, bram@group.test' };
  assert.deepEqual(statusesOf((await api.post(MESSAGE, { headers: quoted })).json), [
    ['"bram"@group.test', true],
    ['bram@group.test', true],
  ]);
  assert.equal((await api.inbox('bram')).length, 1);
  const other = await api.post(MESSAGE, { headers: { 'sluis-sender': '"bram"@group.test' } });
  assert.equal(other.status, 403);
});

test('a recipient that is refused leaves the others, and says why; where all are refused nothing is sent', async (t) => {
  const api = await TestMessages.open(t);
  const asked = { headers: { 'sluis-recipients': 'bram@group.test, nobody@group.test, no-address' } };
  const sent = await api.post(MESSAGE, asked);
  assert.equal(sent.status, 201);
  assert.deepEqual(statusesOf(sent.json), [
    ['bram@group.test', true],
    ['nobody@group.test', '5.1.1'],
    ['no-address', '5.1.3'],
  ]);
  const refused = await api.post(MESSAGE, { headers: { 'sluis-recipients': 'nobody@group.test' } });
  assert.equal(refused.status, 422);
  assert.equal(refused.json.code, '5.1.1');
  assert.deepEqual(statusesOf(refused.json), [['nobody@group.test', '5.1.1']]);
  assert.equal((await api.inbox('bram')).length, 1);
});

test('what may succeed later is 429, 503 or 507, what is too large 413, what the account may not 403', async (t) => {
  const api = await TestMessages.open(t, { maxMessage: octets(2000) });
  const { registry } = api.opened.store;
  assert.equal((await api.post(MESSAGE + 'x'.repeat(3000))).status, 413);
  assert.equal((await api.post(MESSAGE.replace('Anna <anna', 'Anna <bram'))).status, 403);
  await registry.changeSettings({ scope: 'account', login: 'anna' }, { 'messages-per-hour': 1 }, { name: 'test' });
  assert.equal((await api.post(MESSAGE, { key })).status, 201);
  assert.equal((await api.post(MESSAGE)).status, 429);
  // What was accepted before is known, whatever is refused now.
  assert.equal((await api.post(MESSAGE, { key })).status, 201);
  const again = await api.post(MESSAGE.replace('hello', 'other'), { key });
  assert.deepEqual([again.status, again.json.type], [422, 'urn:sluis:problem:idempotency-key']);
  assert.equal((await api.inbox('bram')).length, 1);
});

test('the same request under the same key is answered again and sends nothing; another one is refused', async (t) => {
  const api = await TestMessages.open(t);
  const asked = { key, headers: { 'sluis-recipients': 'bram@group.test, nobody@group.test' } };
  const first = await api.post(MESSAGE, asked);
  const second = await api.post(MESSAGE, { ...asked, piece: 7 });
  assert.deepEqual([second.status, second.json], [201, { ...first.json, again: true }]);
  assert.equal((await api.post(MESSAGE.replace('hello', 'hallo'), asked)).status, 422);
  assert.equal((await api.post(MESSAGE, { key })).status, 422, 'another envelope is another request');
  assert.equal((await api.inbox('bram')).length, 1);
  assert.equal(
    (await api.post(MESSAGE, { ...asked, as: 'anna', key: 'key-2' })).json.again,
    true,
    'a resubmission, as over SMTP',
  );
  api.opened.clock.advance(hours(25));
  assert.equal((await api.post(MESSAGE, asked)).json.again, false);
});

test('a recipient that has gone since does not make an accepted request a refused one', async (t) => {
  const api = await TestMessages.open(t);
  const first = await api.post(MESSAGE, { key });
  await api.opened.store.registry.setAccountState('bram', 'suspended', { name: 'test' });
  assert.equal((await api.post(MESSAGE)).status, 422);
  const second = await api.post(MESSAGE, { key });
  assert.deepEqual([second.status, second.json.id], [201, first.json.id]);
});

test('requests that come at once under one key send one message', async (t) => {
  const api = await TestMessages.open(t);
  const said = await Promise.all(Array.from({ length: 12 }, () => api.post(MESSAGE, { key })));
  assert.deepEqual([...new Set(said.map(({ json }) => json.id))].length, 1);
  assert.equal(said.filter(({ json }) => json.again === false).length, 1);
  assert.equal((await api.inbox('bram')).length, 1);
});

test('a file with bare line feeds is made whole where the account may have that, and refused where not', async (t) => {
  const api = await TestMessages.open(t);
  const unix = MESSAGE.replaceAll('\r\n', '\n').trimEnd();
  for (const piece of [1, 5, 1 << 16]) {
    assert.equal((await api.post(unix.replace('<1@x>', `<${piece}@x>`), { piece })).status, 201);
    const stored = (await api.inbox('bram')).at(-1) ?? '';
    assert.ok(stored.endsWith(MESSAGE.replace('<1@x>', `<${piece}@x>`)), stored);
  }
  // A CR at the very end of a piece belongs to the LF of the next one.
  assert.equal((await api.post(MESSAGE.replace('<1@x>', '<2@x>'), { piece: 1 })).status, 201);
  assert.ok((await api.inbox('bram')).at(-1)?.endsWith(MESSAGE.replace('<1@x>', '<2@x>')));
  const scope = { scope: 'account', login: 'anna' } as const;
  await api.opened.store.registry.changeSettings(scope, { 'line-ends': 'refuse' }, { name: 'test' });
  const refused = await api.post(unix);
  assert.deepEqual([refused.status, refused.json.code], [422, '5.6.11']);
  assert.equal((await api.post(`${MESSAGE}\0\r\n`)).json.code, '5.6.0');
});

test('an envelope that nobody can tell is a 422 that says what to send', async (t) => {
  const api = await TestMessages.open(t);
  const detail = async (body: string): Promise<unknown> => {
    const { status, json } = await api.post(body);
    return status === 422 && json.type === 'urn:sluis:problem:envelope' ? json.detail : `${status}`;
  };
  assert.match(String(await detail(MESSAGE.replace('To: bram@group.test\r\n', ''))), /^The message has no recipients/);
  assert.match(String(await detail(MESSAGE.replace('To: bram', 'To: a@b.test <bram'))), /^The field to cannot be read/);
  assert.match(String(await detail(MESSAGE.replace('From', 'X-From'))), /^The sender is not clear/);
  assert.match(String(await detail(`no field\r\n${MESSAGE}`)), /^Header line 1 is not a field/);
  const hidden = MESSAGE.replace('To: bram@group.test', 'To: undisclosed-recipients:;\r\nBcc: bram@group.test');
  assert.equal((await api.post(hidden)).status, 201);
  assert.equal((await api.post(`${HEADER}X: ${'y'.repeat(300_000)}\r\n\r\n`)).status, 422);
});

test('a request that breaks off sends nothing, and its key is free', async (t) => {
  const api = await TestMessages.open(t);
  await assert.rejects(api.broken(MESSAGE, { key }), /gone/);
  assert.deepEqual(await api.inbox('bram'), []);
  assert.equal((await api.post(MESSAGE, { key })).json.again, false);
  await api.post(MESSAGE, { key });
  await api.post(`${MESSAGE}\0\r\n`);
  assert.deepEqual(api.ended, ['interrupted', 'accepted', 'duplicate', 'refused-5yz']);
});
