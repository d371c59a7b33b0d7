/**
 * What senders, owners and the operator are told by a running gateway: over real SMTP and POP3, as
 * their programs see it.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../../src/admin/client.ts';
import { controlSocketOf } from '../../src/config/load.ts';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import type { MessageId } from '../../src/domain/ids.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import {
  type TestGateway,
  type TestGatewayOptions,
  addressOf,
  loginOf,
  passwordOf,
  startTestGateway,
} from '../support/gateway.ts';
import { type Sending, fetchAll, send, subjectsOf } from '../support/mail.ts';
import { FakeClock } from '../support/clock.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { until } from '../support/until.ts';

const actor = { name: 'test' };

interface Opened extends TestGateway {
  /** From anna to bram where nothing else is said. */
  submit(more?: Partial<Sending>, by?: string): Promise<string>;
  fetch(name: string, how?: 'quit' | 'delete' | 'drop'): Promise<string[]>;
}

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<Opened> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'], ...options });
  t.after(() => gateway.remove());
  return {
    ...gateway,
    submit: (more = {}, by = 'anna') =>
      send(gateway.target('submission'), loginOf(by), {
        from: addressOf(by),
        to: [addressOf('bram')],
        content: contentOf(by),
        ...more,
      }),
    fetch: (name, how) => fetchAll(gateway.target('pop3s'), loginOf(name), how),
  };
}

let count = 0;
function contentOf(by: string, ...fields: string[]): string {
  count += 1;
  return [
    `From: ${addressOf(by)}`,
    `To: ${addressOf('bram')}`,
    `Subject: uitslag ${count}`,
    'Date: Wed, 25 Nov 2026 12:00:00 +0000',
    `Message-ID: <uitslag-${count}@group.test>`,
    ...fields,
    '',
    'Body.',
    '',
  ].join('\r\n');
}

test('NOTIFY=SUCCESS is answered at once: the message stands in the mailbox', async (t) => {
  const gateway = await open(t);
  const id = await gateway.submit({
    parameters: 'RET=FULL ENVID=order+2B7',
    to: [
      [addressOf('bram'), 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bram@group.test'],
      [addressOf('carl'), 'NOTIFY=FAILURE'],
    ],
  });
  const [notice = '', ...others] = await gateway.fetch('anna');
  assert.deepEqual(others, []);
  assert.match(notice, /^Subject: Bezorgd: uw bericht aan bram@group\.test\r$/m);
  assert.match(notice, /^Original-Envelope-Id: order\+7\r$/m);
  assert.match(
    notice,
    /^Original-Recipient: rfc822; Bram@group\.test\r\nFinal-Recipient: rfc822; bram@group\.test\r\nAction: delivered\r\nStatus: 2\.0\.0\r$/m,
  );
  assert.doesNotMatch(notice, /carl@group\.test\r\nAction/);
  // RFC 3461 section 6.2: of a message that arrived only the header comes back, whatever RET says.
  assert.match(
    notice,
    new RegExp(`text/rfc822-headers\\r\\n\\r\\nAuthentication-Results: [^]*; none\\r\\nReceived: [^]*id ${id}`),
  );
  assert.doesNotMatch(notice, /^Body\.\r$/m);
  assert.equal((await gateway.fetch('bram')).length, 1);
  assert.deepEqual(await gateway.fetch('anna'), [], 'fetching is another thing, and was not asked about');
});

test('the sender hears that an addressee is away, once a day, and the substitute has the message', async (t) => {
  const gateway = await open(t);
  const { registry } = gateway.store;
  await registry.setConsent(addressOf('carl'), addressOf('bram'), true, actor);
  const now = Date.now();
  await registry.addAbsences(
    [
      {
        ...{ address: addressOf('bram'), from: instant(now - hours(1)), until: instant(now + days(2)) },
        ...{ mode: 'substitute', substitute: addressOf('carl') },
      },
    ],
    actor,
  );
  for (let i = 0; i < 3; i += 1) await gateway.submit();
  await gateway.submit({ to: [[addressOf('bram'), 'NOTIFY=NEVER']] });
  assert.equal((await gateway.fetch('carl')).length, 4);
  assert.deepEqual(await gateway.fetch('bram'), []);
  assert.deepEqual(subjectsOf(await gateway.fetch('anna')), ['Afwezig, naar de waarnemer: bram@group.test']);
  const content = contentOf('anna', 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data');
  await gateway.submit({ content });
  assert.deepEqual(subjectsOf(await gateway.fetch('anna')), ['Afwezig, uw bericht wacht: bram@group.test']);
  assert.equal((await gateway.fetch('bram')).length, 1);
});

// --- receipts

const wish = 'Sluis-Receipt: collected';

/** What a report's fields for programs say, in their order. */
const fieldsOf = (report: string, name: string): string[] =>
  [...report.matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gm'))].map(([, value]) => value ?? '');

test('the sender hears when its message was fetched and QUIT confirmed it: TLS version and the hash of each attachment', async (t) => {
  const gateway = await open(t);
  const edifact = Buffer.from("UNA:+.? 'UNB+UNOC:3+50000001+50000002+261125:1200+7431'UNZ+0+7431'\r\n");
  const binary = Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 7) % 256));
  const content = [
    ...[`From: ${addressOf('anna')}`, `To: ${addressOf('bram')}`, 'Subject: uitslag', wish],
    ...['Date: Wed, 25 Nov 2026 12:00:00 +0000', 'Message-ID: <met-bijlagen@group.test>', 'MIME-Version: 1.0'],
    ...['Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '', 'Zie bijlagen.'],
    ...['--b', 'Content-Type: application/edifact', 'Content-Transfer-Encoding: base64', ''],
    ...[edifact.toString('base64'), '--b', 'Content-Type: application/octet-stream; name=meting.bin'],
    ...['Content-Transfer-Encoding: base64', '', ...(binary.toString('base64').match(/.{1,76}/g) ?? []), '--b--', ''],
  ].join('\r\n');
  const id = await gateway.submit({ content });
  assert.deepEqual(await gateway.fetch('anna'), [], 'nothing before it was fetched');
  const [message = ''] = await gateway.fetch('bram', 'quit');
  assert.equal(message.slice(message.indexOf('From: ')), content);
  const [receipt = '', ...others] = await gateway.fetch('anna');
  assert.deepEqual(others, []);
  assert.match(receipt, /^Subject: Opgehaald: uw bericht aan bram@group\.test\r$/m);
  assert.match(receipt, /^In-Reply-To: <met-bijlagen@group\.test>\r$/m);
  const sha256 = (octets: Buffer | string): string => createHash('sha256').update(octets).digest('hex');
  assert.deepEqual(fieldsOf(receipt, 'Action'), ['delivered']);
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-Collected-By'), ['Group']);
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-Confirmed'), ['quit']);
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-TLS'), ['TLSv1.3']);
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-SHA256'), [sha256(Buffer.from(message, 'latin1'))]);
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-Attachment-SHA256'), [sha256(edifact), `${sha256(binary)} meting.bin`]);
  const rows = await gateway.store.audit.read({ message: id as MessageId, limit: 100 });
  assert.deepEqual(
    rows.map(({ event, facts }) => [event, facts?.tls ?? facts?.notice]),
    [
      ['message.accepted', 'TLSv1.3'],
      ['notice.filed', 'collected'],
      ['message.collected', 'TLSv1.3'],
    ],
  );
  // It stays on the server and is fetched again: nothing more is told.
  await gateway.fetch('bram', 'delete');
  assert.deepEqual(await gateway.fetch('anna'), []);
});

test('a line that breaks before QUIT proves nothing; the second time it is told as fetched twice', async (t) => {
  const gateway = await open(t);
  await gateway.submit({ content: contentOf('anna', wish) });
  await gateway.fetch('bram', 'drop');
  await sessionsEnd(gateway, 1);
  assert.deepEqual(await gateway.fetch('anna'), []);
  await gateway.fetch('bram', 'drop');
  await sessionsEnd(gateway, 3);
  const [receipt = ''] = await gateway.fetch('anna');
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-Confirmed'), ['twice']);
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-TLS'), ['TLSv1.3'], 'known although the line has gone');
  // QUIT at last: that it was fetched has been told.
  await gateway.fetch('bram', 'delete');
  assert.deepEqual(await gateway.fetch('anna'), []);
});

test('a message that was fetched before the line broke, and is deleted by the next session, is confirmed', async (t) => {
  const gateway = await open(t);
  await gateway.submit({ content: contentOf('anna', wish) });
  await gateway.fetch('bram', 'drop');
  await sessionsEnd(gateway, 1);
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  await client.command('DELE 1');
  await client.quit();
  const [receipt = ''] = await gateway.fetch('anna');
  assert.deepEqual(fieldsOf(receipt, 'X-Sluis-Confirmed'), ['quit']);
});

test('the setting asks for every message or for none, and NOTIFY=NEVER wins', async (t) => {
  const gateway = await open(t);
  const { registry } = gateway.store;
  const set = (value: string): Promise<void> =>
    registry.changeSettings({ scope: 'account', login: addressOf('anna') }, { 'collected-receipts': value }, actor);
  await set('always');
  await gateway.submit();
  await gateway.submit({ to: [[addressOf('bram'), 'NOTIFY=NEVER']] });
  await set('never');
  await gateway.submit({ content: contentOf('anna', wish) });
  assert.equal((await gateway.fetch('bram')).length, 3);
  assert.equal((await gateway.fetch('anna')).length, 1);
});

test('a read receipt of a mail program passes untouched, and causes nothing', async (t) => {
  const gateway = await open(t);
  const mdn = [
    ...[`From: ${addressOf('anna')}`, `To: ${addressOf('bram')}`, 'Subject: Gelezen: verwijzing', wish],
    ...['Date: Wed, 25 Nov 2026 12:00:00 +0000', 'Message-ID: <mdn-1@group.test>', 'MIME-Version: 1.0'],
    'Content-Type: multipart/report; report-type=disposition-notification; boundary="=_m"',
    ...[
      '',
      '--=_m',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: 8bit',
      '',
      'Gelezen \xeb',
    ],
    ...['--=_m', 'Content-Type: message/disposition-notification', '', 'Reporting-UA: mail.test; Program 1.0'],
    ...['Final-Recipient: rfc822;anna@group.test', 'Original-Message-ID: <verwijzing@group.test>'],
    ...['Disposition: manual-action/MDN-sent-manually; displayed', '', '--=_m--', ''],
  ].join('\r\n');
  const asked = contentOf('bram', 'Disposition-Notification-To: bram@group.test');
  await gateway.submit({ content: asked, to: [addressOf('anna')] }, 'bram');
  const [question = ''] = await gateway.fetch('anna');
  assert.equal(question.slice(question.indexOf('From: ')), asked);
  await gateway.submit({ from: '', content: Buffer.from(mdn, 'latin1'), parameters: 'BODY=8BITMIME' });
  const [report = ''] = await gateway.fetch('bram');
  assert.equal(report.slice(report.indexOf('From: ')), mdn);
  assert.deepEqual(await gateway.fetch('anna'), [], 'no receipt to a null reverse path');
  assert.deepEqual(await gateway.fetch('bram'), []);
});

test('receipts and reports about the mail of a system go to its contact, unless it asks for them', async (t) => {
  const gateway = await open(t);
  const { registry } = gateway.store;
  const lab = addressOf('lab');
  await registry.addOrganisation({ name: 'lab', title: 'Lab', language: 'nl', contact: addressOf('carl') }, actor);
  await registry.addAccount(
    {
      ...{ login: lab, organisation: 'lab', kind: 'edi', addresses: [lab] },
      password: { name: 'first', hash: await hashPassword(passwordOf('lab')) },
    },
    actor,
  );
  const post = async (): Promise<void> => {
    await gateway.submit({ content: contentOf('lab', wish), to: [[addressOf('bram'), 'NOTIFY=SUCCESS']] }, 'lab');
    await gateway.fetch('bram');
  };
  const told = ['Bezorgd: uw bericht aan bram@group.test', 'Opgehaald: uw bericht aan bram@group.test'];
  await post();
  assert.deepEqual(await gateway.fetch('lab'), []);
  assert.deepEqual(subjectsOf(await gateway.fetch('carl')), told);
  await registry.changeSettings({ scope: 'account', login: lab }, { notices: 'mailbox' }, actor);
  await post();
  assert.deepEqual(subjectsOf(await gateway.fetch('lab')), told);
  assert.deepEqual(await gateway.fetch('carl'), []);
});

test('a message that is sent again while the first copy waits is told of once', async (t) => {
  const gateway = await open(t);
  const again = { content: contentOf('anna'), to: [[addressOf('bram'), 'NOTIFY=SUCCESS']] } as const;
  const first = await gateway.submit(again);
  assert.equal(await gateway.submit(again), first);
  assert.equal((await gateway.fetch('anna')).length, 1);
  // Collected meanwhile: a deliberate second copy is delivered and told of.
  await gateway.fetch('bram');
  assert.notEqual(await gateway.submit(again), first);
  assert.equal((await gateway.fetch('anna')).length, 1);
});

// --- owners

test('the owner hears why deleted messages came back, and they come back as new ones', async (t) => {
  const gateway = await open(t);
  const id = await gateway.submit({ content: contentOf('anna', wish) });
  await gateway.fetch('bram', 'delete');
  const operator = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  const input = { login: addressOf('bram'), message: id, reason: 'disk of the practice broke, asked by telephone' };
  await operator?.call('mailbox.restore', input);
  await operator?.close();
  const [message = '', letter = ''] = await gateway.fetch('bram');
  assert.match(message, /^Subject: uitslag/m);
  assert.match(letter, /^Subject: Een verwijderd bericht staat weer klaar\r$/m);
  assert.match(letter, /disk of the practice broke, asked by telephone/);
  assert.equal((await gateway.fetch('anna')).length, 1, 'collected is told once, however often it is handed out');
});

test('an owner whose mailbox two places empty is warned, once, and so are the organisation and the operator', async (t) => {
  const clock = new FakeClock();
  const gateway = await open(t, { clock, configuration: `[notices]\noperator = "${addressOf('carl')}"\n` });
  const fetched: string[] = [];
  for (const [n, localAddress] of ['127.0.1.1', '127.0.2.2', '127.0.1.1', '127.0.2.2'].entries()) {
    await gateway.submit();
    fetched.push(...(await fetchAll({ ...gateway.target('pop3s'), localAddress }, loginOf('bram'))));
    await sessionsEnd(gateway, n + 1);
    clock.advance(hours(2));
  }
  const warnings = (): number => gateway.log.names.filter((name) => name === 'maildrop.two-consumers').length;
  await until('each look has found the other place', () => warnings() === 3);
  await gateway.stop();
  const again = await gateway.restart();
  t.after(() => again.stop());
  fetched.push(...(await fetchAll(again.target('pop3s'), loginOf('bram'))));
  assert.deepEqual(
    subjectsOf(fetched).filter((subject) => !subject.startsWith('uitslag')),
    [`Twee systemen legen dezelfde postbus: ${addressOf('bram')}`],
  );
  // No contact is registered: the first account of the organisation that people read has it.
  for (const name of ['anna', 'carl'])
    assert.deepEqual(
      subjectsOf(await fetchAll(again.target('pop3s'), loginOf(name))),
      [`Twee systemen legen dezelfde postbus: ${addressOf('bram')}`],
      name,
    );
});

// --- the daily round

test('the gateway sees by itself that nobody empties a mailbox: contact, operator and sender hear of it, and the end', async (t) => {
  // Wednesday, 13:00 in Amsterdam.
  const clock = new FakeClock();
  const gateway = await open(t, { clock, configuration: `[notices]\noperator = "${addressOf('carl')}"\n` });
  const { registry } = gateway.store;
  const lab = addressOf('lab');
  await registry.addOrganisation({ name: 'lab', title: 'Lab', language: 'nl', contact: addressOf('bram') }, actor);
  await registry.addAccount({ login: lab, organisation: 'lab', kind: 'edi', addresses: [lab] }, actor);
  const message = await gateway.submit({ to: [lab] });
  // What these people do with their letters is no concern of this test.
  await registry.changeSettings({ scope: 'organisation', name: 'group' }, { rhythm: 0 }, actor);
  /** The next day's morning, without the hours between. */
  const morning = (day: string): void => {
    clock.setWall(Date.parse(`${day}T06:30:00Z`));
    clock.advance(hours(1));
  };
  const letters = async (name: string, wanted: number): Promise<string[]> => {
    const found: string[] = [];
    await until(`${wanted} letters for ${name}`, async () => {
      found.push(...(await gateway.fetch(name)));
      return found.length >= wanted;
    });
    return subjectsOf(found);
  };
  morning('2026-11-27');
  assert.deepEqual(await gateway.fetch('bram'), [], 'two working days are not over before 13:00');
  morning('2026-11-28');
  assert.deepEqual(await letters('bram', 1), ['Postbus lab@group.test wordt niet opgehaald']);
  assert.match((await letters('carl', 1)).join(), /^1 postbus niet opgehaald/);
  assert.deepEqual(await gateway.fetch('anna'), []);
  morning('2026-12-01');
  assert.deepEqual(await letters('anna', 1), ['Nog niet opgehaald: uw bericht aan lab@group.test']);
  const record = await gateway.store.deliveries.findMessage(message as MessageId);
  const state = async (): Promise<string> =>
    (await gateway.store.deliveries.whereabouts(record!)).map((w) => (w.kind === 'mailbox' ? w.state : '')).join();
  assert.equal(await state(), 'waiting');
  morning('2027-02-24');
  assert.deepEqual(await letters('anna', 1), ['Nooit opgehaald: uw bericht aan lab@group.test']);
  assert.equal(await state(), 'expired');
  assert.deepEqual(await gateway.fetch('anna'), [], 'once');
});

/** Waits until so many POP3 sessions have ended and what they did is noted. */
const sessionsEnd = (gateway: TestGateway, n: number): Promise<void> =>
  until(`${n} sessions have ended`, () => gateway.log.names.filter((name) => name === 'pop3.ended').length >= n);
