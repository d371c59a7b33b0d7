/** Messages as JSON: what the gateway writes of them, and how attachments are read as they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleParser } from 'mailparser';
import { AttachmentReader, JsonUnreadable, MAX_REST } from '../../../src/api/messages/json-attachments.ts';
import { chance } from '../../support/chance.ts';
import { TestMessages } from './support.ts';

const base64 = (octets: Buffer): string => octets.toString('base64');
const EDI = chance.octets(100_000);

/** What is left of the JSON, and the contents, where it comes in pieces of `piece` octets. */
async function readIn(text: string, piece: number): Promise<{ rest: unknown; contents: Buffer[] }> {
  const contents: Buffer[][] = [];
  const reader = new AttachmentReader((place) => {
    const mine = (contents[place] = [] as Buffer[]);
    return { write: (octets) => Promise.resolve(void mine.push(octets)), end: () => Promise.resolve() };
  });
  const octets = Buffer.from(text);
  for (let at = 0; at < octets.length; at += piece) await reader.write(octets.subarray(at, at + piece));
  return { rest: JSON.parse(reader.end().toString()), contents: contents.map((each) => Buffer.concat(each)) };
}

test('attachments are read wherever they stand, however the octets are cut, with the escapes that other programs write', async () => {
  const octets = chance.octets(4000);
  const php = base64(octets).replaceAll('/', '\\/');
  const net = base64(octets).replaceAll('+', '\\u002B');
  const lines = base64(octets).replace(/.{76}/g, '$&\\r\\n');
  const of = (content: string): string => `{"name":"a \\"content\\": b","content":"${content}","type":"x/y"}`;
  const text = `{ "attachments" : [ ${[php, net, lines, ''].map(of).join(' , ')} ], "text" : "\\"content\\": \\"AA==\\" {[", "from":"a", "x":{"content":"no"}}`;
  for (const piece of [1, 2, 3, 7, 64, 1000, text.length]) {
    const { rest, contents } = await readIn(text, piece);
    assert.deepEqual(contents, [octets, octets, octets, Buffer.alloc(0)]);
    const file = (n: number): unknown => ({ name: 'a "content": b', content: String(n), type: 'x/y' });
    assert.deepEqual(rest, {
      attachments: [0, 1, 2, 3].map(file),
      text: '"content": "AA==" {[',
      from: 'a',
      x: { content: 'no' },
    });
  }
});

test('content that is no base64, and JSON without bounds, are refused as they come', async () => {
  const of = (content: string): string => `{"attachments":[{"content":"${content}"}]}`;
  for (const content of ['A', 'AAA', 'AA==AA==', 'AA-_', 'A\\u00e9==', '\\x', 'AA\\u00zz', 'ä'])
    for (const piece of [1, 1000]) await assert.rejects(readIn(of(content), piece), JsonUnreadable, content);
  await assert.rejects(readIn('['.repeat(100), 10), JsonUnreadable);
  await assert.rejects(readIn('{"text":"', 10), JsonUnreadable);
  await assert.rejects(readIn(`{"text":"${'x'.repeat(MAX_REST)}"}`, 65_536), { tooLarge: true });
});

test('the key of a content may be written with escapes, and then it is one all the same', async () => {
  const { rest, contents } = await readIn('{"\\u0061ttachments":[{"c\\u006fntent":"AQI="}]}', 3);
  assert.deepEqual([rest, contents], [{ attachments: [{ content: '0' }] }, [Buffer.of(1, 2)]]);
});

test('the message has text, names and files as they were given, octet for octet, and Bcc is nowhere in it', async (t) => {
  const api = await TestMessages.open(t);
  const { status, json } = await api.json({
    attachments: [
      { name: 'uitslag.edi', type: 'application/edifact', content: base64(EDI) },
      { name: 'röntgen “1”.pdf', type: 'application/pdf', content: base64(Buffer.from('x')) },
    ],
    from: 'Dr. J. "Jan" Jansen <anna@group.test>',
    to: ['Bräm <bram@group.test>'],
    bcc: ['chris@group.test'],
    subject: 'Uitslag voor mevrouw Ōsaka-de Vries, met een onderwerp dat langer is dan één regel van een kop mag zijn',
    text: 'Beste collega,\n\nzie bijlage: é = €.\n.\nGroet',
    receipt: 'collected',
  });
  assert.equal(status, 201, JSON.stringify(json));
  const [stored = ''] = await api.inbox('bram');
  assert.deepEqual(await api.inbox('chris'), [stored]);
  assert.ok(!stored.includes('chris'));
  assert.ok(stored.split('\r\n').every((line) => /^[\t\x20-\x7e]{0,998}$/.test(line)));
  const mail = await simpleParser(Buffer.from(stored, 'latin1'));
  assert.deepEqual(mail.from?.value, [{ address: 'anna@group.test', name: 'Dr. J. "Jan" Jansen' }]);
  assert.equal(mail.to && !Array.isArray(mail.to) && mail.to.value[0]?.name, 'Bräm');
  assert.match(mail.subject ?? '', /^Uitslag voor mevrouw Ōsaka-de Vries, met .* zijn$/);
  assert.equal(mail.text?.trimEnd(), 'Beste collega,\n\nzie bijlage: é = €.\n.\nGroet');
  assert.equal(mail.headers.get('sluis-receipt'), 'collected');
  assert.deepEqual(
    mail.attachments.map(({ filename, contentType, content }) => [filename, contentType, content.equals(EDI)]),
    [
      ['uitslag.edi', 'application/edifact', true],
      ['röntgen “1”.pdf', 'application/pdf', false],
    ],
  );
});

test('a text alone, and files without a text', async (t) => {
  const api = await TestMessages.open(t);
  const from = 'anna@group.test';
  assert.equal((await api.json({ from, to: ['bram@group.test'], text: 'hello', subject: 'a' })).status, 201);
  const content = base64(Buffer.from('UNA'));
  await api.json({
    from,
    to: ['bram@group.test'],
    attachments: [{ name: 'a', type: 'text/plain; charset=x', content }],
  });
  const [plain = '', mixed = ''] = await api.inbox('bram');
  assert.match(
    plain,
    /Content-Type: text\/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nhello\r\n$/,
  );
  const { attachments } = await simpleParser(mixed);
  assert.deepEqual(
    attachments.map(({ content: found }) => found.toString()),
    ['UNA'],
  );
});

test('the same JSON under the same key is one message, though each would have another Message-ID', async (t) => {
  const api = await TestMessages.open(t);
  const body = { from: 'anna@group.test', to: ['bram@group.test'], text: 'hello' };
  const first = await api.json(body, { key: 'k' });
  const second = await api.json(body, { key: 'k', piece: 3 });
  assert.deepEqual(second.json, { ...first.json, again: true });
  assert.equal((await api.json({ ...body, text: 'other' }, { key: 'k' })).status, 422);
  assert.equal((await api.inbox('bram')).length, 1);
});

test('what does not fit is a 400 that says where, and nothing is sent; nothing is left in the store', async (t) => {
  const api = await TestMessages.open(t);
  const good = { from: 'anna@group.test', to: ['bram@group.test'], text: 'hello' };
  const file = { name: 'a', type: 'a/b', content: 'AAAA' };
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [{ ...good, to: [] }, /^#\/to$/],
    [{ ...good, colour: 'red' }, /^#$/],
    [{ ...good, from: 'a\r\nBcc: x@y' }, /^#\/from$/],
    [{ ...good, attachments: [{ ...file, type: 'message/rfc822' }] }, /^#\/attachments\/0\/type$/],
    [{ ...good, attachments: [{ ...file, type: 'application/edifact', name: '../x' }] }, /^#\/attachments\/0\/name$/],
    [{ ...good, attachments: [{ ...file, type: 'application/edifact', content: 7 }] }, /^#\/attachments\/0\/content$/],
    [[], /^#$/],
  ];
  for (const [body, at] of bad) {
    const { status, json } = await api.json(body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(String((json.errors as { at: string }[])[0]?.at), at);
  }
  for (const body of [
    { ...good, to: ['bram'] },
    { ...good, to: ['a@b.test <c@d.test>'] },
    { ...good, notify: ['never', 'delay'] },
  ])
    assert.ok([400, 422].includes((await api.json(body)).status));
  for (const text of [
    '{',
    '"x"',
    '\xef\xbb\xbf{}',
    `{"subject":"\\ud800",${JSON.stringify(good).slice(1)}`,
    'nul',
    '{"from":"\xff"}',
  ])
    assert.equal((await api.post(Buffer.from(text, 'latin1'), { type: 'application/json' })).status, 400, text);
  const one = JSON.stringify({ ...good, attachments: [file] });
  for (const [text, at] of [
    [one.replace('{', '{"to":["anna@group.test"],'), '#/to'],
    [one.replace('"content"', '"content":"BBBB","c\\u006fntent"'), '#/attachments/0/content'],
  ] as const) {
    const { status, json } = await api.post(Buffer.from(text), { type: 'application/json' });
    assert.deepEqual([status, (json.errors as { at: string }[])[0]?.at], [400, at]);
  }
  assert.equal((await api.json(good, { headers: { 'sluis-sender': 'anna@group.test' } })).status, 400);
  const many = Array.from({ length: 101 }, () => ({ ...file, type: 'application/edifact' }));
  assert.equal((await api.json({ ...good, attachments: many })).status, 400);
  assert.deepEqual(await api.inbox('bram'), []);
  assert.deepEqual((await api.opened.store.sweep()).uploads, 0);
});
