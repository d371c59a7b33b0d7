/** Claws Mail against a whole gateway: fetched, sent with a file, refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { withoutProgram } from '../support/require.ts';
import { Claws } from './claws.ts';

const skip =
  withoutProgram('claws-mail', 'claws-mail') ||
  withoutProgram('Xvfb', 'xvfb') ||
  withoutProgram('xdotool', 'xdotool') ||
  withoutProgram('dbus-run-session', 'dbus');

test('Claws Mail fetches, sends, and tells of a refused address', { skip, timeout: 300_000 }, async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'] });
  t.after(() => gateway.remove());
  const home = mkdtempSync(join(tmpdir(), 'sluis-claws-'));
  t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const claws = await Claws.start(home, {
    ...{ host: 'localhost', pop3s: gateway.port('pop3s'), submission: gateway.port('submission') },
    ...{ ...loginOf('anna'), address: addressOf('anna'), name: 'Anna', ca: gateway.ca },
  });
  t.after(() => claws.stop());

  const content = `From: <${addressOf('bram')}>\r\nTo: <${addressOf('anna')}>\r\nSubject: uitslag-1\r\nDate: Fri, 27 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@group.test>\r\n\r\nThe result is in.\r\n`;
  await send(gateway.target('submission'), loginOf('bram'), {
    from: addressOf('bram'),
    to: [addressOf('anna')],
    content,
  });
  const [message = ''] = await claws.fetch(1);
  assert.match(message, /^Subject: uitslag-1$/m);
  assert.match(message, /The result is in\./);
  assert.deepEqual(await fetchAll(gateway.target('pop3s'), loginOf('anna')), []);

  const letter = join(home, 'letter');
  writeFileSync(letter, `To: ${addressOf('bram')}\nSubject: Vraag\n\nGraag een uitslag.\n`);
  assert.equal(await claws.send(letter), 'sent', claws.log());
  const [got = ''] = await fetchAll(gateway.target('pop3s'), loginOf('bram'));
  assert.match(got, /^Subject: Vraag\r$/m);
  assert.match(got, /Graag een uitslag\./);

  writeFileSync(letter, 'To: nobody@group.test\nSubject: To nobody\n\nx\n');
  assert.notEqual(await claws.send(letter), 'sent');
  assert.match(claws.log(), /550.*<nobody@group\.test> is not registered in this group/);
});
