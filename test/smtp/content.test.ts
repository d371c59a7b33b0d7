import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { BodyWriter } from '../../src/store/body.ts';
import type { Store } from '../../src/store/port/store.ts';
import { acceptedId, SmtpClient } from '../support/smtp-client.ts';
import { filed } from '../support/filed.ts';
import { seeded } from '../support/seeded.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import { trusting } from '../support/wire.ts';

const open = async (t: { after(run: () => void): void }, smtp: SmtpFixture): Promise<SmtpClient> => {
  const client = await SmtpClient.open(
    { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
    { login: 'alice', password: 'alice-pw' },
  );
  t.after(() => client.wire.destroy());
  return client;
};

const stuffed = (message: string): Buffer =>
  Buffer.from(message.replace(/^\./, '..').replaceAll('\r\n.', '\r\n..'), 'latin1');
/** Our verdict, and our trace line of four or five lines. */
const TRACE =
  /^Authentication-Results: mail\.test; none\r\nReceived: from client\.test \(\[127\.0\.0\.1\]\)\r\n(?:\t[^\r\n]*\r\n){3,4}/;

/** Sends, expects acceptance, and gives what was filed without our own lines on top. */
async function roundTrip(client: SmtpClient, smtp: SmtpFixture, message: string): Promise<string> {
  const id = acceptedId(await client.submit('alice@group.test', ['bob@group.test'], stuffed(message)));
  const content = (await filed(smtp.store, 'bob', -1))[0] ?? '';
  const trace = TRACE.exec(content)?.[0] ?? '';
  assert.ok(trace.includes(`id ${id}\r\n\tfor <bob@group.test>;`), content.slice(0, 400));
  return content.slice(trace.length);
}

test('every octet of a complete message stays (200 random messages, seeded)', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed);
    const octet = (): string => {
      const n = 1 + random.below(255);
      return n === 10 || n === 13 ? '\t' : String.fromCharCode(n);
    };
    const text = (n: number): string => Array.from({ length: n }, octet).join('');
    const fields = [
      'From: Alice <alice@group.test>',
      'date:Wed, 25 Nov 2026 01:00:00 +0100 ',
      `MESSAGE-ID : <${seed}@x>`,
      ...Array.from(
        { length: random.below(8) },
        () => `X-${random.below(99)}:${text(random.below(200))}\r\n\t${text(20)}x`,
      ),
    ].sort(() => random.next() - 0.5);
    const lines = Array.from({ length: random.below(40) }, () =>
      random.pick(['.', '..', '', text(random.below(1200)), `.${text(5)}`, "UNA:+.? 'UNB+UNOC:3+500012345"]),
    );
    const message = `${fields.map((f) => `${f}\r\n`).join('')}\r\n${lines.map((l) => `${l}\r\n`).join('')}`;
    const got = await roundTrip(client, smtp, message);
    // Compared as a whole: a difference anywhere is one.
    assert.ok(got === message, `seed ${seed}`);
  }
});

test('a message without Date or Message-ID gets them; Bcc and verdicts go; nothing else moves', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const got = await roundTrip(
    client,
    smtp,
    [
      'Bcc: secret@group.test,',
      '\tother@group.test',
      'From: alice@group.test',
      'Authentication-Results: mail.test; dkim=pass',
      'authentication-results:',
      ' (a comment) "MAIL.TEST" 1; spf=pass',
      'Authentication-Results: elsewhere.test; dkim=pass',
      'Resent-Bcc: x@group.test',
      'Subject:  two  blanks  ',
      '',
      'Bcc: stays@in.body',
      '',
    ].join('\r\n'),
  );
  assert.match(
    got,
    /^Date: Wed, 25 Nov 2026 12:00:00 \+0000\r\nMessage-ID: <[0-9a-z]{13}@mail\.test>\r\nFrom: alice@group\.test\r\nSubject: {2}two {2}blanks {2}\r\n\r\nBcc: stays@in\.body\r\n$/,
  );
});

/**
 * RFC 8601 section 2.2 lets a name be written with comments, quotes and folds anywhere; the last
 * ones do not keep to it.
 */
const FORGERIES = [
  'Authentication-Results: mail.test; smime=pass',
  'Authentication-Results: (a(b)) mail.test; smime=pass',
  'Authentication-Results: (a (b (c (d)))) mail.test; smime=pass',
  'Authentication-Results: (a \\) b) mail.test; smime=pass',
  'Authentication-Results: mail.test(c); smime=pass',
  'Authentication-Results: mail.test (c) 1 (d); smime=pass',
  'Authentication-Results: "ma\\il.test"; smime=pass',
  'Authentication-Results: "mail.test"(c); smime=pass',
  'Authentication-Results: (a\r\n (b\r\n\t)) mail.test; smime=pass',
  'Authentication-Results:\r\n mail.test;\r\n smime=pass',
  'Authentication-Results:\r\n\t \r\n mail.test; smime=pass',
  'Authentication-Results : mail.test; smime=pass',
  'AUTHENTICATION-RESULTS\t: MAIL.TEST; smime=pass',
  'Authentication-Results: elsewhere.test; smime=pass',
  'Authentication-Results: mail.test.; smime=pass',
  'Authentication-Results: =?utf-8?q?mail.test?=; smime=pass',
  'Authentication-Results: ma\u00adil.test; smime=pass',
  'Authentication-Results:',
  'ARC-Authentication-Results: i=1; mail.test; smime=pass',
  'X-Authentication-Results: mail.test; smime=pass',
];

test('fields that only the last server writes do not come through, in whatever case; a receipt can be asked for', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const rest =
    'From: alice@group.test\r\nDate: x\r\nMessage-ID: <a>\r\nSluis-Receipt: collected\r\nX-Return-Path: mine\r\nSubject: b\r\n\r\ntext\r\n';
  for (const [n, forged] of [
    'Return-Path: <director@group.test>',
    'RETURN-PATH:\r\n <director@group.test>',
    'Return-Path : <>',
    'Delivered-To: bob@group.test',
    'X-Original-To: bob@group.test',
    'X-Delivered-To: bob@group.test',
    'Envelope-To: bob@group.test',
    'X-Envelope-From: <director@group.test>',
    'x-envelope-to: bob@group.test',
    'Received-SPF: pass',
    'Sluis-Opened: whole',
    'Sluis-Checked: yes',
    'X-Sluis-Confirmed: bob@group.test',
  ].entries()) {
    const mail = rest.replace('<a>', `<${n}>`);
    assert.equal(await roundTrip(client, smtp, `${forged}\r\n${mail}`), mail, forged);
    assert.equal(await roundTrip(client, smtp, mail.replace('\r\n\r\n', `\r\n${forged}\r\n\r\n`)), mail, forged);
  }
});

test('no spelling of a verdict comes through; the one on top is ours and says that nothing was checked', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const rest = 'From: alice@group.test\r\nDate: x\r\nMessage-ID: <a>\r\nSubject: b\r\n\r\ntext\r\n';
  for (const forged of FORGERIES) {
    assert.equal(await roundTrip(client, smtp, `${forged}\r\n${rest}`), rest, forged);
    assert.equal(await roundTrip(client, smtp, rest.replace('\r\n\r\n', `\r\n${forged}\r\n\r\n`)), rest, forged);
  }
  // A bare line end is made a whole one before the header is judged.
  for (const [n, end] of ['\r', '\n'].entries()) {
    const mail = rest.replace('<a>', `<${n}>`);
    assert.equal(await roundTrip(client, smtp, mail.replace('Subject: b', `Subject: b${end}${FORGERIES[0]}`)), mail);
  }
});

test('a name that only looks like that of a verdict is no field: the message is refused', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  for (const name of [
    'Authentication\u00adResults',
    'Authentication-Results\u00a0',
    'Authentication-Results\v',
    'Authentication-\r\n Results',
    ' Authentication-Results',
  ]) {
    const message = `${name}: mail.test; smime=pass\r\nFrom: alice@group.test\r\n\r\ntext\r\n`;
    await assert.rejects(client.submit('alice@group.test', ['bob@group.test'], stuffed(message)), /550 5\.6\.0/, name);
    await client.command('RSET', '250');
  }
});

test('a header without a body is a message', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  assert.match(
    await roundTrip(client, smtp, 'From: alice@group.test\r\nDate: x\r\nMessage-ID: <a>\r\n'),
    /^From: .*<a>\r\n$/s,
  );
});

test('bare line ends are made CRLF and counted, or refused where the account is set so; NUL is always refused', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const head = 'From: alice@group.test\r\nDate: x\r\nMessage-ID: <a>\r\n\r\n';
  assert.equal(await roundTrip(client, smtp, `${head}a\nb\rc\r\n`), `${head}a\r\nb\r\nc\r\n`);
  // A header of bare LF, as an old program writes it, is read as the header it is.
  assert.match(
    await roundTrip(client, smtp, 'From: alice@group.test\nSubject: x\n\nbody\r\n'),
    /From: .*\r\nSubject: x\r\n\r\nbody/,
  );
  const quirk = smtp.log.events.find((e) => e.event === 'smtp.quirk');
  assert.deepEqual([quirk?.fields.quirk, quirk?.fields.cr, quirk?.fields.lf], ['line-ends', 1, 1]);
  const refused = async (on: SmtpClient, content: string, reply: RegExp): Promise<void> => {
    await on.begin('alice@group.test', ['bob@group.test'], false);
    on.wire.send(Buffer.from(`${content}\r\n.\r\n`, 'latin1'));
    assert.match(await on.reply(), reply);
  };
  await refused(client, `${head}a\0b`, /^550 5\.6\.0 .*NUL/);
  const strict = await startSmtp(t, { settings: { alice: { 'line-ends': 'refuse' } } });
  const other = await open(t, strict);
  await refused(other, `${head}a\nb`, /^550 5\.6\.11 /);
  await refused(other, `${head}a\rb`, /^550 5\.6\.11 /);
  await refused(other, `${head}a\n.\nMAIL FROM:<alice@group.test>`, /^550 5\.6\.11 /);
  assert.equal((await filed(strict.store, 'bob')).length, 0);
});

test('a header over 1,000 lines or 256 KB is refused before anything is stored, one just below is taken', async (t) => {
  const smtp = await startSmtp(t, { wrap: (store) => store });
  const client = await open(t, smtp);
  const from = 'From: alice@group.test\r\n';
  const send = async (header: string, reply: RegExp): Promise<void> => {
    await client.begin('alice@group.test', ['bob@group.test'], true);
    client.wire.send(Buffer.from(`${from}${header}\r\ntext\r\n.\r\n`, 'latin1'));
    assert.match(await client.reply(), reply);
  };
  await send('A: b\r\n'.repeat(998), /^250 /);
  await send('A: b\r\n'.repeat(1001), /^554 5\.6\.0 .*1000 lines/);
  await send(`A: ${'b'.repeat(250_000)}\r\n`, /^250 /);
  await send(`A: ${'b'.repeat(270_000)}\r\n`, /^554 5\.6\.0 .*256 KB/);
  await send(`A: ${'b'.repeat(2_000_000)}\r\n`, /^554 5\.6\.0 .*256 KB/);
});

test('a message octet by octet is the same message', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const message = 'From: alice@group.test\r\nDate: x\r\nMessage-ID: <a>\r\n\r\n..two\r\n.\r\nend\r\n';
  await client.begin('alice@group.test', ['bob@group.test'], false);
  for (const octet of [...stuffed(message), ...Buffer.from('.\r\n')]) client.wire.send(Buffer.of(octet));
  await client.expect('250');
  assert.ok((await filed(smtp.store, 'bob'))[0]?.endsWith(message));
});

test('pipelined messages are answered in order, the next one after the first was filed', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const one = (n: number): string =>
    `MAIL FROM:<alice@group.test>\r\nRCPT TO:<bob@group.test>\r\nDATA\r\nFrom: alice@group.test\r\nSubject: ${n}\r\n\r\n.\r\n`;
  client.wire.send(Buffer.from(`${one(1)}${one(2)}${one(3)}NOOP\r\n`, 'latin1'));
  for (let n = 0; n < 3; n++) for (const code of ['250', '250', '354', '250']) await client.expect(code);
  assert.match(await client.reply(), / OK/);
  assert.deepEqual(
    (await filed(smtp.store, 'bob')).map((m) => /Subject: (\d)/.exec(m)?.[1]),
    ['1', '2', '3'],
  );
});

test('a store that is slow holds the sender back instead of filling memory', async (t) => {
  let release: () => void = () => undefined;
  let held = 0;
  let written = 0;
  const slow = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name): unknown => {
        const own: unknown = Reflect.get(target, name);
        if (name !== 'openBody') return typeof own === 'function' ? (own.bind(target) as unknown) : own;
        return (size: never): BodyWriter => {
          const writer = target.openBody(size);
          return new Proxy(writer, {
            get: (body, member): unknown => {
              const value: unknown = Reflect.get(body, member);
              if (member !== 'write') return typeof value === 'function' ? (value.bind(body) as unknown) : value;
              return async (chunk: Uint8Array) => {
                held += 1;
                if (written > 100_000) await new Promise<void>((resolve) => (release = resolve));
                held -= 1;
                written += chunk.length;
                await body.write(chunk);
              };
            },
          });
        };
      },
    });
  const smtp = await startSmtp(t, { wrap: slow });
  const client = await open(t, smtp);
  const octets = 16 * 1024 * 1024;
  const line = `${'x'.repeat(1022)}\r\n`;
  const message = Buffer.from(`From: alice@group.test\r\n\r\n${line.repeat(octets / 1024)}.\r\n`, 'latin1');
  await client.begin('alice@group.test', ['bob@group.test'], true);
  client.wire.send(message);
  let seen = -1;
  // Nothing moves any more: what is written stays what it is over many turns of the loop.
  while (seen !== written || held === 0) {
    seen = written;
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(held, 1);
  assert.ok(written < octets / 4, String(written));
  const answered = client.expect('250');
  const state = { done: false };
  void answered.then(() => (state.done = true));
  while (!state.done) {
    release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [content = ''] = await filed(smtp.store, 'bob');
  const sent = createHash('sha256').update(message.subarray(0, -3)).digest('hex');
  const kept = createHash('sha256')
    .update(Buffer.from(content.slice(content.indexOf('From: ')), 'latin1'))
    .digest('hex');
  assert.equal(kept, sent);
});
