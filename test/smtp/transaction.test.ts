import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, seconds } from '../../src/domain/units.ts';
import { OutcomeUnknown, StoreFailed, StoreFull, StoreUnavailable } from '../../src/store/store.ts';
import type { Store } from '../../src/store/port/store.ts';
import { filed } from '../support/filed.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import { addAccount, address } from '../support/store.ts';
import { runTranscript } from '../support/transcript.ts';
import { until } from '../support/until.ts';

const actor = { name: 'test' };

const dialog = async (
  smtp: SmtpFixture,
  text: string,
  directives: Readonly<Record<string, (argument: string) => void | Promise<void>>> = {},
): Promise<void> =>
  await runTranscript(
    `S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\nC: EHLO client.test\nS... 250 *\n@auth alice alice-pw\n${text}`,
    { protocol: 'smtp', port: smtp.port, ca: smtp.ca, directives },
  );

/** MAIL, RCPT, DATA and a message whose header is `header`; then the expected reply. */
const message = (header: string, reply: string, mail = '<alice@group.test>'): string =>
  `C: MAIL FROM:${mail}\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\n${header
    .split('\n')
    .map((line) => `C: ${line}`)
    .join('\n')}\nC:\nC: text\nC: .\nS: ${reply}\n`;

test('a recipient that is named again is looked up and counted once; RCPT without end ends the session', async (t) => {
  let asked = 0;
  const smtp = await startSmtp(t, {
    limits: { maxRecipients: 20 },
    settings: { alice: { 'recipients-per-hour': 3, 'unknown-recipients-per-hour': 1000 } },
    wrap: (store) => {
      const find = store.registry.findRecipient.bind(store.registry);
      store.registry.findRecipient = async (key) => {
        asked += 1;
        return await find(key);
      };
      return store;
    },
  });
  const again = 'C: RCPT TO:<bob@group.test>\nS: 250 2.1.5 *\n'.repeat(30);
  const other = 'C: RCPT TO:<bob@group.test> NOTIFY=NEVER\nS: 250 2.1.5 *\n';
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test>\nS: 250 *\n${again}${other}C: DATA\nS: 354 *\nC: From: alice@group.test\nC:\nC: .\nS: 250 *\nC: QUIT\nS: 221 *`,
  );
  assert.equal(asked, 2, 'other parameters are another question');
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test>\nS: 250 *\n${'C: RCPT TO:<nobody@group.test>\nS: 550 5.1.1 *\n'.repeat(40)}C: RCPT TO:<bob@group.test>\nS: 421 4.7.0 Too many RCPT*\n@closed`,
  );
});

test('a session in which nothing is taken ends, and its refusals are one count in the log', async (t) => {
  const smtp = await startSmtp(t, { limits: { maxRecipients: 20 } });
  const refused = 'C: DATA\nS: 503 5.5.1 *\n'.repeat(30) + 'C: RCPT TO:<bob@group.test>\nS: 503 5.5.1 *\n'.repeat(29);
  const message =
    'C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\nC: From: alice@group.test\nC:\nC: .\nS: 250 *\n';
  // A message that is taken begins the count again; RSET does not.
  await dialog(
    smtp,
    `${refused}${message}${refused}C: RSET\nS: 250 *\nC: DATA\nS: 503 5.5.1 *\nC: DATA\nS: 421 4.7.0 Too many commands were refused*\n@closed`,
  );
  const lines = (event: string) => smtp.log.events.filter((each) => each.event === event && each.level === 'info');
  assert.equal(lines('smtp.refused').length, 40, 'twenty before the message, twenty behind it');
  await until('the session is over', () => lines('smtp.closed').length > 0);
  assert.equal(lines('smtp.closed')[0]?.fields.refused, 61);
});

test('some recipients refused: the others get it, and DATA needs one that was taken', async (t) => {
  const smtp = await startSmtp(t);
  await addAccount(smtp.store, 'carol');
  await smtp.store.registry.setAccountState('carol', 'suspended', actor);
  await addAccount(smtp.store, 'dave');
  await smtp.store.registry.setAddressState(address('dave@group.test'), 'ended', actor);
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RCPT TO:<nobody@group.test>
S: 550 5.1.1 <nobody@group.test> is not registered in this group; check the address / <nobody@group.test> is niet aangesloten; controleer het adres
C: RCPT TO:<carol@group.test>
S: 550 5.2.1 <carol@group.test> is registered but suspended; ask the addressee or the helpdesk / <carol@group.test> is opgeschort; bel de ontvanger of de helpdesk
# who left is nobody's business: an ended address looks like one that never was
C: RCPT TO:<dave@group.test>
S: 550 5.1.1 <dave@group.test> is not registered in this group; check the address / <dave@group.test> is niet aangesloten; controleer het adres
C: DATA
S: 554 5.5.1 *
C: RCPT TO:<bob@group.test>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: From: alice@group.test
C:
C: .
S: 250 2.0.0 accepted as *
`,
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
  assert.equal((await filed(smtp.store, 'carol')).length, 0);
});

test('a session whose account is suspended ends at its next command', async (t) => {
  const smtp = await startSmtp(t);
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RSET
S: 250 *
@suspend
S: 421 4.7.0 *
`,
    { suspend: () => smtp.store.registry.setAccountState('alice', 'suspended', actor) },
  );
});

test('From and Sender must be the account itself, once and plainly', async (t) => {
  const smtp = await startSmtp(t);
  const good = [
    'From: alice@group.test',
    'FROM: "Praktijk, De" <ALICE@group.test>',
    'From:\n Alice\n <alice@group.test>',
    'From: "alice@group.test" <alice@group.test>\nReply-To: "Desk (desk@elsewhere.test)" <desk@elsewhere.test>, <a@elsewhere.test>',
    'From: alice@group.test <alice@group.test>',
    'From: alice@group.test (the practice)\nSender: alice@group.test\nReply-To: alice@elsewhere.test',
  ];
  const bad: [string, string][] = [
    ['To: bob@group.test', '550 5.6.0 * no From field*'],
    ['From: bob@group.test', '550 5.7.1 *'],
    ['From: alice@elsewhere.test', '550 5.7.1 *'],
    ['From: alice@group.test\nfrom: bob@group.test', '550 5.6.0 * more than one From *'],
    ['From : alice@group.test', '550 5.6.0 * space before * colon*'],
    ['From: alice@group.test\nFrom : bob@group.test', '550 5.6.0 * more than one From *'],
    ['From: alice@group.test, bob@group.test', '550 5.6.0 *'],
    ['From: Practice: alice@group.test;', '550 5.6.0 * group syntax *'],
    ['From: bob@group.test <alice@group.test>', '550 5.6.0 *'],
    ['From: <alice@group.test> <bob@group.test>', '550 5.6.0 *'],
    ['From: undisclosed', '550 5.6.0 *'],
    [
      'From: "bob@group.test" <alice@group.test>',
      '550 5.7.1 The name in the field From holds an address that is not yours; *',
    ],
    ['From: =?utf-8?q?bob=40?=\n =?utf-8?q?group.test?= <alice@group.test>', '550 5.7.1 The name in the field From *'],
    ['From: alice@group.test (bob@group.test)', '550 5.7.1 The name in the field From *'],
    ['From: "somebody@elsewhere.test" <alice@group.test>', '550 5.7.1 The name in the field From *'],
    ['From: alice@group.test\nSender: "bob@group.test" <alice@group.test>', '550 5.7.1 * field Sender *'],
    ['From: alice@group.test\nReply-To: "bob@group.test" <alice@elsewhere.test>', '550 5.7.1 * field Reply-To *'],
    ['From: alice@group.test\nReply-To: bob@group.test <alice@elsewhere.test>', '550 5.6.0 * field Reply-To *'],
    ['From: =?utf-7?q?bob+AEA-group.test?= <alice@group.test>', '550 5.6.0 * character set utf-7*'],
    ['From:', '550 5.6.0 *'],
    ['From: alice@group.test\nSender: bob@group.test', '550 5.7.1 *'],
    ['From: alice@group.test\nSender: alice@group.test\nSENDER: alice@group.test', '550 5.6.0 *'],
    ['From: alice@group.test\nno field\nFrom: bob@group.test', '550 5.6.0 * line 2 *'],
    ['\u00a0From: bob@group.test\nFrom: alice@group.test', '550 5.6.0 * line 1 *'],
    [' From: bob@group.test\nFrom: alice@group.test', '550 5.6.0 * line 1 *'],
  ];
  await dialog(
    smtp,
    [
      ...good.map((header) => message(header, '250 2.0.0 *')),
      ...bad.map(([header, reply]) => message(header, reply)),
    ].join('\n'),
  );
  assert.equal((await filed(smtp.store, 'bob')).length, good.length);
  assert.equal(smtp.log.names.filter((name) => name === 'smtp.reply-to-outside').length, 2);
});

test('a delegated address may be used in MAIL, From and Sender', async (t) => {
  const smtp = await startSmtp(t);
  const header = 'From: bob@group.test\nSender: alice@group.test';
  const named = 'From: "bob@group.test" <alice@group.test>';
  await dialog(
    smtp,
    [
      message(header, '550 5.7.1 *'),
      message(named, '550 5.7.1 *'),
      '@delegate',
      message(header, '250 2.0.0 *', '<bob@group.test>'),
      message(named, '250 2.0.0 *'),
    ].join('\n'),
    { delegate: () => smtp.store.registry.setDelegation(address('bob@group.test'), 'alice', true, actor) },
  );
});

test('a null sender is for reports and automatic replies, with a From that is checked all the same', async (t) => {
  const smtp = await startSmtp(t);
  const from = 'From: alice@group.test';
  await dialog(
    smtp,
    [
      message(from, '550 5.7.1 *', '<>'),
      message(`${from}\nAuto-Submitted: no`, '550 5.7.1 *', '<>'),
      message('From: bob@group.test\nAuto-Submitted: auto-replied', '550 5.7.1 *', '<>'),
      message(`${from}\nAuto-Submitted: auto-replied`, '250 2.0.0 *', '<>'),
      message(`${from}\nContent-Type: multipart/report; boundary=x`, '250 2.0.0 *', '<>'),
    ].join('\n'),
  );
});

test('a message that loops is refused', async (t) => {
  const smtp = await startSmtp(t);
  const from = 'From: alice@group.test';
  const foreign = 'Received: from a.test by b.test; Wed, 25 Nov 2026 12:00:00 +0000\n';
  const own =
    'Received: from a.test ([192.0.2.1])\n by mail.test (Sluis) with ESMTPSA;\n Wed, 25 Nov 2026 12:00:00 +0000\n';
  await dialog(
    smtp,
    [
      message(`${foreign.repeat(30)}${from}`, '250 2.0.0 *'),
      message(`${foreign.repeat(31)}${from}`, '554 5.4.6 *'),
      message(`${own}${from}`, '250 2.0.0 *'),
      message(`${own.repeat(2)}${from}`, '554 5.4.6 *'),
    ].join('\n'),
  );
});

test('the size limits: of the gateway, of the addressee, declared and not', async (t) => {
  const smtp = await startSmtp(t, { settings: { bob: { 'max-message': 65_536 } } });
  await addAccount(smtp.store, 'carol');
  const body = `From: alice@group.test\nX: ${'x'.repeat(900)}\n\n${`${'y'.repeat(998)}\n`.repeat(66)}`
    .split('\n')
    .map((line) => `C: ${line}`)
    .join('\n');
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test> SIZE=50000001
S: 552 5.3.4 *36 MB*
C: MAIL FROM:<alice@group.test> SIZE=70000
S: 250 *
C: RCPT TO:<bob@group.test>
S: 552 5.2.3 <bob@group.test> accepts messages up to 64KiB; *
C: RCPT TO:<carol@group.test>
S: 250 *
C: RSET
S: 250 *
# not declared: nobody gets it, and the text says whose limit it was
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RCPT TO:<bob@group.test>
S: 250 *
C: RCPT TO:<carol@group.test>
S: 250 *
C: DATA
S: 354 *
${body}
C: .
S: 552 5.2.3 *<bob@group.test>*64KiB*
`,
  );
  assert.equal((await filed(smtp.store, 'carol')).length, 0);
});

test('limit octets are accepted, one more is refused and leaves no row', async (t) => {
  const limit = 100_000;
  const smtp = await startSmtp(t, { limits: { maxMessage: limit as never } });
  const head = 'From: alice@group.test\r\n\r\n';
  // A line of one dot is two octets more on the wire than in the message.
  const exact = `${head}.\r\n${'z'.repeat(limit - head.length - 5)}\r\n`;
  const send = (content: string, reply: string): string =>
    `C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\nC~ ${content
      .replace('\r\n.', '\r\n..')
      .replaceAll('\r\n', '\\r\\n')}.\\r\\n\nS: ${reply}\n`;
  assert.equal(exact.length, limit);
  await dialog(
    smtp,
    send(exact, '250 2.0.0 *') + send(exact.replace('zz', 'zzz'), '552 5.3.4 *') + send(exact, '250 *'),
  );
  const messages = await filed(smtp.store, 'bob');
  assert.equal(messages.length, 2);
  assert.ok(messages[0]?.endsWith(exact));
});

test('a client that goes on for ever after its refusal is cut off', async (t) => {
  const smtp = await startSmtp(t, { limits: { maxMessage: 65_536 as never } });
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\nC: From: alice@group.test\nC:\n${`C: ${'x'.repeat(500_000)}\n`.repeat(21)}S: 552 5.3.4 *\n@closed`,
  );
});

test('a full mailbox is refused at RCPT, and at the end when it filled meanwhile', async (t) => {
  const smtp = await startSmtp(t, { settings: { bob: { quota: 1024 * 1024 } } });
  const big = `C: From: alice@group.test\nC:\n${`C: ${'x'.repeat(100_000)}\n`.repeat(9)}C: .\n`;
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RCPT TO:<bob@group.test>
S: 250 *
C: DATA
S: 354 *
${big}S: 250 *
C: MAIL FROM:<alice@group.test> SIZE=1000000
S: 250 *
C: RCPT TO:<bob@group.test>
S: 452 4.2.2 *
C: RSET
S: 250 *
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RCPT TO:<bob@group.test>
S: 250 *
C: DATA
S: 354 *
${big}S: 452 4.2.2 *
`,
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
});

test('a message larger than the whole mailbox is refused for good, declared or not, and when our own fields make it so', async (t) => {
  const quota = 1024 * 1024;
  const smtp = await startSmtp(t, { settings: { bob: { quota } } });
  const rcpt = 'S: 250 *\nC: RCPT TO:<bob@group.test>\n';
  const message = (size: number): string => {
    const header =
      'From: alice@group.test\r\nDate: Thu, 3 Dec 2026 05:00:00 +0000\r\nMessage-ID: <1@group.test>\r\n\r\n';
    const line = 'x'.repeat(size - header.length - 2);
    return `${header}${line}`
      .replaceAll('\r', '')
      .replace(/^(?=.)/gm, 'C: ')
      .replace(/^$/gm, 'C:');
  };
  const data = (size: number): string =>
    `C: MAIL FROM:<alice@group.test>\n${rcpt}S: 250 *\nC: DATA\nS: 354 *\n${message(size)}\nC: .\n`;
  const tooLarge = 'S: 552 5.2.3 * <bob@group.test> accepts (1MiB) *';
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test> SIZE=2000000\n${rcpt}S: 552 5.2.3 <bob@group.test> accepts messages up to 1MiB; *
C: RSET
S: 250 *
${data(quota + 1)}${tooLarge}
${data(quota - 10)}${tooLarge}
`,
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
});

test('messages, recipients and unknown recipients an hour have limits, each with a reply and a log line', async (t) => {
  const smtp = await startSmtp(t, {
    settings: { alice: { 'messages-per-hour': 1, 'recipients-per-hour': 3, 'unknown-recipients-per-hour': 2 } },
  });
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RCPT TO:<x1@group.test>
S: 550 5.1.1 *
C: RCPT TO:<x2@group.test>
S: 550 5.1.1 *
# a registered one as well: which is which must not show
C: RCPT TO:<bob@group.test>
S: 450 4.7.1 *
@hour
C: RCPT TO:<bob@group.test>
S: 250 *
# the same again is no other recipient
C: RCPT TO:<bob@group.test>
S: 250 *
C: RCPT TO:<alice@group.test>
S: 250 *
C: RCPT TO:<postmaster>
S: 250 *
C: RCPT TO:<postmaster@mail.test>
S: 450 4.7.1 *
C: DATA
S: 354 *
C: From: alice@group.test
C:
C: .
S: 250 *
C: MAIL FROM:<alice@group.test>
S: 450 4.7.1 *
`,
    {
      hour: () => smtp.clock.setMonotonic(smtp.clock.monotonic() + hours(2)),
    },
  );
  assert.deepEqual(
    smtp.log.events.filter((e) => e.event === 'smtp.limited').map((e) => e.fields.limit),
    ['unknown-recipients-per-hour', 'recipients-per-hour', 'messages-per-hour'],
  );
});

/** The store with some of its methods replaced. */
const failing = (store: Store, broken: Partial<Store>): Store =>
  new Proxy(store, {
    get: (target, name): unknown => {
      const own: unknown = Reflect.get(name in broken ? broken : target, name);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });

test('no room is temporary at MAIL already, with and without a declared size', async (t) => {
  let free = 0;
  const smtp = await startSmtp(t, {
    wrap: (store) => failing(store, { health: () => ({ ...store.health(), free: free as never }) }),
  });
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test>\nS: 452 4.3.1 *\n@free\nC: MAIL FROM:<alice@group.test> SIZE=100001\nS: 452 4.3.1 *\n${message('From: alice@group.test', '250 *')}`,
    { free: () => void (free = 100_000) },
  );
});

test('a store that is full, has failed, is away or does not know: a temporary failure at any step, never a 250, and nothing is filed', async (t) => {
  for (const [error, reply] of [
    [new StoreFull('full'), '452 4.3.1 *'],
    [new StoreFailed('failed'), '451 4.3.0 *'],
    [new StoreUnavailable('away'), '451 4.3.0 *'],
    [new OutcomeUnknown('perhaps'), '451 4.3.0 *'],
  ] as const) {
    const smtp = await startSmtp(t, { wrap: (store) => failing(store, { accept: () => Promise.reject(error) }) });
    await dialog(smtp, message('From: alice@group.test', reply));
    assert.equal((await filed(smtp.store, 'bob')).length, 0);
    const unopened = await startSmtp(t, {
      wrap: (store) =>
        failing(store, {
          openBody: () => {
            throw error;
          },
        }),
    });
    await dialog(
      unopened,
      `C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: ${reply}\nC: NOOP\nS: 250 *`,
    );
  }
});

test('a store that is away is a temporary failure at MAIL, RCPT and AUTH, and the session goes on', async (t) => {
  let away = true;
  const broken = (): Promise<never> => Promise.reject(new StoreUnavailable('no primary'));
  const smtp = await startSmtp(t, {
    wrap: (store) =>
      failing(store, {
        registry: new Proxy(store.registry, {
          get: (target, name): unknown => {
            if (away && (name === 'findRecipient' || name === 'findLogin')) return broken;
            const own: unknown = Reflect.get(target, name);
            return typeof own === 'function' ? (own.bind(target) as unknown) : own;
          },
        }),
      }),
  });
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test>
S: 451 4.3.0 The gateway cannot look this up at present, nothing is wrong with your message; try again in a moment / Er is een storing, dat ligt niet aan uw bericht; probeer het over een paar minuten opnieuw
C: MAIL FROM:<alice@group.test>
S: 451 4.3.0 *
@back
C: MAIL FROM:<alice@group.test>
S: 250 *
@gone
C: RCPT TO:<bob@group.test>
S: 451 4.3.0 The gateway cannot look this up *
@back
C: RCPT TO:<bob@group.test>
S: 250 *`,
    { back: () => void (away = false), gone: () => void (away = true) },
  );
});

test('a dropped line in the middle of DATA files nothing and frees everything', async (t) => {
  const smtp = await startSmtp(t);
  await dialog(
    smtp,
    'C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\nC: From: alice@group.test\nC:\nC: half\n@close',
  );
  while (smtp.connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(smtp.log.names.includes('smtp.interrupted'));
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
});

test('a sender that is too slow in DATA is cut off', async (t) => {
  const smtp = await startSmtp(t, { limits: { dataMinimum: 1000 as never } });
  const start =
    'C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\nC: From: alice@group.test\nC:\n';
  const directives = { wait: (s: string) => smtp.clock.advance(Number(s) * 1000), settle: settle };
  await dialog(
    smtp,
    `${start}C: ${'x'.repeat(2000)}\n@settle\n@wait 61\nC: drip\n@settle\n@wait 61\nS: 421 4.4.2 *\n@closed`,
    directives,
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
});

/** Lets what was sent arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('stop lets a message in DATA end, answers it, and tells the others to come back', async (t) => {
  const smtp = await startSmtp(t);
  let stopped: Promise<void> | undefined;
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test>
S: 250 *
C: RCPT TO:<bob@group.test>
S: 250 *
C: DATA
S: 354 *
C: From: alice@group.test
C:
@stop
@idle
C: the end
C: .
S: 250 2.0.0 accepted as *
S: 421 4.3.2 *
@closed
`,
    {
      stop: () => void (stopped = smtp.listener.stop(hours(1))),
      idle: async () => {
        await assert.rejects(runTranscript('S: 220 *', { protocol: 'smtp', port: smtp.port, ca: smtp.ca }));
      },
    },
  );
  await stopped;
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
});

test('stop ends idle sessions at once, and after the drain time a message that did not end', async (t) => {
  const smtp = await startSmtp(t);
  let stopped: Promise<void> | undefined;
  await dialog(smtp, '@stop\nS: 421 4.3.2 *\n@closed', { stop: () => void (stopped = smtp.listener.stop(hours(1))) });
  await stopped;
  const other = await startSmtp(t);
  await dialog(
    other,
    'C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\nC: DATA\nS: 354 *\n@stop\n@wait\nS: 421 4.3.2 *\n@closed',
    {
      stop: () => void (stopped = other.listener.stop(seconds(10))),
      wait: () => other.clock.advance(10_000),
    },
  );
  await stopped;
  assert.equal((await filed(other.store, 'bob')).length, 0);
});

test('SMTPUTF8: an address outside ASCII needs it, and the trace line says UTF8SMTPSA', async (t) => {
  const smtp = await startSmtp(t);
  await smtp.store.registry.addAddress('bob', address('bób@group.test'), actor);
  const rcpt = 'RCPT TO:<b\\xc3\\xb3b@group.test>\\r\\n';
  await dialog(
    smtp,
    `
C: MAIL FROM:<alice@group.test>
S: 250 *
C~ ${rcpt}
S: 553 5.6.7 *
C: RSET
S: 250 *
C: MAIL FROM:<alice@group.test> SMTPUTF8
S: 250 *
C~ ${rcpt}
S: 250 *
C: DATA
S: 354 *
C: From: alice@group.test
C:
C: .
S: 250 *
`,
  );
  const [message] = await filed(smtp.store, 'bob');
  assert.match(message ?? '', /with UTF8SMTPSA/);
  assert.match(Buffer.from(message ?? '', 'latin1').toString('utf8'), /for <bób@group\.test>/);
});

test('what was accepted stands in the audit trail and the log, without subject or content', async (t) => {
  const smtp = await startSmtp(t);
  await dialog(smtp, message('From: alice@group.test\nSubject: HIV-uitslag\nMessage-ID: <a@b>', '250 *'));
  const rows = await smtp.store.audit.read({ limit: 100 });
  const row = rows.find((r) => r.event === 'message.accepted');
  assert.equal(row?.facts?.recipients, 1);
  assert.equal(row.facts.tls, 'TLSv1.3');
  assert.deepEqual(row.personal?.recipients, ['bob@group.test']);
  assert.ok(smtp.log.names.includes('smtp.accepted'));
  assert.doesNotMatch(JSON.stringify([rows, smtp.log.events]), /HIV/);
});
