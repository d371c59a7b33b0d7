/**
 * docs/call.svg: a call at the helpdesk, from "they sent us a result and we have nothing" to what
 * became of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandScene } from '../support/command-scene.ts';
import { FakeClock } from '../support/clock.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { holdPicture, steady } from './held.ts';
import { terminalSvg } from './terminal.ts';

const [LAB, PRACTICE] = ['uitslagen', 'assistente'];
/** Of the message with its Received field, and of its only part. */
const HASHES = [
  'baa39769d52b1137f57bb8830298be2e4f8659a5ea4bedb78d555be7ea45d81c',
  'b35e09fa2ced9ebcad9d16336fb961146fe34bfbebc562679da85f8a314c9dca',
];

test('docs/call.svg shows what a helpdesk sees of a message that somebody misses', async (t) => {
  const clock = new FakeClock(Date.UTC(2026, 10, 26, 8, 2, 11, 240));
  const { gateway, done } = await commandScene(t, { accounts: [LAB, PRACTICE], clock });
  const content = `From: ${addressOf(LAB)}\r\nTo: ${addressOf(PRACTICE)}\r\nSubject: Uitslag\r\nDate: Thu, 26 Nov 2026 09:02:10 +0100\r\nMessage-ID: <88231@lab.test>\r\n\r\nx\r\n`;
  const mistyped = await SmtpClient.open(gateway.target('submission'), loginOf(LAB));
  await mistyped.command(`MAIL FROM:<${addressOf(LAB)}>`, '250');
  await mistyped.command(`RCPT TO:<${addressOf(PRACTICE).replace('ss', 's')}>`, '550');
  await mistyped.quit();
  clock.advance(95_000);
  const id = await send(gateway.target('submission'), loginOf(LAB), {
    from: addressOf(LAB),
    to: [addressOf(PRACTICE)],
    content,
  });
  clock.advance(754_000);
  assert.equal((await fetchAll(gateway.target('pop3s'), loginOf(PRACTICE))).length, 1);
  clock.advance(3_600_000);
  const runs = [];
  for (const words of [
    ['account', 'show', addressOf(LAB)],
    ['account', 'messages', addressOf(PRACTICE)],
    ['trace', id],
  ]) {
    const printed = `${words.join(' ')}\n${(await done(...words)).replace(/(?<=Last refusals\n(?: .*\n)+)\n[^]*/, '...')}`;
    const [command = '', ...output] = steady(printed, [
      [new RegExp(`\\b${id}\\b`, 'g'), ['38gpw75w00002']],
      [/\b[0-9a-f]{64}\b/g, HASHES],
    ]).split('\n');
    runs.push({ command: `sluis ${command}`, output: output.join('\n') });
  }
  holdPicture(
    'call.svg',
    terminalSvg({
      title: 'A support call: what became of a message that somebody misses',
      description:
        'Somebody misses a result. sluis account show of the laboratory has its last logins, and the last refusal with its cause: 550 5.1.1, the address was mistyped. sluis account messages of the practice has a message that came a minute later. sluis trace shows its envelope, its parts with their hashes, and its times: accepted at 09:03, collected and deleted by the addressee at 09:16. No subject and no content is shown.',
      runs,
    }),
  );
});
