/**
 * Interchanges on their way through the gateway: what the trace says of them, what guards find,
 * what they do with it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { viewParts } from '../../src/admin/part-views.ts';
import { NoticeWriter } from '../../src/notices/notice-writer.ts';
import type { Address } from '../../src/domain/address.ts';
import { type MessageId, parseMessageId } from '../../src/domain/ids.ts';
import { octets } from '../../src/domain/units.ts';
import { ediSteps } from '../../src/gateway/middleware.ts';
import { Chain } from '../../src/middleware/chain.ts';
import type { Store } from '../../src/store/port/store.ts';
import { BINARY, GROUPED, MEDLAB, MEDSPE, MEDVRI, ORU, PACKAGE } from '../edi/samples.ts';
import { FakeClock } from '../support/clock.ts';
import { filed } from '../support/filed.ts';
import { MemoryLog } from '../support/log.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { type SmtpFixture, type SmtpFixtureOptions, startSmtp } from '../support/smtp.ts';
import { type Cleanup, addAccount } from '../support/store.ts';
import { trusting } from '../support/wire.ts';

const actor = { name: 'test' };

interface Guarded extends SmtpFixture {
  readonly client: SmtpClient;
  readonly guardLog: MemoryLog;
  /** Submits the content as the base64 of one part, whatever it is. */
  send(content: Buffer | string, to?: readonly string[], more?: string): Promise<string>;
}

async function guarded(t: Cleanup, settings: SmtpFixtureOptions['settings'] = {}): Promise<Guarded> {
  const guardLog = new MemoryLog();
  const middleware = (store: Store) => {
    const noticeWriter = new NoticeWriter({
      ...{ store, clock: new FakeClock(), log: guardLog, random: randomBytes, hostname: 'mail.test' },
      operator: 'postmaster@mail.test' as Address,
      returnLimit: octets(4096),
    });
    return new Chain(store, ediSteps({ store, log: guardLog, noticeWriter }));
  };
  const smtp = await startSmtp(t, { settings, middleware });
  const client = await SmtpClient.open(
    { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
    { login: 'alice', password: 'alice-pw' },
  );
  t.after(() => client.wire.destroy());
  let n = 0;
  const send = async (content: Buffer | string, to = ['bob@group.test'], more = ''): Promise<string> => {
    n += 1;
    const data = Buffer.from(content as string, 'latin1')
      .toString('base64')
      .replace(/.{76}/g, '$&\r\n');
    const header = `From: alice@group.test\r\nMessage-ID: <${n}@client.test>\r\nMIME-Version: 1.0\r\n`;
    return await client.submit(
      'alice@group.test',
      [...to],
      Buffer.from(
        more === ''
          ? `${header}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${data}\r\n`
          : `${header}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${more}\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n${data}\r\n--b--\r\n`,
      ),
    );
  };
  return { ...smtp, client, guardLog, send };
}

const idOf = (reply: string): MessageId => {
  const id = parseMessageId(acceptedId(reply));
  assert.ok(id !== undefined, reply);
  return id;
};

const eventsOf = async (store: Store, id: MessageId): Promise<string[]> =>
  (await store.audit.read({ message: id, limit: 100 })).map(
    ({ event, facts }) => `${event}${facts?.guard === undefined ? '' : ` ${facts.guard}`}`,
  );

const identities = async ({ store }: Guarded, ...all: string[]): Promise<void> => {
  const registered = all.map((text) => {
    const [id = '', qualifier = ''] = text.split(':');
    return { id, qualifier, organisation: 'practice' };
  });
  await store.registry.addIdentities(registered, actor);
};

test('samples of all kinds come through with the right facts, and wrong ones with the right remark, all delivered', async (t) => {
  const g = await guarded(t);
  for (const [name, sample, expected] of [
    ['MEDLAB', MEDLAB, ['edifact', 'UNOA:1', '500000001', '500000002', 'LAB0001', '2 MEDLAB 1', 'right', '']],
    ['MEDVRI', MEDVRI, ['edifact', 'UNOC:1', '500000003:ZZ', '500000004:ZZ', '77', '1 MEDVRI 1', 'right', '']],
    [
      'MEDSPE',
      MEDSPE,
      ['edifact', 'UNOA:1', '500000005', '500000002', '00042', '1 MEDSPE 1', 'wrong', 'unt-reference unz-reference'],
    ],
    [
      'MedCom',
      PACKAGE,
      ['edifact', 'UNOC:3', '5790000000001:14', '5790000000002:14', 'DK1', '1 MEDBIN D:01B:UN:B0131X', 'right', ''],
    ],
    [
      'D.96A',
      GROUPED,
      ['edifact', 'UNOC:3', 'SENDER:14', 'RECEIVER:14', 'REF', '1 ORDERS D:96A:UN:EAN008', 'right', ''],
    ],
    ['HL7', ORU, ['hl7', '', 'LABFAC:LABAPP', 'GPFAC:GPAPP', 'CTRL1', '1 ORU^R01 2.4', 'none', '']],
    [
      'a lost message',
      MEDLAB.replace(/UNH\+2[^]*UNT\+2\+2'/, ''),
      ['edifact', 'UNOA:1', '500000001', '500000002', 'LAB0001', '1 MEDLAB 1', 'wrong', 'unz-count'],
    ],
    [
      'an object of another length',
      PACKAGE.toString('latin1').replace(`BIN+${BINARY.length}'`, `BIN+${BINARY.length + 1}'`),
      [
        'edifact',
        'UNOC:3',
        '5790000000001:14',
        '5790000000002:14',
        'DK1',
        '1 MEDBIN D:01B:UN:B0131X',
        'wrong',
        'object-length',
      ],
    ],
  ] as const) {
    const reply = await g.send(sample);
    const [found, more] = viewParts(await g.store.messageParts(idOf(reply))).interchanges;
    assert.ok(found !== undefined && more === undefined, name);
    const { format, syntax = '', sender, recipient, reference, messages, controls, remarks } = found;
    const counted = messages.map((m) => `${m.count} ${m.type} ${m.version}`).join(', ');
    const remarked = remarks.map((r) => r.kind).join(' ');
    const [f, s, from, to, ref, types, totals, wanted] = expected;
    assert.deepEqual(
      [format, syntax, sender, recipient, reference, counted, controls],
      [f, s, from, to, ref, types, totals],
      name,
    );
    assert.ok(wanted === '' ? remarked === '' : remarked.includes(wanted.split(' ')[0]!), `${name}: ${remarked}`);
  }
  assert.equal((await filed(g.store, 'bob')).length, 8);
});

test('a warning is in the trace and the log with parties and reference, and nothing of a message; the octets are untouched', async (t) => {
  const g = await guarded(t, { bob: { 'edi-accepts': 'MEDVRI' } });
  await identities(g, '1', 'ZZ9');
  const id = idOf(await g.send(MEDLAB.replace('UNZ+2', 'UNZ+3')));
  assert.deepEqual(await eventsOf(g.store, id), [
    'message.accepted',
    ...['edi.warned sender', 'edi.warned controls', 'edi.warned recipient', 'edi.warned type'],
  ]);
  const events = g.guardLog.events.filter((e) => e.event === 'edi.guard');
  assert.deepEqual(
    events.map(({ fields }) => [fields.guard, fields.mode, fields.from, fields.to, fields.reference]),
    ['sender', 'controls', 'recipient', 'type'].map((guard) => [guard, 'warn', '500000001', '500000002', 'LAB0001']),
  );
  const everything = JSON.stringify([
    g.guardLog.events,
    g.log.events,
    await g.store.audit.read({ message: id, limit: 100 }),
  ]);
  assert.ok(!/TOKEN|QUESTION|SYN0001/.test(everything));
  const [message = ''] = await filed(g.store, 'bob');
  assert.ok(message.includes(Buffer.from(MEDLAB.slice(0, 57)).toString('base64').slice(0, 60)));
});

test('a refusal names what is wrong in one line, and files nothing for anybody', async (t) => {
  const g = await guarded(t, { alice: { 'edi-sender': 'refuse', 'edi-controls': 'refuse' } });
  await identities(g, '500000002');
  const refused = async (text: string): Promise<string> =>
    await g.send(text).then(
      () => assert.fail('it was taken'),
      (error: unknown) => (error instanceof UnexpectedReply ? error.reply : assert.fail(String(error))),
    );
  assert.equal(
    await refused(MEDLAB),
    '554 5.7.1 The interchange names as its sender "500000001", which is not the sender\'s organisation; nothing was sent',
  );
  await identities(g, '500000001');
  idOf(await g.send(MEDLAB));
  assert.match(
    await refused(MEDLAB.replace("UNZ+2+LAB0001'", '')),
    /^554 5\.6\.0 The control totals are wrong: unz-missing; /,
  );
  assert.equal((await filed(g.store, 'bob')).length, 1);
  assert.deepEqual(await g.store.deliveries.list({ limit: 10 }), []);
});

test('an addressee decides of what reaches it: only its own copy is held, sender and operator are told at once', async (t) => {
  const g = await guarded(t, {
    bob: { 'edi-type': 'hold', 'edi-accepts': 'MEDVRI', notices: 'mailbox' },
    alice: { notices: 'mailbox' },
  });
  await addAccount(g.store, 'carol');
  const reply = await g.send(MEDLAB, ['bob@group.test', 'carol@group.test']);
  assert.match(reply, /held for one addressee until the helpdesk has looked at it/);
  const id = idOf(reply);
  assert.deepEqual(await filed(g.store, 'bob'), []);
  assert.equal((await filed(g.store, 'carol')).length, 1);
  assert.deepEqual(await eventsOf(g.store, id), ['message.accepted', 'edi.held type', 'notice.filed', 'notice.filed']);
  const [notice = ''] = await filed(g.store, 'alice');
  for (const part of [
    /Uw bericht wordt vastgehouden/,
    /bob@group\.test/,
    /MEDLAB \(1\)/,
    /Your message is held|have NOT delivered/,
  ])
    assert.match(notice, part);
  assert.ok(!notice.includes('carol@'));
  const [operator = ''] = await filed(g.store, 'postmaster', -1);
  assert.ok(operator.includes(`sluis queue release --message ${id}`));
  const [held] = await g.store.deliveries.list({ limit: 10 });
  assert.equal(await g.store.deliveries.change([held!.id], 'release', actor), 1);
  assert.equal((await filed(g.store, 'bob')).length, 1);
});

test('what is wrong with the whole message holds it for all; a reference that is used again for other messages is such a thing', async (t) => {
  const g = await guarded(t, { alice: { 'edi-reference': 'hold', notices: 'mailbox' } });
  await addAccount(g.store, 'carol');
  const both = ['bob@group.test', 'carol@group.test'];
  const other = MEDLAB.replace('SYN0001', 'SYN0002');
  const renamed = (text: string): string => text.replaceAll('LAB0001', 'LAB0002');
  const held = async (text: string): Promise<boolean> => (await g.send(text, both)).includes(' held for ');
  assert.equal(await held(MEDLAB), false);
  assert.equal(await held(MEDLAB), false); // repeated
  assert.equal(await held(renamed(MEDLAB)), false); // repackaged
  assert.equal(await held(other), true); // reused
  assert.equal(await held(renamed(other)), true);
  assert.equal((await g.store.deliveries.list({ limit: 10 })).length, 4);
  const events = (await g.store.audit.read({ limit: 1000 })).map(({ event }) => event);
  assert.deepEqual(
    events.filter((event) => event.startsWith('edi.re')),
    ['edi.repeated', 'edi.repackaged'],
  );
  // Sent again it is held again, also after a release, which is for the copies that it named; what
  // was accepted before it stays known.
  assert.equal(await held(other), true);
  const [waiting] = await g.store.deliveries.list({ limit: 10 });
  assert.equal(await g.store.deliveries.change([waiting!.id], 'release', actor), 1);
  assert.equal(await held(other), true);
  assert.equal(await held(MEDLAB), false, 'the repetition of an older one');
  assert.equal(await held(other.replaceAll('LAB0001', 'LAB0003')), false, 'under a reference of its own it is new');
});

test('guards that are off say nothing; a test is held where the addressee wants no tests', async (t) => {
  const off = { 'edi-sender': 'off', 'edi-controls': 'off', 'edi-reference': 'off' };
  const g = await guarded(t, { alice: off, bob: { 'edi-recipient': 'off', 'edi-test': 'hold' } });
  await identities(g, '1');
  assert.deepEqual(await eventsOf(g.store, idOf(await g.send(MEDLAB.replace('UNZ+2', 'UNZ+3')))), ['message.accepted']);
  const id = idOf(await g.send(MEDVRI));
  assert.ok((await eventsOf(g.store, id)).includes('edi.held test'));
});

test('a hundred interchanges for a hundred addressees are judged whole, told of in part, and hold nobody up', async (t) => {
  const g = await guarded(t, { bob: { 'edi-recipient': 'hold' } });
  await identities(g, '9');
  const many = Array.from({ length: 100 }, (_, n) => `a${n}@group.test`);
  for (const address of many) await g.store.registry.addAddress('bob', address as Address, actor);
  const id = idOf(await g.send(`${MEDLAB}\r\n`.repeat(100), many));
  const events = await eventsOf(g.store, id);
  assert.equal(events.filter((event) => event.startsWith('edi.')).length, 20);
  assert.equal(g.guardLog.events.filter((e) => e.event === 'edi.guard-more').length, 1);
  const deliveries = await g.store.deliveries.list({ limit: 1000 });
  assert.deepEqual([deliveries.length, deliveries[0]?.state], [1, 'held']);
});

test('an interchange that asks for it marks its recipients for an acknowledgement, where the account is set so', async (t) => {
  for (const [setting, sample, marked] of [
    ['asked', MEDVRI, true],
    ['asked', MEDLAB, undefined],
    ['messages', MEDVRI, true],
    ['never', MEDVRI, undefined],
  ] as const) {
    const g = await guarded(t, { alice: { 'edi-contrl': setting } });
    const id = idOf(await g.send(sample));
    const message = await g.store.deliveries.findMessage(id);
    assert.equal(message?.recipients[0]?.contrl, marked);
    // Whoever is not answered about each message has no list of them.
    const [found] = (await g.store.messageParts(id))?.interchanges ?? [];
    assert.deepEqual(
      found?.inside?.messages,
      setting === 'messages' ? [{ reference: '77', type: 'MEDVRI', version: '1' }] : undefined,
    );
  }
});

test('with an answer about each message it is remembered what came before the interchange: the four cases', async (t) => {
  const g = await guarded(t, { alice: { 'edi-contrl': 'messages' } });
  const seen = async (text: string): Promise<string | undefined> =>
    (await g.store.messageParts(idOf(await g.send(text))))?.interchanges[0]?.seen;
  assert.deepEqual(
    [
      await seen(MEDLAB),
      await seen(MEDLAB),
      await seen(MEDLAB.replaceAll('LAB0001', 'LAB0002')),
      await seen(MEDLAB.replace('SYN0001', 'SYN0002')),
    ],
    [undefined, 'repeated', 'repackaged', 'reused'],
  );
});

// --- boxes

const PDF = 'Content-Type: application/pdf; name=letter.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=';
const NOTE = 'Content-Type: text/plain\r\n\r\nThe results are attached.';

async function boxed(t: Cleanup, settings: Readonly<Record<string, string>> = {}) {
  const g = await guarded(t, { bob: { 'edi-mailbox': 'system', ...settings } });
  await g.store.registry.addAccount({ login: 'system', organisation: 'practice', kind: 'edi', addresses: [] }, actor);
  const count = async (): Promise<[bob: number, system: number]> => [
    (await g.store.registry.findAccount('bob'))?.messages ?? 0,
    (await g.store.registry.findAccount('system'))?.messages ?? 0,
  ];
  return { ...g, count };
}

test('one address, two mailboxes: EDI goes to the one that a system empties, with its cover note; mail to the other', async (t) => {
  const g = await boxed(t);
  const id = idOf(await g.send(MEDLAB));
  assert.deepEqual(await g.count(), [0, 1]);
  await g.send(MEDLAB, undefined, NOTE);
  assert.deepEqual(await g.count(), [0, 2]);
  await g.send('no interchange', undefined, NOTE);
  assert.deepEqual(await g.count(), [1, 2]);
  const message = await g.store.deliveries.findMessage(id);
  const [where] = await g.store.deliveries.whereabouts(message!);
  assert.ok(where?.kind === 'mailbox' && where.recipient === 'bob@group.test');
  assert.equal((await g.store.registry.findAccountById(where.account))?.account.login, 'system');
});

test('a message with a letter beside its EDI is in both mailboxes, or where the addressee wants it', async (t) => {
  for (const [mixed, expected] of [
    ['both', [1, 1]],
    ['edi', [0, 1]],
    ['mail', [1, 0]],
  ] as const) {
    const g = await boxed(t, { 'edi-mixed': mixed });
    const id = idOf(await g.send(MEDLAB, undefined, PDF));
    assert.deepEqual(await g.count(), expected, mixed);
    const message = await g.store.deliveries.findMessage(id);
    assert.equal((await g.store.deliveries.whereabouts(message!)).length, mixed === 'both' ? 2 : 1);
  }
});

test("a box that is no more, or is somebody else's, is passed over: nothing goes astray", async (t) => {
  const g = await boxed(t);
  await g.store.registry.setAccountState('system', 'ended', actor);
  await g.send(MEDLAB);
  await g.store.registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, actor);
  await g.store.registry.addAccount({ login: 'olga', organisation: 'other', kind: 'edi', addresses: [] }, actor);
  const target = { scope: 'account', login: 'bob' } as const;
  await g.store.registry.changeSettings(target, { 'edi-mailbox': 'olga' }, actor);
  await g.send(MEDLAB);
  assert.deepEqual(await g.count(), [2, 0]);
  assert.deepEqual(
    g.guardLog.events.filter((e) => e.event === 'edi.box-unusable').map((e) => e.fields.box),
    ['system', 'olga'],
  );
});

test('a copy that is held for a box is released into the box', async (t) => {
  const g = await boxed(t, { 'edi-type': 'hold', 'edi-accepts': 'MEDVRI' });
  await g.send(MEDLAB, undefined, PDF);
  assert.deepEqual(await g.count(), [0, 0]);
  const held = await g.store.deliveries.list({ limit: 10 });
  assert.equal(
    await g.store.deliveries.change(
      held.map(({ id }) => id),
      'release',
      actor,
    ),
    2,
  );
  assert.deepEqual(await g.count(), [1, 1]);
});
