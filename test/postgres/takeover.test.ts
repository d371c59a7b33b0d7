/** A practice moves here, goes back and moves once more, on a gateway whose store is PostgreSQL. */
// @beside
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressOf, loginOf } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { storesOfFile } from '../support/postgres-store.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { regionFor, subjectsAt } from '../support/takeover-region.ts';

const open = storesOfFile();

test('nothing is lost or there twice after a wave, the way back, and another wave', async (t) => {
  const { gateway, commands, file, maildirOf } = await regionFor(t, {
    openStore: async () => (await open(t)).store,
  });
  const wave = async (name: string): Promise<string> => {
    await commands.done('takeover', 'rehearse', '--wave', name, '--day', 'today', '--from', file);
    return await commands.done('takeover', 'wave', name, '--from', file);
  };
  assert.match(await wave('w1'), /1 practice moved, 3 mailboxes with 6 messages/);
  assert.match(await commands.done('takeover', 'wave', 'w1', '--from', file, '--again'), /3 mailboxes with 0 messages/);
  assert.deepEqual([...(await subjectsAt(gateway, 'carla')).values()], ['carla 1', 'carla 2', 'carla 3']);

  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('carla'));
  await client.fetch(1);
  await client.command('DELE 1');
  await client.quit();
  const sender = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const letter = `From: ${addressOf('anna')}\r\nSubject: new\r\n\r\n.dot\r\n`;
  await sender.submit(addressOf('anna'), [addressOf('carla')], Buffer.from(letter));
  await sender.quit();
  const status = await commands.json<{ practices: { organisation: string }[] }>('takeover', 'status');
  const back = ['takeover', 'back', status.practices[0]?.organisation ?? '', '--from', file, '--addresses-stay'];
  assert.match(
    await commands.done(...back, '--reason', 'their program'),
    /5 messages are there as before\. 1 message that came here .* was written there\.\n1 message that was deleted here/,
  );
  const folder = join(maildirOf('carla'), 'new');
  assert.deepEqual(
    readdirSync(folder)
      .map((name) => /^Subject: (.*?)\r$/m.exec(readFileSync(join(folder, name), 'latin1'))?.[1])
      .sort(),
    ['carla 2', 'carla 3', 'new'],
  );
  assert.equal((await subjectsAt(gateway, 'carla')).size, 0);

  assert.match(await wave('w2'), /1 practice moved, 3 mailboxes with 6 messages/);
  assert.deepEqual([...(await subjectsAt(gateway, 'carla')).values()].sort(), ['carla 2', 'carla 3', 'new']);
  assert.match(await commands.done('audit', 'list', '--event', 'takeover'), /takeover\.returned/);
});
