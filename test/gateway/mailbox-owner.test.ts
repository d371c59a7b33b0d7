/**
 * What those around a mailbox learn of it from a running gateway: that it fills up, and who opens
 * it.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConsumerView } from '../../src/admin/delivery-views.ts';
import { runOperation } from '../../src/admin/operations.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send, subjectsOf } from '../support/mail.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

const call = { actor: { name: 'dirk' }, who: OWNER_SAID, progress: () => undefined };
const MiB = 1024 * 1024;

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'] });
  t.after(() => gateway.remove());
  return gateway;
}

/** To bram, of about so many octets. */
const fill = (gateway: TestGateway, octets: number): Promise<string> =>
  send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    to: [addressOf('bram')],
    content: `From: ${addressOf('anna')}\r\nSubject: groot\r\n\r\n${`${'x'.repeat(78)}\r\n`.repeat(Math.floor(octets / 80))}`,
  });

const lettersOf = async (gateway: TestGateway, name: string): Promise<readonly string[]> =>
  subjectsOf(await fetchAll(gateway.target('pop3s'), loginOf(name), 'drop')).filter((s) => s.startsWith('Postbus'));

test('a mailbox that is 80 % full is a letter, to its owner and to somebody else of the organisation, once', async (t) => {
  const gateway = await open(t);
  const input = { name: addressOf('bram'), settings: [`quota=${MiB}`] };
  await runOperation('account.set', gateway.admin, input, call, gateway.log);
  await fill(gateway, 0.7 * MiB);
  await fill(gateway, 0.15 * MiB);
  await fill(gateway, 0.01 * MiB);
  await until('the letter to bram', async () => (await lettersOf(gateway, 'bram')).length > 0);
  assert.deepEqual(await lettersOf(gateway, 'bram'), [`Postbus bijna vol (85 %): ${addressOf('bram')}`]);
  // Nobody is registered as contact: the first account of the organisation that people read is
  // asked.
  await until('the letter to anna', async () => (await lettersOf(gateway, 'anna')).length > 0);
  assert.deepEqual(await lettersOf(gateway, 'anna'), [`Postbus bijna vol (85 %): ${addressOf('bram')}`]);
  const [letter = ''] = (await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'drop')).filter((message) =>
    message.includes('Subject: Postbus'),
  );
  assert.match(letter.replace(/\s+/g, ' '), /0,9 MB van 1(?:,0)? MB .*0\.9 MB of 1(?:\.0)? MB/);
});

test('a size that is declared and never sent makes nobody a letter', async (t) => {
  const gateway = await open(t);
  const input = { name: addressOf('bram'), settings: [`quota=${MiB}`] };
  await runOperation('account.set', gateway.admin, input, call, gateway.log);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.command(`MAIL FROM:<${addressOf('anna')}> SIZE=${Math.floor(0.9 * MiB)}`, '250');
  await client.command(`RCPT TO:<${addressOf('bram')}>`, '250');
  await client.quit();
  assert.ok(gateway.log.names.includes('quota.warning'));
  assert.deepEqual(await lettersOf(gateway, 'bram'), []);
});

test('who opens a mailbox is told at once, before the counts are written', async (t) => {
  const gateway = await open(t);
  for (let n = 0; n < 12; n += 1) {
    const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
    await client.command('QUIT');
  }
  const ask = (): Promise<readonly ConsumerView[]> =>
    runOperation('mailbox.consumers', gateway.admin, { login: addressOf('bram') }, call, gateway.log);
  // A session is counted when its connection has closed.
  await until('12 sessions', async () => (await ask()).some(({ sessions }) => sessions === 12));
  assert.equal((await ask()).length, 1);
});
