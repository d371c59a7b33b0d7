/** The test address: answered to whoever sends, tolerant of everything, never part of a loop. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { NoticeWriter } from '../../src/notices/notice-writer.ts';
import { octets } from '../../src/domain/units.ts';
import { gatewayTests } from '../../src/gateway/test-address.ts';
import { filed } from '../support/filed.ts';
import { type SmtpFixture, type SmtpFixtureOptions, startSmtp } from '../support/smtp.ts';
import { type Cleanup, address } from '../support/store.ts';
import { runTranscript } from '../support/transcript.ts';

const actor = { name: 'test' };
const LOGIN =
  'S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\nC: EHLO client.test\nS... 250 *\n@auth alice alice-pw\n';
const MAIL = 'C: MAIL FROM:<alice@group.test>\nS: 250 *\n';
const TEST = 'C: RCPT TO:<test@mail.test>\nS: 250 2.1.5 The test address: a report *\n';
const content = (...fields: string[]): string =>
  `C: DATA\nS: 354 *\n${['From: alice@group.test', ...fields].map((f) => `C: ${f}\n`).join('')}C:\nC: text\nC: .\n`;
const TAKEN = 'S: 250 2.0.0 accepted as *; it was a test and went to nobody; this is the report in your mailbox\n';

const start = (t: Cleanup, options: SmtpFixtureOptions = {}): Promise<SmtpFixture> =>
  startSmtp(t, {
    ...options,
    tests: ({ store, clock, log }) => {
      const operator = address('postmaster@mail.test');
      const noticeWriter = new NoticeWriter({
        store,
        clock,
        log,
        random: randomBytes,
        hostname: 'mail.test',
        operator,
        returnLimit: octets(4096),
      });
      return gatewayTests(store, {
        noticeWriter,
        settlements: { noticeFor: async () => undefined },
        ended: { held: 0 },
      });
    },
  });
const speak = async ({ port, ca }: SmtpFixture, text: string): Promise<void> =>
  await runTranscript(text, { protocol: 'smtp', port, ca });

test('a message to the test address alone is answered into the mailbox of its sender, and filed nowhere else', async (t) => {
  const smtp = await start(t);
  await speak(
    smtp,
    `${LOGIN}${MAIL}C: RCPT TO:<Test@MAIL.test>\nS: 250 *\n${content('Message-ID: <7@client.test>')}${TAKEN}`,
  );
  const [report = '', ...others] = await filed(smtp.store, 'alice');
  assert.deepEqual(others, []);
  assert.match(report, /^From: .*postmaster@mail\.test/m);
  assert.match(report, /^To: .*alice@group\.test/m);
  assert.match(report, /^In-Reply-To: <7@client\.test>\r$/m);
  assert.match(report, /^Auto-Submitted: auto-replied/m);
  assert.match(report, /TLSv1\.3/);
  assert.match(report, /AUTH PLAIN/);
  const [first] = await smtp.store.deliveries.findMessages({ limit: 10, since: smtp.clock.now() });
  assert.equal(first?.sender, '');
  assert.ok(smtp.log.names.includes('smtp.tested'));
});

test('every quirk is tolerated and reported, whatever the account may have, and none is counted', async (t) => {
  const refuse = 'refuse';
  const alice = {
    ...{ 'line-ends': refuse, 'quirk-no-date': refuse, 'quirk-no-message-id': refuse, 'quirk-eight-bit': refuse },
    ...{ 'quirk-long-lines': refuse, 'quirk-login-initial': refuse },
  };
  const smtp = await start(t, { settings: { alice } });
  await speak(
    smtp,
    String.raw`S: 220 *
C: EHLO old
S... 250 *
@starttls
C: HELO old
S: 250 *
@base64 C: AUTH LOGIN {{alice}}
S: 334 UGFzc3dvcmQ6
@base64 C: {{alice-pw}}
S: 235 *
C~ MAIL FROM: alice@group.test\n
S: 250 *
C: RCPT TO: <test@mail.test>
S: 250 *
C: DATA
S: 354 *
C~ From: alice@group.test\r\n\r\na\nb\rc\x00d caf\xe9\r\n
C: ${'x'.repeat(1500)}
C: .
${TAKEN}`,
  );
  const [report = ''] = await filed(smtp.store, 'alice');
  const text = report.replaceAll('=\r\n', '').replaceAll('\r\n', ' ').replaceAll(/ +/g, ' ');
  for (const quirk of [
    'command-lf',
    'helo',
    'login-initial',
    'path-blanks',
    'no-brackets',
    'line-ends',
    'nul',
    'long-lines',
    'eight-bit',
    'no-date',
    'no-message-id',
  ])
    assert.ok(text.includes(`(quirk ${quirk})`), quirk);
  const account = await smtp.store.registry.findAccount('alice');
  assert.deepEqual(await smtp.store.quirks.of(account!.account.id), []);
});

test('it works only alone, whichever recipient comes first', async (t) => {
  const smtp = await start(t);
  const alone = 'S: 550 5.7.1 *must be the only recipient*\n';
  await speak(
    smtp,
    `${LOGIN}${MAIL}${TEST}C: RCPT TO:<bob@group.test>\n${alone}${TEST}C: RSET\nS: 250 *\n${MAIL}C: RCPT TO:<bob@group.test>\nS: 250 *\nC: RCPT TO:<test@mail.test>\n${alone}${content()}S: 250 2.0.0 accepted as *`,
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
  assert.equal((await filed(smtp.store, 'alice')).length, 0);
});

test('no loop: nothing without a sender, nothing automatic, and never an answer to a report', async (t) => {
  const smtp = await start(t);
  const automatic = 'S: 550 5.7.1 *no automatic message*\n';
  await speak(
    smtp,
    `${LOGIN}C: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<test@mail.test>\nS: 550 5.7.1 *without a sender*\nC: RSET\nS: 250 *\n${['Auto-Submitted: auto-replied', 'Precedence: bulk', 'List-Id: <x.test>'].map((field) => `${MAIL}${TEST}${content(field)}${automatic}`).join('')}${MAIL}${TEST}${content('Auto-Submitted: no')}${TAKEN}`,
  );
  const [report = ''] = await filed(smtp.store, 'alice');
  const again = report
    .replace(/^From: [^\r]*/m, 'From: alice@group.test')
    .split('\r\n')
    .slice(0, -1)
    .map((line) => `C: ${line.replaceAll('\\', '\\\\')}\n`)
    .join('');
  await speak(smtp, `${LOGIN}${MAIL}${TEST}C: DATA\nS: 354 *\n${again}C: .\n${automatic}`);
  assert.equal((await filed(smtp.store, 'alice')).length, 1);
});

test('an account has so many reports an hour, or none', async (t) => {
  const smtp = await start(t, { settings: { alice: { 'test-reports-per-hour': 2 } } });
  const one = `${MAIL}${TEST}${content()}${TAKEN}`;
  await speak(
    smtp,
    `${LOGIN}${one}${one}${MAIL}C: RCPT TO:<test@mail.test>\nS: 450 4.7.1 *test reports for this hour*`,
  );
  assert.equal((await filed(smtp.store, 'alice')).length, 2);
  const none = await start(t, { settings: { alice: { 'test-reports-per-hour': 0 } } });
  await speak(none, `${LOGIN}${MAIL}C: RCPT TO:<test@mail.test>\nS: 550 5.7.1 *may not use the test address*`);
});

test('an address of that name that somebody registered is theirs', async (t) => {
  const smtp = await start(t);
  await smtp.store.registry.addAddress('bob', address('test@mail.test'), actor);
  await speak(smtp, `${LOGIN}${MAIL}C: RCPT TO:<test@mail.test>\nS: 250 2.1.5 Recipient OK\n${content()}S: 250 *`);
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
});

test('a large test leaves nothing in the store but its report', async (t) => {
  const smtp = await start(t);
  const big = `C: ${'y'.repeat(900)}\n`.repeat(1200);
  await speak(smtp, `${LOGIN}${MAIL}${TEST}C: DATA\nS: 354 *\nC: From: alice@group.test\nC:\n${big}C: .\n${TAKEN}`);
  const { uploads } = await smtp.store.sweep();
  assert.equal(uploads, 0);
  const [report = ''] = await filed(smtp.store, 'alice');
  assert.match(report, /108\d{4} oct/);
});
