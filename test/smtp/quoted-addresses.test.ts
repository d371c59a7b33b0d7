/**
 * `"bob"@group.test` is bob@group.test (RFC 5321 section 4.1.2): quotes bring nobody past a rule
 * that holds for the address, from RCPT to the mailbox and in the fields of the header.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours, instant } from '../../src/domain/units.ts';
import { filed } from '../support/filed.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import { addAccount, address } from '../support/store.ts';
import { runTranscript } from '../support/transcript.ts';

const actor = { name: 'test' };

const dialog = async ({ port, ca }: SmtpFixture, text: string): Promise<void> =>
  await runTranscript(
    `S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\nC: EHLO client.test\nS... 250 *\n@auth alice alice-pw\n${text}`,
    { protocol: 'smtp', port, ca },
  );

const mail = (...recipients: readonly (readonly [to: string, reply: string])[]): string =>
  `C: MAIL FROM:<"alice"@group.test>\nS: 250 *\n${recipients.map(([to, reply]) => `C: RCPT TO:<${to}>\nS: ${reply}\n`).join('')}`;
const content = (header: string, reply: string): string =>
  `C: DATA\nS: 354 *\nC: ${header.split('\n').join('\nC: ')}\nC:\nC: text\nC: .\nS: ${reply}\n`;

test('a quoted address is filed in the one mailbox once, and kept in the plain spelling', async (t) => {
  const smtp = await startSmtp(t);
  await dialog(
    smtp,
    `${mail(['"Bob"@group.test', '250 2.1.5 *'], ['bob@group.test', '250 2.1.5 *'])}${content('From: Alice <"alice"@group.test>\nTo: "bob"@group.test', '250 2.0.0 *')}`,
  );
  const [message = '', ...more] = await filed(smtp.store, 'bob');
  assert.deepEqual(more, []);
  assert.match(message, /^From: Alice <"alice"@group\.test>\r$/m, 'what the sender wrote stays');
  assert.doesNotMatch(message.slice(0, message.indexOf('From: ')), /"/);
  const [record] = await smtp.store.deliveries.findMessages({
    ...{ limit: 10, since: instant(0), sender: address('alice@group.test'), recipient: address('bob@group.test') },
  });
  assert.equal(record?.sender, 'alice@group.test');
  assert.equal(record.recipients.length, 1);
});

test('the right to an address does not depend on its quotes: in MAIL FROM, From, Sender and names', async (t) => {
  const smtp = await startSmtp(t);
  const refused = (header: string, reply = '550 5.7.1 *'): string =>
    `${mail(['bob@group.test', '250 *'])}${content(header, reply)}`;
  await dialog(
    smtp,
    [
      'C: MAIL FROM:<"bob"@group.test>\nS: 550 5.7.1 *',
      refused('From: "bob"@group.test'),
      refused('From: Alice <"bob"@group.test>'),
      refused('From: alice@group.test\nSender: <"bob"@group.test>'),
      refused(`From: '"bob"@group.test' <alice@group.test>`, '550 5.6.0 *'),
      refused('From: "\\"bob\\"@group.test" <"alice"@group.test>'),
      refused('From: alice@group.test, "bob"@group.test', '550 5.6.0 *'),
      refused('From: "al\\ice"@group.test', '550 5.6.0 *'),
      refused('From: "alice@group.test"@group.test', '550 5.6.0 *'),
      refused('From: alice@group.test\nFrom: "alice"@group.test', '550 5.6.0 *'),
    ].join('\n'),
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
  // The address itself in the name hides nothing, in either spelling.
  await dialog(smtp, refused('From: =?utf-8?q?alice?= "alice@group.test" <"alice"@group.test>', '250 2.0.0 *'));
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
});

test('states, absences and limits of an address hold in both spellings', async (t) => {
  const smtp = await startSmtp(t, { settings: { alice: { 'unknown-recipients-per-hour': 2 } } });
  for (const login of ['anna', 'ben', 'dave', 'erin']) await addAccount(smtp.store, login);
  const { registry } = smtp.store;
  await registry.setAccountState('dave', 'suspended', actor);
  await registry.setAddressState(address('erin@group.test'), 'ended', actor);
  const [anna, ben] = [address('anna@group.test'), address('ben@group.test')];
  await registry.setConsent(ben, anna, true, actor);
  const now = smtp.clock.now();
  const when = { from: instant(now - hours(1)), until: instant(now + days(2)) };
  await registry.addAbsences([{ address: anna, ...when, mode: 'substitute', substitute: ben }], actor);
  await dialog(
    smtp,
    `${mail(
      ['"dave"@group.test', '550 5.2.1 *'],
      ['"anna"@group.test', '250 2.1.5 * is away * goes to <ben@group.test>'],
      ['"erin"@group.test', '550 5.1.1 *'],
      ['"nobody"@group.test', '550 5.1.1 *'],
      ['nobody@group.test', '450 4.7.1 *'],
    )}${content('From: "alice"@group.test', '250 2.0.0 *')}`,
  );
  assert.equal((await filed(smtp.store, 'anna')).length, 0);
  assert.equal((await filed(smtp.store, 'ben')).length, 1);
});
