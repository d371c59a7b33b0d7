/**
 * What the gateway writes itself, to addresses that want their mail encrypted: as any other mail,
 * or not at all.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openMessage, standingOf } from '../../src/crypto/smime/open.ts';
import { readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { parseMessageId } from '../../src/domain/ids.ts';
import { type Person, collect } from '../crypto/cms/support.ts';
import { memoryStage } from '../crypto/smime/support.ts';
import { value } from '../crypto/support.ts';
import { testCertificates } from '../support/certificates.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner } from '../support/push.ts';
import { Scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';

async function start(t: TestContext): Promise<MailGateway> {
  const gateway = await startMailGateway({ accounts: ['anna', 'bram'] });
  t.after(() => gateway.remove());
  return gateway;
}

let count = 0;
const submit = (
  gateway: MailGateway,
  to: string | readonly [string, string],
  parameters?: string,
  by = 'anna',
): Promise<string> => {
  count += 1;
  return send(gateway.target('submission'), loginOf(by), {
    from: addressOf(by),
    to: [to],
    ...(parameters === undefined ? {} : { parameters }),
    content: `From: <${addressOf(by)}>\r\nTo: <${addressOf('bram')}>\r\nSubject: Uitslag van Dirk\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <n${count}@group.test>\r\nSluis-Receipt: collected\r\n\r\nZiek.\r\n`,
  });
};

const fetch = async (gateway: MailGateway, who: string): Promise<Buffer[]> =>
  (await fetchAll(gateway.target('pop3s'), loginOf(who))).map((text) => Buffer.from(text, 'latin1'));

/** What a mail program with the key of `who` makes of it. */
async function read(gateway: MailGateway, octets: Buffer, who: Person) {
  const trust = await gateway.admin.mail.keys.trust();
  const given = value(await readMessage(sourceOf(octets)));
  const opened = value(
    await openMessage(given, { keys: [who], trust, maxContent: 1_000_000, stage: memoryStage().stage }),
  );
  return {
    ...standingOf(opened.layers),
    kinds: opened.layers.map(({ kind }) => kind).join(' '),
    text: (await collect(opened.message.source.slices())).toString('latin1'),
  };
}

test('receipts and reports are encrypted for a sender who requires that, signed inside by the gateway', async (t) => {
  const gateway = await start(t);
  const anna = await gateway.give('anna', { kind: 'rsa2048' });
  await gateway.set('anna', { encrypt: 'required' });
  const id = await submit(gateway, [addressOf('bram'), 'NOTIFY=SUCCESS']);
  await fetch(gateway, 'bram');
  const notices = await fetch(gateway, 'anna');
  assert.equal(notices.length, 2);
  for (const [i, subject] of ['Bezorgd', 'Opgehaald'].entries()) {
    const notice = notices[i]!;
    assert.match(notice.toString('latin1'), /^Content-Type: application\/pkcs7-mime; smime-type=enveloped-data/m);
    assert.doesNotMatch(notice.toString('latin1'), /Uitslag van Dirk|multipart\/report/);
    const { kinds, text, standing } = await read(gateway, notice, anna);
    assert.match(text, new RegExp(`^Subject: ${subject}: [^]*Content-Type: multipart/report[^]*Uitslag van Dirk`, 'm'));
    // The gateway's own key: it says that nothing was changed on the way, and its address is the
    // one in From.
    assert.deepEqual([kinds, standing], ['encrypted signed', 'valid']);
  }
  // The trail tells of each as of any protected message, and that it is about this one.
  const rows = await gateway.store.audit.read({ message: parseMessageId(id)!, limit: 100 });
  const as = rows.flatMap(({ event, facts }) => (event === 'notice.filed' ? [String(facts?.as)] : []));
  assert.equal(as.length, 2);
  for (const notice of as) {
    const its = await gateway.store.audit.read({ message: parseMessageId(notice)!, limit: 10 });
    assert.deepEqual(
      its.filter(({ event }) => event === 'message.protected').map(({ facts }) => facts?.signer),
      ['gateway'],
    );
  }
});

test('a failure with the whole message is encrypted as well; the strong form hides its subject', async (t) => {
  const gateway = await start(t);
  const certificates = await testCertificates();
  const partner = await ScriptedPartner.start({
    ...certificates.server,
    tls: 'starttls',
    act: (step) => (step === 'RCPT' ? '550 5.1.1 nobody' : undefined),
  });
  t.after(() => partner.stop());
  await addTestPartner(gateway.store, 'hospital', {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'starttls', connections: 1 },
    authorities: certificates.ca.certificate,
  });
  const anna = await gateway.give('anna', { kind: 'rsa2048' });
  await gateway.set('anna', { encrypt: 'required', 'protection-profile': 'strong' });
  await submit(gateway, 'ward@hospital.test', 'RET=FULL');
  await until('it failed', () => gateway.log.names.includes('delivery.failed'));
  const [failure] = await fetch(gateway, 'anna');
  assert.doesNotMatch(failure!.toString('latin1'), /Niet bezorgd|Ziek|Uitslag/, 'strong hides the subject too');
  assert.match((await read(gateway, failure!, anna)).text, /^Subject: Niet bezorgd[^]*message\/rfc822[^]*Ziek\./m);
});

test('without a usable key nothing goes out in the clear: log, trail and metric tell of it', async (t) => {
  const gateway = await start(t);
  await gateway.set('anna', { encrypt: 'required' });
  const id = await submit(gateway, [addressOf('bram'), 'NOTIFY=SUCCESS']);
  await fetch(gateway, 'bram');
  assert.deepEqual(await fetch(gateway, 'anna'), []);
  const told = gateway.log.events.filter(({ event }) => event === 'notice.not-protected');
  assert.deepEqual(
    told.map(({ level, fields }) => [level, fields.notice, fields.message]),
    [
      ['error', 'filed', id],
      ['error', 'collected', id],
    ],
  );
  assert.match(String(told[0]!.fields.why), /no certificate/);
  const rows = await gateway.store.audit.read({ message: parseMessageId(id)!, limit: 100 });
  assert.equal(rows.filter(({ event }) => event === 'notice.not-protected').length, 2);
  const scrape = await Scrape.of(gateway);
  assert.equal(scrape.value('sluis_notices_unsent_total', { why: 'not-protected' }), 2);
});

test('who would rather have it encrypted gets it in the clear without a key, as other mail, and the trail says so', async (t) => {
  const gateway = await start(t);
  await gateway.set('anna', { encrypt: 'when-possible' });
  await submit(gateway, [addressOf('bram'), 'NOTIFY=SUCCESS']);
  const [notice] = await fetch(gateway, 'anna');
  assert.match(notice!.toString('latin1'), /^Subject: Bezorgd/m);
  const rows = await gateway.store.audit.read({ limit: 1000 });
  assert.equal(rows.filter(({ event }) => event === 'message.not-encrypted').length, 1);
});

test('an acknowledgement goes to the account that sent, by the keys of that account', async (t) => {
  const gateway = await start(t);
  const bram = await gateway.give('bram', { kind: 'rsa2048' });
  await gateway.set('bram', { encrypt: 'required' });
  // For bram's mailbox, under an address of anna's.
  const { account } = (await gateway.store.registry.findAccount(addressOf('bram')))!;
  const { noticeWriter } = gateway.admin;
  const place = { address: addressOf('anna'), language: 'nl', as: 'mailbox', mailbox: account.id } as const;
  const notice = await noticeWriter.file(place, {
    ...{ kind: 'contrl', subject: 'CONTRL 1', type: 'application/EDIFACT', content: "UNB+UNOC:3'\r\n" },
    about: { id: parseMessageId('0000000000000')!, messageIdField: '' },
  });
  assert.equal((await gateway.store.accept(notice!.acceptance)).kind, 'filed');
  await notice!.discard();
  const [filed] = await fetch(gateway, 'bram');
  assert.match((await read(gateway, filed!, bram)).text, /UNB\+UNOC:3'/);
});
