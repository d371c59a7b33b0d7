import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../src/domain/units.ts';
import { filed } from '../support/filed.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import { trusting } from '../support/wire.ts';

async function open(t: { after(run: () => void): void }, smtp: SmtpFixture): Promise<SmtpClient> {
  const client = await SmtpClient.open(
    { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
    { login: 'alice', password: 'alice-pw' },
  );
  t.after(() => client.wire.destroy());
  return client;
}

const letter = (id: string, body = 'Uitslag'): Buffer =>
  Buffer.from(`From: alice@group.test\r\n${id === '' ? '' : `Message-ID: <${id}>\r\n`}\r\n${body}\r\n`);
const send = async (client: SmtpClient, octets: Buffer, to = ['bob@group.test']): Promise<string> =>
  (await client.submit('alice@group.test', to, octets)).trim();
const waiting = async (smtp: SmtpFixture): Promise<number> => (await filed(smtp.store, 'bob', 0)).length;

test('a message that is sent again while its first copy waits is filed once, and the reply names the first', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const first = await send(client, letter('1@x.test'));
  const id = /accepted as (\w+)/.exec(first)?.[1] ?? '';
  assert.equal(await send(client, letter('1@x.test')), `250 2.0.0 already accepted as ${id}`);
  assert.equal(await waiting(smtp), 1);
  assert.ok(smtp.log.events.some((e) => e.event === 'smtp.resubmitted' && e.fields.message === id));
});

test('whatever differs makes it another message: text, Message-ID, addressees, or no Message-ID at all', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const sent = [
    await send(client, letter('1@x.test')),
    await send(client, letter('1@x.test', 'Uitslag.')),
    await send(client, letter('1@x.test', 'uitslag')),
    await send(client, letter('1@x.test', 'Uitslag\r\n')),
    await send(client, letter('2@x.test')),
    await send(client, letter('1@x.test'), ['bob@group.test', 'alice@group.test']),
    await send(client, letter('')),
    await send(client, letter('')),
  ];
  for (const reply of sent) assert.match(reply, /^250 2\.0\.0 accepted as/);
  assert.equal(await waiting(smtp), sent.length);
});

test('"please send it again" is delivered: once the first copy was collected, and after the window', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  await send(client, letter('1@x.test'));
  const account = (await smtp.store.registry.findAccount('bob'))!.account.id;
  const lock = await smtp.store.lockMaildrop(account, { session: 's', network: 'n' });
  assert.ok(lock !== 'in-use');
  const listing = await smtp.store.listMaildrop(lock);
  await smtp.store.commitMaildrop(lock, [], [listing.uidOf(0)], []);
  assert.match(await send(client, letter('1@x.test')), /^250 2\.0\.0 accepted as/);
  assert.match(await send(client, letter('1@x.test')), /already accepted/);
  smtp.clock.advance(minutes(16));
  const later = await open(t, smtp);
  assert.match(await send(later, letter('1@x.test')), /^250 2\.0\.0 accepted as/);
  assert.equal(await waiting(smtp), 3);
});

test('an account with resubmission-minutes=0 is never taken for one that sends again by mistake', async (t) => {
  const smtp = await startSmtp(t);
  await smtp.store.registry.changeSettings(
    { scope: 'account', login: 'alice' },
    { 'resubmission-minutes': 0 },
    { name: 'test' },
  );
  const client = await open(t, smtp);
  await send(client, letter('1@x.test'));
  assert.match(await send(client, letter('1@x.test')), /^250 2\.0\.0 accepted as/);
});
