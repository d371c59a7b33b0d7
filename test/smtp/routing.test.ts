/**
 * Where submitted mail goes: into a mailbox, to a partner, or to the substitute of whoever is away.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours, instant, octets } from '../../src/domain/units.ts';
import type { Address } from '../../src/domain/address.ts';
import type { Delivery } from '../../src/store/deliveries.ts';
import type { AddressAbsence } from '../../src/store/absences.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import type { AbsenceNotices, HandledAbsence } from '../../src/submission/absence-notices.ts';
import { filed } from '../support/filed.ts';
import { type SmtpFixture, type SmtpFixtureOptions, startSmtp } from '../support/smtp.ts';
import { type Cleanup, addAccount, address, sealBody } from '../support/store.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { runTranscript } from '../support/transcript.ts';
import { trusting } from '../support/wire.ts';
import { addPartner } from '../store/partner-contract.ts';

const actor = { name: 'test' };
const [anna, ben] = [address('anna@group.test'), address('ben@group.test')];

const dialog = async (smtp: SmtpFixture, text: string, as = 'alice'): Promise<void> =>
  await runTranscript(
    `S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\nC: EHLO client.test\nS... 250 *\n@auth ${as} ${as}-pw\n${text}`,
    { protocol: 'smtp', port: smtp.port, ca: smtp.ca },
  );
const content = (type = 'text/plain', from = 'alice@group.test'): string =>
  `C: DATA\nS: 354 *\nC: From: ${from}\nC: Content-Type: ${type}\nC:\nC: text\nC: .\n`;
const queued = async ({ store }: SmtpFixture): Promise<readonly Delivery[]> =>
  await store.deliveries.list({ limit: 100 });

// --- partners

async function withPartner(t: Cleanup): Promise<SmtpFixture> {
  const smtp = await startSmtp(t);
  await addPartner(smtp.store, 'hospital', { maxMessage: octets(100_000) });
  await smtp.store.registry.addAddress('mta-hospital', address('Lab@hospital.test'), actor);
  await smtp.store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
  return smtp;
}

test("mail for a partner's addresses is queued for it, with its DSN parameters, and for mailboxes filed", async (t) => {
  const smtp = await withPartner(t);
  await dialog(
    smtp,
    `C: MAIL FROM:<alice@group.test> RET=HDRS ENVID=e1
S: 250 *
C: RCPT TO:<lab@hospital.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;lab@hospital.test
S: 250 2.1.5 Recipient OK
C: RCPT TO:<Anybody@hospital.test>
S: 250 2.1.5 *
C: RCPT TO:<bob@group.test>
S: 250 2.1.5 *
${content()}S: 250 2.0.0 accepted as *
`,
  );
  const deliveries = await queued(smtp);
  assert.deepEqual(
    deliveries.map((d) => [d.recipient, d.state, d.notify, d.originalRecipient, d.message.envelope.envid]),
    [
      ['lab@hospital.test', 'waiting', ['SUCCESS', 'FAILURE'], 'rfc822;lab@hospital.test', 'e1'],
      ['Anybody@hospital.test', 'waiting', undefined, undefined, 'e1'],
    ],
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
  assert.equal((await filed(smtp.store, 'mta-hospital')).length, 0);
});

test("a partner's limit holds at RCPT and at the end of the content, its states at RCPT", async (t) => {
  const smtp = await withPartner(t);
  const { registry } = smtp.store;
  const mail = (rcpt: string, size = ''): string =>
    `C: MAIL FROM:<alice@group.test>${size}\nS: 250 *\nC: RCPT TO:<lab@hospital.test>\nS: ${rcpt}\n`;
  await dialog(
    smtp,
    `${mail('552 5.2.3 <lab@hospital.test> accepts messages up to 100000B; send the files in several messages / <lab@hospital.test> ontvangt berichten tot 100000B; verdeel de bijlagen over meer berichten', ' SIZE=100001')}C: RSET
S: 250 *
${mail('250 *')}C: DATA
S: 354 *
C: From: alice@group.test
C:
${`C: ${'x'.repeat(900)}\n`.repeat(120)}C: .
S: 552 5.2.3 The message is larger than <lab@hospital.test> accepts (100000B) and nothing was sent; send to the others separately / Het bericht is te groot voor een ontvanger (100000B) en niet verzonden; stuur het apart aan de anderen
`,
  );
  await registry.setPartnerState('hospital', 'suspended', actor);
  await dialog(smtp, `${mail('250 2.1.5 *')}${content()}S: 250 2.0.0 *\n`);
  assert.equal((await queued(smtp)).length, 1);
  await registry.setPartnerState('hospital', 'refusing', actor);
  await dialog(
    smtp,
    mail(
      '550 5.2.1 The mail server of <lab@hospital.test> accepts no messages at present; ask the addressee or the helpdesk / De mailserver van <lab@hospital.test> neemt nu geen berichten aan; bel de ontvanger of de helpdesk',
    ),
  );
  await registry.setPartnerState('hospital', 'ended', actor);
  await dialog(
    smtp,
    mail(
      '550 5.1.1 <lab@hospital.test> is not registered in this group; check the address / <lab@hospital.test> is niet aangesloten; controleer het adres',
    ),
  );
});

test('a partner submits as its addresses and its domain, in envelope and header, and as nobody else', async (t) => {
  const smtp = await withPartner(t);
  await addAccount(smtp.store, 'carol');
  await smtp.store.registry.addAddress('carol', address('carol@hospital.test'), actor);
  await dialog(
    smtp,
    `C: MAIL FROM:<anybody@hospital.test>
S: 250 *
C: RCPT TO:<bob@group.test>
S: 250 *
${content('text/plain', 'lab@hospital.test')}S: 250 2.0.0 *
C: MAIL FROM:<carol@hospital.test>
S: 550 5.7.1 The address in MAIL FROM is not one that this account may send as; use your own registered address / Het afzenderadres hoort niet bij dit account; gebruik uw eigen adres
C: MAIL FROM:<alice@group.test>
S: 550 5.7.1 *
C: MAIL FROM:<lab@hospital.test>
S: 250 *
C: RCPT TO:<bob@group.test>
S: 250 *
${content('text/plain', 'carol@hospital.test')}S: 550 5.7.1 *
`,
    'mta-hospital',
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
});

test('a partner that is suspended with --refuse submits nothing: its session ends, its login fails, until it is resumed', async (t) => {
  const smtp = await withPartner(t);
  const login = { login: 'mta-hospital', password: 'mta-hospital-pw' };
  const { port, ca } = smtp;
  const target = { port, tls: 'starttls' as const, servername: 'mail.test', context: trusting(ca) };
  const own = await SmtpClient.open(target, login);
  const other = await SmtpClient.open(target, { login: 'alice', password: 'alice-pw' });
  await smtp.store.registry.setPartnerState('hospital', 'suspended', actor);
  await own.command('NOOP', '250');
  await smtp.store.registry.setPartnerState('hospital', 'refusing', actor);
  await own.expect('421 4.7.0 This account may no longer log in');
  await other.command('NOOP', '250');
  await assert.rejects(SmtpClient.open(target, login), /535/);
  await smtp.store.registry.setPartnerState('hospital', 'active', actor);
  const again = await SmtpClient.open(target, login);
  await again.command('MAIL FROM:<lab@hospital.test>', '250');
  for (const client of [again, other]) await client.quit();
});

// --- absences

/** Says what was handled, and files a notice that can be told. */
class Noted implements AbsenceNotices {
  readonly handled: HandledAbsence[] = [];
  discarded = 0;
  smtp!: SmtpFixture;

  async noticeFor(message: Acceptance, handled: readonly HandledAbsence[]) {
    this.handled.push(...handled);
    const { store } = this.smtp;
    const body = await sealBody(store, Buffer.from('Subject: away\r\n\r\n'));
    const alice = (await store.registry.findAccount('alice'))!.account.id;
    const acceptance: Acceptance = {
      ...{ body, receivedAt: message.receivedAt, submitter: message.submitter, sender: '', messageIdField: 'notice' },
      envelope: { body: '7BIT', smtpUtf8: false },
      recipients: [{ address: address('alice@group.test'), mailbox: alice }],
      audit: [],
      system: true,
    };
    return {
      acceptance,
      discard: async () => void (this.discarded += 1),
    };
  }
}

interface AwayFixture extends SmtpFixture {
  readonly notes: Noted;
}

/** anna is away from an hour ago on, for two days; ben has agreed to stand in. */
async function away(
  t: Cleanup,
  more: Partial<AddressAbsence> = {},
  options: SmtpFixtureOptions = {},
): Promise<AwayFixture> {
  const notes = new Noted();
  const smtp = await startSmtp(t, { ...options, absences: notes });
  notes.smtp = smtp;
  for (const name of ['anna', 'ben']) await addAccount(smtp.store, name, options.settings?.[name] ?? {});
  await smtp.store.registry.setConsent(ben, anna, true, actor);
  const now = smtp.clock.now();
  const absence: AddressAbsence = {
    ...{ address: anna, from: instant(now - hours(1)), until: instant(now + days(2)) },
    ...{ mode: 'substitute', substitute: ben },
    ...more,
  };
  await smtp.store.registry.addAbsences([absence], actor);
  return { ...smtp, notes };
}
const count = async ({ store }: SmtpFixture): Promise<Record<string, number>> => ({
  anna: (await filed(store, 'anna')).length,
  ben: (await filed(store, 'ben')).length,
  alice: (await filed(store, 'alice')).length,
});
const toAnna = (reply: string, parameters = ''): string =>
  `C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<Anna@group.test>${parameters}\nS: ${reply}\n`;

test('mail for whoever is away is filed with the substitute; reply, trace line, record and notice say so', async (t) => {
  const smtp = await away(t);
  await dialog(
    smtp,
    `${toAnna('250 2.1.5 <Anna@group.test> is away up to and including 2026-11-27; the message goes to <ben@group.test>', ' NOTIFY=FAILURE')}${content()}S: 250 2.0.0 accepted as *
`,
  );
  assert.deepEqual(await count(smtp), { anna: 0, ben: 1, alice: 1 });
  const [message = ''] = await filed(smtp.store, 'ben');
  assert.match(message, /for <Anna@group\.test>/);
  assert.doesNotMatch(message, /ben@group\.test/);
  const [record] = await smtp.store.deliveries.findMessages({ limit: 10, since: instant(0), recipient: ben });
  assert.deepEqual(
    record?.recipients.map(({ address: a, substituteFor, notify, originalRecipient }) => [
      a,
      substituteFor,
      notify,
      originalRecipient,
    ]),
    [[ben, 'Anna@group.test', ['FAILURE'], 'rfc822;Anna@group.test']],
  );
  assert.deepEqual(
    smtp.notes.handled.map(({ addressee, substitute, went, notify }) => [addressee, substitute, went, notify]),
    [['Anna@group.test', ben, 'substitute', ['FAILURE']]],
  );
  assert.equal(smtp.notes.discarded, 1);
  // Back again.
  smtp.clock.advance(days(2));
  await dialog(smtp, `${toAnna('250 2.1.5 Recipient OK')}${content()}S: 250 2.0.0 *\n`);
  assert.deepEqual(await count(smtp), { anna: 1, ben: 1, alice: 1 });
});

test('what is encrypted for whoever is away stays with the addressee, and the sender is told', async (t) => {
  const smtp = await away(t);
  await dialog(
    smtp,
    `${toAnna('250 2.1.5 * goes to <ben@group.test>')}${content('application/pkcs7-mime; smime-type=enveloped-data')}S: 250 2.0.0 accepted as *; it is encrypted for <Anna@group.test>, who is away: it waits there, <ben@group.test> did not get it
${toAnna('250 2.1.5 * goes to <ben@group.test>')}${content('application/pkcs7-mime; smime-type=signed-data')}S: 250 2.0.0 accepted as *
`,
  );
  assert.deepEqual(await count(smtp), { anna: 1, ben: 1, alice: 2 });
  assert.deepEqual(
    smtp.notes.handled.map(({ went }) => went),
    ['kept', 'substitute'],
  );
});

test('where mail is refused meanwhile, 551 names the substitute', async (t) => {
  const smtp = await away(t, { mode: 'refuse' });
  await dialog(
    smtp,
    toAnna(
      '551 5.1.6 <Anna@group.test> is away up to and including 2026-11-27; send to <ben@group.test> instead / <Anna@group.test> is afwezig tot en met 2026-11-27; stuur het naar <ben@group.test>',
    ),
  );
});

test('a substitute who can take no mail for good does not cost the addressee the message', async (t) => {
  const smtp = await away(t);
  await smtp.store.registry.setAddressState(ben, 'suspended', actor);
  await dialog(smtp, `${toAnna('250 2.1.5 Recipient OK')}${content()}S: 250 2.0.0 *\n`);
  assert.deepEqual(await count(smtp), { anna: 1, ben: 0, alice: 0 });
  assert.equal(smtp.log.names.filter((name) => name === 'absence.no-substitute').length, 1);
});

test('a full mailbox of the substitute is temporary; a full one of the addressee matters to encrypted mail alone', async (t) => {
  const quota = 1024 * 1024;
  const smtp = await away(t, {}, { settings: { anna: { quota }, ben: { quota } } });
  const fill = async (who: Address): Promise<void> => {
    const body = await sealBody(smtp.store, Buffer.alloc(quota - 2000, 'x'));
    const found = (await smtp.store.registry.findAccount(who.split('@')[0] ?? ''))!;
    await smtp.store.accept({
      ...{ body, receivedAt: smtp.clock.now(), submitter: found.account.id, sender: '', messageIdField: 'x' },
      envelope: { body: '7BIT', smtpUtf8: false },
      recipients: [{ address: who, mailbox: found.account.id }],
      audit: [],
    });
  };
  await fill(anna);
  const declared = (rcpt: string): string => toAnna(rcpt).replace('<alice@group.test>', '<alice@group.test> SIZE=5000');
  await dialog(
    smtp,
    `${declared('250 2.1.5 * goes to *')}${content()}S: 250 2.0.0 *
${declared('250 2.1.5 * goes to *')}${content('multipart/encrypted; boundary=x')}S: 452 4.2.2 The mailbox of <Anna@group.test> is full; ask the addressee to fetch the mail, then try again / De postbus van <Anna@group.test> is vol; vraag de ontvanger de mail op te halen en probeer het daarna opnieuw
`,
  );
  assert.deepEqual(await count(smtp), { anna: 1, ben: 1, alice: 1 });
  await fill(ben);
  await dialog(
    smtp,
    declared(
      '452 4.2.2 The mailbox of <ben@group.test> is full; ask the addressee to fetch the mail, then try again / De postbus van <ben@group.test> is vol; vraag de ontvanger de mail op te halen en probeer het daarna opnieuw',
    ),
  );
});

test("a substitute at a partner's gets it by the queue, and knows whom it was for", async (t) => {
  const smtp = await startSmtp(t);
  await addAccount(smtp.store, 'anna');
  await addPartner(smtp.store);
  const doctor = address('doctor@hospital.test');
  await smtp.store.registry.addAddress('mta-hospital', doctor, actor);
  await smtp.store.registry.setConsent(doctor, anna, true, actor);
  const now = smtp.clock.now();
  await smtp.store.registry.addAbsences(
    [{ address: anna, from: now, until: instant(now + days(1)), mode: 'substitute', substitute: doctor }],
    actor,
  );
  await dialog(smtp, `${toAnna('250 2.1.5 * goes to <doctor@hospital.test>')}${content()}S: 250 2.0.0 *\n`);
  assert.deepEqual(
    (await queued(smtp)).map((d) => [d.recipient, d.originalRecipient]),
    [[doctor, 'rfc822;Anna@group.test']],
  );
});
