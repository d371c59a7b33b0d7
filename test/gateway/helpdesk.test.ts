/**
 * Name, telephone and hours of the helpdesk in what a running gateway says: letters, and refusals
 * on both protocols.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

const CONFIGURATION = `
[notices]
operator = "dirk@group.test"
[helpdesk]
name = "Zorgcoöperatie Noord"
telephone = "088 123 45 67"
hours = "ma-vr 8-18 uur"
`;
const actor = { name: 'dirk' };

async function open(t: TestContext, configuration: string): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'dirk'], configuration });
  t.after(() => gateway.remove());
  return gateway;
}

/** What is said to a command that is refused. */
const refusedBy = (asked: Promise<string>): Promise<string> =>
  asked.then(
    (reply) => assert.fail(`expected a refusal, got ${reply}`),
    (error: unknown) => (error instanceof UnexpectedReply ? error.reply : Promise.reject(error as Error)),
  );

/** Sends to bram, takes it back, and fetches what anna is told. */
async function takenBack(gateway: TestGateway, to: readonly string[]): Promise<string> {
  const content = `From: ${addressOf('anna')}\r\nTo: ${to.join(', ')}\r\nSubject: =?utf-8?Q?Uitslag_Zo=C3=AB?=\r\n\r\nTekst.\r\n`;
  const message = await send(gateway.target('submission'), loginOf('anna'), { from: addressOf('anna'), to, content });
  const input = { message, reason: 'verkeerde ontvanger' };
  await runOperation(
    'message.withdraw',
    gateway.admin,
    input,
    { actor, who: OWNER_SAID, progress: () => undefined },
    gateway.log,
  );
  const letters = await fetchAll(gateway.target('pop3s'), loginOf('anna'));
  return letters.at(-1) ?? '';
}

test('a letter names the helpdesk with telephone and hours, and the address that reads; postmaster is nobody', async (t) => {
  const gateway = await open(t, CONFIGURATION);
  const letter = await takenBack(gateway, [addressOf('bram')]);
  const [, text = ''] = letter.split('\r\n\r\n');
  const flowed = letter.slice(letter.indexOf(text)).replace(/=\r\n/g, '').replace(/\s+/g, ' ');
  assert.match(
    flowed,
    /de helpdesk: Zorgco(?:ö|=C3=B6|Ã¶)peratie Noord, telefoon 088 123 45 67 \(ma-vr 8-18 uur\), dirk@group\.test/,
  );
  assert.match(flowed, /the helpdesk: .{15,30} Noord, telephone 088 123 45 67 \(ma-vr 8-18 uur\), dirk@group\.test/);
  assert.doesNotMatch(flowed, /postmaster/);
});

test('the letter about a withdrawal names the recipient and the subject', async (t) => {
  const gateway = await open(t, '');
  const one = await takenBack(gateway, [addressOf('bram')]);
  assert.match(one, /^Subject: Teruggehaald: uw bericht aan bram@group\.test\r$/m);
  assert.match(one, /Onderwerp: +Uitslag Zo(?:ë|=C3=AB|Ã«)/);
  const two = await takenBack(gateway, [addressOf('bram'), addressOf('dirk')]);
  assert.match(two, /^Subject: Teruggehaald: uw bericht aan bram@group\.test en anderen\r$/m);
});

test('a refusal that sends somebody to the helpdesk says how it is reached, in ASCII, on both protocols', async (t) => {
  const gateway = await open(t, CONFIGURATION);
  const who = /the helpdesk \(Zorgcooperatie Noord, 088 123 45 67, ma-vr 8-18 uur\)/;
  const address = addressOf('bram');
  await runOperation(
    'address.suspend',
    gateway.admin,
    { address },
    { actor, who: OWNER_SAID, progress: () => undefined },
    gateway.log,
  );
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await smtp.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  const rcpt = await refusedBy(smtp.command(`RCPT TO:<${address}>`, '250'));
  assert.match(rcpt, /^550 5\.2\.1 .* is registered but suspended; ask the addressee or the helpdesk \(/);
  assert.match(rcpt, who);
  assert.match(rcpt, / \/ .* bel de ontvanger of de helpdesk \(Zorgcooperatie Noord, 088 123 45 67, ma-vr 8-18 uur\)$/);
  await smtp.quit();
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const last = await refusedBy(pop3.command('LAST'));
  assert.match(last, /^-ERR /);
  assert.match(last, who);
  await pop3.command('QUIT');
});

test('without settings a refusal is what its table says', async (t) => {
  const gateway = await open(t, '');
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  assert.match(await refusedBy(pop3.command('LAST')), /or ask the helpdesk to allow it/);
  await pop3.command('QUIT');
});
