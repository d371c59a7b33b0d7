/** S/MIME through a whole gateway: submitted over SMTP, fetched over POP3 or taken by a partner. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../src/admin/client.ts';
import { controlSocketOf } from '../src/config/load.ts';
import { describeEnvelope } from '../src/crypto/cms/decrypt.ts';
import { decodedBody, readMessage, sourceOf } from '../src/crypto/smime/message.ts';
import { openMessage, standingOf } from '../src/crypto/smime/open.ts';
import { protect } from '../src/crypto/smime/protect.ts';
import { parseMessageId } from '../src/domain/ids.ts';
import { days, instant } from '../src/domain/units.ts';
import { contentFields } from '../src/mime/content-fields.ts';
import { type Person, collect, random, signerOf } from './crypto/cms/support.ts';
import { memoryStage } from './crypto/smime/support.ts';
import { value } from './crypto/support.ts';
import { testCertificates } from './support/certificates.ts';
import { addressOf, loginOf } from './support/gateway.ts';
import { fetchAll, send } from './support/mail.ts';
import { type MailGateway, startMailGateway } from './support/mail-people.ts';
import { ScriptedPartner } from './support/partner.ts';
import { addTestPartner } from './support/push.ts';
import { SmtpClient } from './support/smtp-client.ts';
import { address } from './support/store.ts';
import { until } from './support/until.ts';

const NAMES = ['anna', 'bram', 'cor', 'dora'];
const actor = { name: 'test' };

async function start(t: TestContext, more: readonly string[] = []): Promise<MailGateway> {
  const gateway = await startMailGateway({ accounts: [...NAMES, ...more] });
  t.after(() => gateway.remove());
  return gateway;
}

/** 8-bit EDI beside text, as an old system writes it. */
const BODY = "Uitslag van mevrouw Zo\xe9\r\nUNA:+.? 'UNB+UNOC:3+1+2'\r\n--\r\n";

const letter = (to: string, from = 'anna', body = BODY): Buffer =>
  Buffer.from(
    `From: <${addressOf(from)}>\r\nTo: ${to}\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${Math.random()}@group.test>\r\n` +
      `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}`,
    'latin1',
  );

const submit = async (
  gateway: MailGateway,
  to: readonly (string | readonly [string, string])[],
  content: Buffer,
  from = 'anna',
): Promise<string> => await send(gateway.target('submission'), loginOf(from), { from: addressOf(from), to, content });

const fetch = async (gateway: MailGateway, who: string): Promise<Buffer[]> =>
  (await fetchAll(gateway.target('pop3s'), loginOf(who))).map((text) => Buffer.from(text, 'latin1'));

/** What a mail program with the key of `who` makes of it. */
async function read(gateway: MailGateway, octets: Buffer, who: Person) {
  const { keys, ...rest } = { keys: [who], trust: await gateway.admin.mail.keys.trust() };
  const opened = value(
    await openMessage(value(await readMessage(sourceOf(octets))), {
      keys,
      ...rest,
      stage: memoryStage().stage,
      maxContent: 50_000_000,
    }),
  );
  return {
    ...standingOf(opened.layers),
    kinds: opened.layers.map(({ kind }) => kind).join(' '),
    text: (await collect(opened.message.source.slices())).toString('latin1'),
  };
}

async function namedIn(octets: Buffer): Promise<number> {
  const message = value(await readMessage(sourceOf(octets)));
  const body = decodedBody(message, contentFields(message.header.octets));
  return value(await describeEnvelope(body)).recipients.length;
}

/** As a mail program protects it. */
const wrap = async (octets: Buffer, by: Person, to?: Person): Promise<Buffer> => {
  const signing = { signers: [signerOf(by)], signingTime: instant(Date.now()) };
  const recipient = to && {
    certificate: to.certificate,
    ...(to.certificate.key.kind === 'rsa' ? { transport: 'pkcs1' as const } : {}),
  };
  return await collect(
    protect(
      value(await readMessage(sourceOf(octets))),
      recipient === undefined
        ? { kind: 'signed', signing }
        : { kind: 'interop', signing, encryption: { recipients: [recipient], cipher: 'aes-256-cbc', random } },
      { random, eightBit: true },
    ),
  );
};

/** What stands below our own lines on top. */
const below = (octets: Buffer): string => {
  const text = octets.toString('latin1');
  return text.slice(
    /\r\n(?![ \t])/.exec(text.slice(text.indexOf('Received: ')))!.index + text.indexOf('Received: ') + 2,
  );
};

test('a message to an address that wants encryption is protected, told of in the trace, and read by its owner alone', async (t) => {
  const gateway = await start(t);
  const bram = await gateway.give('bram', { kind: 'rsa2048' });
  await gateway.set('bram', { encrypt: 'required' });
  const content = letter(addressOf('bram'));
  const id = await submit(gateway, [addressOf('bram'), addressOf('dora')], content);
  const [octets] = await fetch(gateway, 'bram');
  assert.ok(!octets?.includes('Uitslag van'), 'nothing of the text is readable');
  assert.match(
    octets!.toString('latin1'),
    new RegExp(
      `^Authentication-Results: mail\\.test; none\r\nReceived: [^;]*id ${id}[^]*\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data`,
    ),
  );
  const { text, flagged } = await read(gateway, octets!, bram);
  assert.ok(text.includes(BODY), 'octet for octet');
  // Signed by the gateway, whose key says nothing of the author.
  assert.equal(flagged, true);
  const [plain] = await fetch(gateway, 'dora');
  assert.equal(below(plain!), content.toString('latin1'));

  const control = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  assert.ok(control);
  const trace = await control.call('trace.show', { message: id });
  await control.close();
  assert.deepEqual(trace.copies.map(({ recipient, protection }) => [recipient, protection]).sort(), [
    [addressOf('bram'), 'smime interop aes-256-cbc'],
    [addressOf('dora'), undefined],
  ]);
  const shown = (await gateway.admin.store.audit.read({ message: parseMessageId(id)!, limit: 10 })).find(
    ({ event }) => event === 'message.protected',
  );
  assert.deepEqual(
    [shown?.facts?.protection, shown?.facts?.signer, shown?.personal?.recipients],
    ['smime interop aes-256-cbc', 'gateway', [addressOf('bram')]],
  );
});

test('people whose key the gateway holds sign; strong hides the subject; blind copies are apart', async (t) => {
  const gateway = await start(t);
  await gateway.give('anna', { keep: true });
  const [bram, cor, dora] = [await gateway.give('bram'), await gateway.give('cor'), await gateway.give('dora')];
  for (const name of ['bram', 'cor', 'dora']) await gateway.set(name, { encrypt: 'when-possible' });
  await gateway.set('dora', { 'protection-profile': 'strong' });
  await submit(gateway, ['bram', 'cor', 'dora', 'anna'].map(addressOf), letter(addressOf('bram')));
  const [toBram] = await fetch(gateway, 'bram');
  const [toCor] = await fetch(gateway, 'cor');
  const [toDora] = await fetch(gateway, 'dora');
  const [toAnna] = await fetch(gateway, 'anna');
  assert.deepEqual([await namedIn(toBram!), await namedIn(toCor!)], [1, 1], 'cor is not named in To');
  for (const [octets, who] of [
    [toBram, bram],
    [toCor, cor],
    [toDora, dora],
  ] as const) {
    const { standing, flagged, text } = await read(gateway, octets!, who);
    assert.deepEqual([standing, flagged, text.includes(BODY)], ['valid', false, true]);
  }
  assert.doesNotMatch(toDora!.toString('latin1'), /Subject: Uitslag/);
  assert.match((await read(gateway, toDora!, dora)).text, /\r\nSubject: Uitslag\r\n/);
  assert.match(toAnna!.toString('latin1'), /multipart\/signed/);
});

test('an address that must be encrypted to and cannot be is refused at RCPT with the reason; the others get the message', async (t) => {
  const gateway = await start(t);
  await gateway.set('bram', { encrypt: 'required' });
  await gateway.set('cor', { encrypt: 'required' });
  await gateway.give('cor', { to: -1 });
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  assert.match(await client.command(`RCPT TO:<${addressOf('bram')}>`, '550'), /^550 5\.7\.5 .*no certificate/);
  assert.match(await client.command(`RCPT TO:<${addressOf('cor')}>`, '550'), /^550 5\.7\.5 .*expired on \d{4}-/);
  await client.command(`RCPT TO:<${addressOf('dora')}>`, '250');
  await client.command('DATA', '354');
  client.wire.send(letter(addressOf('dora')));
  client.wire.send('.\r\n');
  await client.expect('250');
  await client.quit();
  assert.equal((await fetch(gateway, 'dora')).length, 1);
});

test('what a mail program signed arrives untouched below the verdict, what it encrypted altogether', async (t) => {
  const gateway = await start(t);
  const [anna, bram] = [await gateway.give('anna'), await gateway.give('bram', { kind: 'rsa2048' })];
  const forged = `Authentication-Results: mail.test; smime=pass\r\nSluis-Opened: whole\r\n`;
  const signed = await wrap(letter(addressOf('bram')), anna);
  const sealed = await wrap(letter(addressOf('bram')), anna, bram);
  await submit(gateway, [addressOf('bram')], Buffer.concat([Buffer.from(forged), signed]));
  const other = await wrap(letter(addressOf('bram')), bram);
  await submit(gateway, [addressOf('bram')], other);
  await submit(gateway, [addressOf('bram')], sealed);
  const [first, second, third] = await fetch(gateway, 'bram');
  assert.match(
    first!.toString('latin1'),
    /^Authentication-Results: mail\.test;\r\n\tsmime=pass\r\n\tbody\.smime-identifier=anna@group\.test\r\n/,
  );
  assert.equal(below(first!), signed.toString('latin1'));
  assert.equal(first!.toString('latin1').match(/^Authentication-Results:/gm)?.length, 1);
  assert.match(
    second!.toString('latin1'),
    /^Authentication-Results: mail\.test;\r\n\tsmime=policy\r\n\treason="address: /,
  );
  assert.equal(below(third!), sealed.toString('latin1'));
  assert.match(third!.toString('latin1'), /^Authentication-Results: mail\.test; none\r\nReceived: /);
});

test('the owner of an old POP3 program reads what was encrypted for the key that the gateway holds, or an explanation', async (t) => {
  const gateway = await start(t);
  const [anna, cor] = [await gateway.give('anna'), await gateway.give('cor', { keep: true, kind: 'rsa2048' })];
  const old = await gateway.give('bram');
  await gateway.set('cor', { open: true });
  await submit(gateway, [addressOf('cor')], await wrap(letter(addressOf('cor')), anna, cor));
  const unreadable = await wrap(letter(addressOf('cor')), anna, old);
  const id = await submit(gateway, [addressOf('cor')], unreadable);
  const [opened, explained] = await fetch(gateway, 'cor');
  assert.match(
    opened!.toString('latin1'),
    /^Authentication-Results: mail\.test;\r\n\tsmime=pass[^]*\r\nSluis-Opened: whole \(aes-256-cbc\)\r\nReceived: /,
  );
  assert.ok(opened!.toString('latin1').includes(BODY), 'octet for octet');
  assert.match(explained!.toString('latin1'), /kon hier niet worden geopend[^]*could not be opened here/);
  assert.ok(explained!.toString('latin1').includes(unreadable.toString('latin1')), 'the original, octet for octet');
  const rows = await gateway.store.audit.read({ message: parseMessageId(id)!, limit: 10 });
  assert.deepEqual(rows.find(({ event }) => event === 'smime.opened')?.facts?.problem, 'no-key');
});

test('while an addressee is away, the copy is protected for the substitute', async (t) => {
  const gateway = await start(t);
  const [bram, dora] = [await gateway.give('bram'), await gateway.give('dora')];
  for (const name of ['bram', 'dora']) await gateway.set(name, { encrypt: 'required' });
  const now = Date.now();
  await gateway.store.registry.setConsent(addressOf('dora'), addressOf('bram'), true, actor);
  await gateway.store.registry.addAbsences(
    [
      {
        address: addressOf('bram'),
        ...{ from: instant(now - days(1)), until: instant(now + days(2)) },
        ...{ mode: 'substitute', substitute: addressOf('dora') },
      },
    ],
    actor,
  );
  await submit(gateway, [addressOf('bram')], letter(addressOf('bram')));
  assert.equal((await fetch(gateway, 'bram')).length, 0);
  const [octets] = await fetch(gateway, 'dora');
  assert.ok((await read(gateway, octets!, dora)).text.includes(BODY));
  await assert.rejects(read(gateway, octets!, bram), /no-key/);
});

test('a partner gets its copy protected as well', async (t) => {
  const certificates = await testCertificates();
  const partner = await ScriptedPartner.start({ ...certificates.server, tls: 'starttls' });
  t.after(() => partner.stop());
  const gateway = await start(t);
  await addTestPartner(gateway.store, 'hospital', {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'starttls', connections: 1 },
    authorities: certificates.ca.certificate,
  });
  await gateway.store.registry.addAddress('mta-hospital', address('ward@hospital.test'), actor);
  await gateway.store.registry.changeSettings(
    { scope: 'address', address: address('ward@hospital.test') },
    { encrypt: 'required' },
    actor,
  );
  await gateway.give('dora', { email: 'ward@hospital.test' });
  const asked = submit(gateway, ['ward@hospital.test'], letter('ward@hospital.test'));
  await assert.rejects(asked, /550 5\.7\.5/, 'a certificate that is registered for somebody else is none');
  const ward = await gateway.give('ward', { email: 'ward@hospital.test', login: 'mta-hospital' });
  await submit(gateway, ['ward@hospital.test', addressOf('dora')], letter('ward@hospital.test'));
  await until('the partner has it', () => partner.taken.length === 1);
  const taken = partner.taken[0]!;
  assert.match(taken.rcpt, /<ward@hospital\.test>/);
  assert.ok((await read(gateway, taken.content, ward)).text.includes(BODY));

  // Opened for it, the 8-bit content goes out as such, whatever the message was declared to be.
  const holding = await gateway.give('ward', { email: 'ward@hospital.test', login: 'mta-hospital', keep: true });
  await gateway.store.registry.changeSettings(
    { scope: 'address', address: address('ward@hospital.test') },
    { open: true },
    actor,
  );
  await submit(gateway, ['ward@hospital.test'], await wrap(letter('ward@hospital.test'), holding, holding));
  await until('the partner has the other one', () => partner.taken.length === 2);
  assert.match(partner.taken[1]!.mail, /BODY=8BITMIME.* RET=HDRS$/, 'a report of its server brings nobody the content');
  assert.ok(partner.taken[1]!.content.toString('latin1').includes(BODY));
});
