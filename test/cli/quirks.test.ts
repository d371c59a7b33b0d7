/**
 * `sluis account quirks` beside a running gateway, and the test address from one end to the other.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuirkView } from '../../src/admin/quirks.ts';
import { sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];
const message = (text: string): Buffer =>
  Buffer.from(
    `From: ${anna}\r\nDate: Wed, 25 Nov 2026 09:00:00 +0100\r\nMessage-ID: <${text.length}@x>\r\nX-Mailer: OldSys 2.1\r\n\r\n${text}\r\n`,
    'latin1',
  );

async function quirks({ config }: TestGateway, ...options: string[]): Promise<string> {
  const ran = await sluisHere(['account', 'quirks', anna, '--config', config.file, ...options]);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

test('account quirks tells how often, since when, by which program, and what switching it off or on would do', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  assert.equal(await quirks(gateway), 'No deviation was seen in the last 100 days.\n');
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  for (const text of ['a\nb', 'a\nb\nc']) await client.submit(anna, [bert], message(text));
  await client.command(`MAIL FROM: <${anna}>`, '250');
  await client.command(`RCPT TO:<${bert}>`, '501 5.5.2');
  await client.quit();
  const day = new Date().toISOString().slice(0, 10);
  const expected = [
    `line-ends: seen 2 times since ${day}, last today, by OldSys 2.1: bare CR or LF in messages (RFC 5321 section 2.3.8)`,
    '  allowed (line-ends=automatic); switching it off (line-ends=refuse) would refuse these',
    '',
    `path-blanks: refused once since ${day}, last today: spaces around the address in MAIL FROM or RCPT TO (RFC 5321 section 3.3)`,
    '  refused (quirk-path-blanks=refuse); quirk-path-blanks=tolerate would allow these',
    '',
  ].join('\n');
  assert.equal(await quirks(gateway), expected);
  const again = await gateway.restart();
  t.after(() => again.remove());
  assert.equal(await quirks(again), expected);
  const views = JSON.parse(await quirks(again, '--json')) as QuirkView[];
  assert.deepEqual(
    views.map(({ quirk, tolerated, refused, allowed, setting }) => [
      quirk,
      tolerated,
      refused,
      allowed,
      setting?.other,
    ]),
    [
      ['line-ends', 2, 0, true, 'refuse'],
      ['path-blanks', 0, 1, false, 'tolerate'],
    ],
  );
});

test('mail to the test address of a running gateway comes back as a report over POP3', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const client = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  const reply = await client.submit(
    anna,
    ['test@mail.test'],
    message("UNB+UNOA:1+1+2+261125:0905+7'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+7'"),
  );
  assert.match(reply, /it was a test and went to nobody/);
  await client.quit();
  const pickup = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  assert.equal((await pickup.stat()).messages, 1);
  const report = (await pickup.fetch(1)).toString('latin1');
  await pickup.quit();
  assert.match(report, /^Subject: Testrapport: geen fouten, \d+ opmerkingen\r$/m);
  assert.match(report, /MEDLAB 1/);
  assert.match(report, /TLSv1\.3 \(TLS_AES_/);
  assert.match(report, /A mail program reads the beginning like this:/);
});
