/**
 * One account that sends and breaks off, sends too much, or sends without end: what is left of it
 * in the store, and when it is told to stop.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, octets } from '../../src/domain/units.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';
import { trusting } from '../support/wire.ts';

const LINE = `${'y'.repeat(998)}\r\n`;
const kilobytes = (n: number): string => LINE.repeat(n);
const HEADER = 'From: alice@group.test\r\n\r\n';

async function open(t: Cleanup, { port, ca }: SmtpFixture, login = 'alice'): Promise<SmtpClient> {
  const client = await SmtpClient.open(
    { port, tls: 'starttls', servername: 'mail.test', context: trusting(ca) },
    { login, password: `${login}-pw` },
  );
  t.after(() => client.wire.destroy());
  return client;
}

/** In the middle of a message, of which the header and so many kilobytes were sent. */
async function halfway(t: Cleanup, smtp: SmtpFixture, n: number, login = 'alice'): Promise<SmtpClient> {
  const client = await open(t, smtp, login);
  await client.begin(`${login}@group.test`, ['bob@group.test'], true);
  client.wire.send(HEADER.replace('alice', login) + kilobytes(n));
  return client;
}

/** A sweep looks again; what is still being written is none of its business. */
async function usedOf({ store }: SmtpFixture): Promise<number> {
  await store.sweep();
  return store.health().used;
}

test('uploads that are broken off again and again leave the store as it was; what is filed stays', async (t) => {
  const smtp = await startSmtp(t);
  const before = await usedOf(smtp);
  for (let i = 1; i <= 12; i += 1) {
    const client = await halfway(t, smtp, 1900);
    await until('most of it is stored', async () => (await usedOf(smtp)) > before + 1_200_000);
    client.wire.destroy();
    await until('nothing of it is left', async () => (await usedOf(smtp)) < before + 500_000);
  }
  assert.equal(smtp.log.names.filter((name) => name === 'smtp.interrupted').length, 12);
  const client = await halfway(t, smtp, 1900);
  client.wire.send('.\r\n');
  await client.expect('250');
  assert((await usedOf(smtp)) > before + 1_800_000);
  // Of a body below 2 MiB: larger ones go in slices, and a sweep may come between them.
  assert.equal(smtp.store.counts.swept.uploads, 0);
});

test('what was stored of a message goes when it is refused, not when its sender comes to its end', async (t) => {
  const smtp = await startSmtp(t, { limits: { maxMessage: octets(3_000_000) } });
  const before = await usedOf(smtp);
  const client = await halfway(t, smtp, 2500);
  await until('most of it is stored', async () => (await usedOf(smtp)) > before + 1_500_000);
  client.wire.send(kilobytes(1000));
  await until('nothing of it is left', async () => (await usedOf(smtp)) < before + 500_000);
  client.wire.send('.\r\n');
  assert.match(await client.reply(), /^552 5\.3\.4 /);
});

test('octets an hour have a limit, and those of messages that were broken off count', async (t) => {
  const smtp = await startSmtp(t, { settings: { alice: { 'octets-per-hour': 1_048_576 } } });
  const before = await usedOf(smtp);
  const broken = await halfway(t, smtp, 1100);
  await until('it has come', async () => (await usedOf(smtp)) > before + 1_000_000);
  const second = await open(t, smtp);
  broken.wire.destroy();
  await until('the line broke', () => smtp.log.names.includes('smtp.interrupted'));
  assert.match(
    await second.command('MAIL FROM:<alice@group.test>', '450'),
    /^450 4\.7\.1 This account has reached its amount of data for this hour/,
  );
  assert.deepEqual(
    smtp.log.events.filter(({ event }) => event === 'smtp.limited').map(({ fields }) => fields.limit),
    ['octets-per-hour'],
  );
  // The control: another account has an hour of its own, and so has this one later.
  const bob = await open(t, smtp, 'bob');
  await bob.command('MAIL FROM:<bob@group.test>', '250');
  smtp.clock.setMonotonic(smtp.clock.monotonic() + hours(2));
  await second.command('MAIL FROM:<alice@group.test>', '250');
});

test('messages that come at the same time do not pass the limit together; one alone may be larger than it', async (t) => {
  const smtp = await startSmtp(t, { settings: { alice: { 'octets-per-hour': 1_048_576 } } });
  const [first, second] = [await halfway(t, smtp, 700), await halfway(t, smtp, 700)];
  first.wire.send(kilobytes(700));
  second.wire.send(kilobytes(700));
  first.wire.send('.\r\n');
  second.wire.send('.\r\n');
  const replies = await Promise.all([first.reply(), second.reply()]);
  assert(replies.some((reply) => reply.startsWith('450 4.7.1 ')));
  smtp.clock.setMonotonic(smtp.clock.monotonic() + hours(2));
  const alone = await halfway(t, smtp, 1400);
  alone.wire.send('.\r\n');
  await alone.expect('250');
});
