/** Reading a mailbox over HTTPS without a lease: listing, waiting, octets and parts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { MessageId } from '../../../src/domain/ids.ts';
import type { AuditRow } from '../../../src/store/audit.ts';
import { addressOf, loginOf } from '../../support/gateway.ts';
import { Pop3Client } from '../../support/pop3-client.ts';
import { EDI, type Mailbox, letter, mailbox } from './scene.ts';

interface Page {
  readonly messages: readonly {
    readonly id: string;
    readonly octets: number;
    readonly sha256: string;
    readonly subject?: string;
    readonly from?: string;
    readonly collected: boolean;
    readonly submitted: {
      readonly parts: readonly { readonly part: string; readonly name?: string; readonly sha256: string }[];
      readonly interchanges: readonly { readonly part: string; readonly reference: string }[];
    };
  }[];
  readonly next?: string;
  readonly last?: string;
}

const sha256 = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

async function rowsOf({ gateway }: Mailbox, event: string): Promise<readonly AuditRow[]> {
  const account = (await gateway.store.registry.findAccount(addressOf('anna')))?.account.id;
  const rows = await gateway.store.audit.read({ limit: 1000, ...(account === undefined ? {} : { account }) });
  return rows.filter((row) => row.event === event);
}

test('in by SMTP, out by HTTPS: the octets of POP3, and the hash that the trace has of the interchange', async (t) => {
  const box = await mailbox(t);
  const id = await box.submit(letter('result'));
  const anna = box.as('anna');
  const { messages } = (await anna.get('/mailbox/messages')).json as Page;
  assert.deepEqual(
    messages.map((one) => [one.id, one.subject, one.from, one.collected]),
    [[id, 'result', `Lab <${addressOf('lab')}>`, false]],
  );
  const content = await anna.get(`/mailbox/messages/${id}/content`);
  assert.equal(content.headers['content-type'], 'message/rfc822');
  assert.equal(content.headers.etag, `"${sha256(content.body)}"`);
  assert.equal(messages[0]?.sha256, sha256(content.body));
  const pop3 = await Pop3Client.open(box.gateway.target('pop3s'), loginOf('anna'));
  assert.deepEqual(await pop3.fetch(1), content.body);
  await pop3.quit();
  const kept = await box.gateway.store.messageParts(id as MessageId);
  const edi = kept?.leaves.find(({ name }) => name === 'result.edi');
  const part = await anna.get(`/mailbox/messages/${id}/parts/2`);
  assert.deepEqual(part.body, EDI);
  const [shown] = messages;
  assert(edi !== undefined);
  assert.equal(edi.sha256, sha256(part.body));
  assert.equal(shown.submitted.parts[1]?.sha256, edi.sha256);
  assert.deepEqual(
    shown.submitted.interchanges.map(({ part: of, reference }) => [of, reference]),
    [['2', 'REF1']],
  );
});

test('a part is never shown as what it says it is', async (t) => {
  const box = await mailbox(t);
  const id = await box.submit(letter('x'));
  const { headers, body } = await box.as('anna').get(`/mailbox/messages/${id}/parts/1`);
  assert.equal(body.toString(), '<script>alert(1)</script>');
  assert.equal(headers['content-type'], 'application/octet-stream');
  assert.match(String(headers['content-disposition']), /^attachment/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
});

test('ranges of a content and of a part: their octets, 206, 416, 304 and If-Range', async (t) => {
  const box = await mailbox(t);
  const file = Buffer.alloc(700_000, 'abcdefghi');
  const id = await box.submit(letter('large', file));
  const anna = box.as('anna');
  const path = `/mailbox/messages/${id}/parts/2`;
  const whole = await anna.get(path);
  assert.deepEqual(whole.body, file);
  const some = await anna.get(path, { headers: { range: 'bytes=300000-300099' } });
  assert.deepEqual(
    [some.status, some.headers['content-range'], some.headers['content-length']],
    [206, 'bytes 300000-300099/700000', '100'],
  );
  assert.deepEqual(some.body, file.subarray(300_000, 300_100));
  const late = await anna.get(path, { headers: { range: 'bytes=700000-' } });
  assert.deepEqual([late.status, late.headers['content-range']], [416, 'bytes */700000']);
  const same = await anna.get(path, { headers: { 'if-none-match': String(whole.headers.etag) } });
  assert.equal(same.status, 304);
  const other = await anna.get(path, { headers: { range: 'bytes=0-9', 'if-range': '"other"' } });
  assert.deepEqual([other.status, other.body.length], [200, 700_000]);
  const content = await anna.get(`/mailbox/messages/${id}/content`);
  const end = await anna.get(`/mailbox/messages/${id}/content`, { headers: { range: 'bytes=-1000' } });
  assert.deepEqual(end.body, content.body.subarray(-1000));
});

test('what leaves to its end is in the trail, and counts as seen; HEAD and 304 are no look', async (t) => {
  const box = await mailbox(t);
  const id = await box.submit(letter('x'));
  const anna = box.as('anna');
  const path = `/mailbox/messages/${id}/content`;
  const head = await anna.ask('HEAD', path);
  assert.deepEqual([head.status, head.body.length], [200, 0]);
  await anna.get(path, { headers: { 'if-none-match': String(head.headers.etag) } });
  await anna.get(path, { headers: { range: 'bytes=0-9' } });
  assert.deepEqual(await rowsOf(box, 'message.collected'), []);
  assert.deepEqual(
    (await rowsOf(box, 'maildrop.previewed')).map(({ facts }) => facts),
    [{ protocol: 'https', tls: 'TLSv1.3', messages: 1 }],
  );
  await anna.get(path);
  const [row] = await rowsOf(box, 'message.collected');
  assert.deepEqual(
    [row?.message, row?.facts, row?.personal?.address],
    [id, { protocol: 'https', tls: 'TLSv1.3', removed: false }, '127.0.0.1'],
  );
  const { messages } = (await anna.get('/mailbox/messages')).json as Page;
  assert.equal(messages[0]?.collected, true);
  await anna.get(`/mailbox/messages/${id}/parts/2`);
  assert.deepEqual((await rowsOf(box, 'message.collected')).map(({ facts }) => facts?.part).sort(), ['2', undefined]);
});

test('a listing goes in pages; an unchanged mailbox is a 304 that lists nothing', async (t) => {
  const box = await mailbox(t);
  for (const n of [1, 2, 3]) await box.submit(letter(`m${n}`));
  const anna = box.as('anna');
  const subjects: (string | undefined)[] = [];
  let query = '?limit=2';
  for (let page = 0; query !== '' && page < 5; page += 1) {
    const answer = await anna.get(`/mailbox/messages${query}`);
    const { messages, next } = answer.json as Page;
    subjects.push(...messages.map(({ subject }) => subject));
    assert.equal(answer.headers.link === undefined, next === undefined);
    query = next === undefined ? '' : `?limit=2&after=${next}`;
  }
  assert.deepEqual(subjects, ['m1', 'm2', 'm3']);
  const first = await anna.get('/mailbox/messages');
  const before = (await rowsOf(box, 'maildrop.previewed')).length;
  const again = await anna.get('/mailbox/messages', { headers: { 'if-none-match': String(first.headers.etag) } });
  assert.deepEqual([again.status, again.headers.etag], [304, first.headers.etag]);
  assert.equal((await rowsOf(box, 'maildrop.previewed')).length, before, 'and is not a look');
  await box.submit(letter('m4'));
  const changed = await anna.get('/mailbox/messages', { headers: { 'if-none-match': String(first.headers.etag) } });
  assert.equal(changed.status, 200);
  const { last } = first.json as Page;
  const news = (await anna.get(`/mailbox/messages?after=${last}`)).json as Page;
  assert.deepEqual(
    news.messages.map(({ subject }) => subject),
    ['m4'],
  );
});

test('a listing waits for what comes, and holds no lease meanwhile', async (t) => {
  const box = await mailbox(t);
  const anna = box.as('anna');
  const waiting = anna.get('/mailbox/messages', { headers: { prefer: 'wait=30' } });
  // It waits: POP3 gets in meanwhile.
  const pop3 = await Pop3Client.open(box.gateway.target('pop3s'), loginOf('anna'));
  await pop3.quit();
  const id = await box.submit(letter('at last'));
  const { messages } = (await waiting).json as Page;
  assert.deepEqual(
    messages.map((one) => one.id),
    [id],
  );
});

test('nobody sees the mailbox of another account, nor a message that is not there', async (t) => {
  const box = await mailbox(t);
  const id = await box.submit(letter('x'));
  const bert = box.as('bert');
  assert.deepEqual(((await bert.get('/mailbox/messages')).json as Page).messages, []);
  const refusals: string[] = [];
  for (const path of [id, '0000000000000'].flatMap((one) => [one, `${one}/content`, `${one}/parts/1`])) {
    const answer = await bert.get(`/mailbox/messages/${path}`);
    assert.equal(answer.status, 404);
    refusals.push(answer.body.toString());
  }
  assert.equal((await bert.delete(`/mailbox/messages/${id}`)).status, 404);
  assert.equal(new Set(refusals).size, 1, 'in the very same words');
  assert.equal((await box.as('anna').get(`/mailbox/messages/${id}/parts/9`)).status, 404);
});
