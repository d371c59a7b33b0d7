/** The parts together: what only shows when all of them run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../src/admin/client.ts';
import { controlSocketOf, loadConfig } from '../src/config/load.ts';
import { startGateway } from '../src/gateway.ts';
import { storeOptionsOf } from '../src/gateway/store.ts';
import { systemClock } from '../src/platform/clock.ts';
import { ListenerRefused } from '../src/platform/listener.ts';
import { TlsMaterialError } from '../src/platform/tls.ts';
import { StoreFailed, StoreRefused } from '../src/store/store.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { MemoryLog } from './support/log.ts';
import { assertNoSecret } from './support/no-secret.ts';
import { Pop3Client } from './support/pop3-client.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from './support/smtp-client.ts';
import { openStoreAt } from './support/store.ts';

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], ...options });
  t.after(() => gateway.remove());
  return gateway;
}

const content = (subject: string): Buffer =>
  Buffer.from(
    [
      `From: ${addressOf('anna')}`,
      `To: ${addressOf('bram')}`,
      `Subject: ${subject}`,
      'Date: Wed, 25 Nov 2026 12:00:00 +0000',
      `Message-ID: <${subject}@group.test>`,
      '',
      'Body.',
      '',
    ].join('\r\n'),
  );

const send = async (client: SmtpClient, subject: string): Promise<string> =>
  await client.submit(addressOf('anna'), [addressOf('bram')], content(subject));

async function subjects(gateway: TestGateway): Promise<string[]> {
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const { messages } = await client.stat();
  const found: string[] = [];
  for (let n = 1; n <= messages; n += 1)
    found.push(/^Subject: (.*)\r$/m.exec((await client.fetch(n)).toString('latin1'))?.[1] ?? '');
  await client.quit();
  return found;
}

const refusal = (pattern: RegExp) => (error: unknown) => error instanceof UnexpectedReply && pattern.test(error.reply);

test('a message goes from each submission listener to each pickup listener', async (t) => {
  const gateway = await open(t);
  for (const port of ['submission', 'submissions'] as const) {
    const client = await SmtpClient.open(gateway.target(port), loginOf('anna'));
    acceptedId(await send(client, port));
    await client.quit();
  }
  const plain = await Pop3Client.open(gateway.target('pop3'), loginOf('bram'));
  assert.equal((await plain.stat()).messages, 2);
  await plain.quit();
  assert.deepEqual(await subjects(gateway), ['submission', 'submissions']);
});

test('a change over the control socket holds at the next command of an open session', async (t) => {
  const gateway = await open(t);
  const admin = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  assert.ok(admin);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await send(client, 'before');
  await admin.call('account.suspend', { login: [addressOf('bram')] });
  await client.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  await assert.rejects(client.command(`RCPT TO:<${addressOf('bram')}>`, '250'), refusal(/^550 5\.2\.1 /));
  await assert.rejects(Pop3Client.open(gateway.target('pop3'), loginOf('bram')));
  await admin.call('account.suspend', { login: [addressOf('anna')] });
  // The session is ended; a command that came before its end is refused.
  await assert.rejects(
    async () => {
      await client.command('RSET', '250');
      await client.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
    },
    refusal(/^(550|421) /),
  );
  await admin.call('account.resume', { login: [addressOf('bram')] });
  assert.deepEqual(await subjects(gateway), ['before']);
  await admin.close();
});

test('a revoked password is refused at the next login, although it was remembered', async (t) => {
  const gateway = await open(t);
  await Pop3Client.open(gateway.target('pop3'), loginOf('bram')).then((c) => c.quit());
  const admin = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  await admin?.call('account.password.remove', { login: addressOf('bram'), name: 'first' });
  await assert.rejects(Pop3Client.open(gateway.target('pop3'), loginOf('bram')));
  await admin?.close();
});

test('the mail is there after a restart', async (t) => {
  const first = await open(t);
  const client = await SmtpClient.open(first.target('submission'), loginOf('anna'));
  await send(client, 'kept');
  const second = await first.restart();
  t.after(() => second.stop());
  assert.deepEqual(await subjects(second), ['kept']);
});

test('stop() lets a message in DATA end, says 250 and keeps it', async (t) => {
  const gateway = await open(t);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.begin(addressOf('anna'), [addressOf('bram')], false);
  client.wire.send(content('late').subarray(0, 50));
  const stopped = gateway.stop();
  client.wire.send(content('late').subarray(50));
  client.wire.send('.\r\n');
  acceptedId(await client.expect('250'));
  await stopped;
  assert.equal(existsSync(controlSocketOf(gateway.config)), false);
  const again = await gateway.restart();
  t.after(() => again.stop());
  assert.deepEqual(await subjects(again), ['late']);
});

test('stop() cuts what does not end within the drain time', async (t) => {
  const gateway = await open(t, { configuration: '[connections]\ndrain = "0s"\n' });
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.begin(addressOf('anna'), [addressOf('bram')], false);
  await gateway.stop();
  const again = await gateway.restart();
  t.after(() => again.stop());
  assert.deepEqual(await subjects(again), []);
});

test('after a failed sync no 250 follows, and the gateway says that it has failed', async (t) => {
  const gateway = await open(t);
  const broken = await gateway.restart({
    openStore: async (config, effects) =>
      await openStoreAt({ ...(await storeOptionsOf(config, effects)), testing: { failCommit: 4 } }),
  });
  t.after(() => broken.stop({ drain: 'none' }));
  const client = await SmtpClient.open(broken.target('submission'), loginOf('anna'));
  const taken: string[] = [];
  for (let i = 0; i < 5; i += 1)
    try {
      await send(client, `n${i}`);
      taken.push(`n${i}`);
    } catch (error) {
      assert.ok(refusal(/^(4|250)/)(error), String(error));
      // Where the store failed between MAIL and the content the transaction is open still.
      await client.command('RSET', '250').catch(() => undefined);
    }
  assert.ok((await broken.failed) instanceof StoreFailed);
  await assert.rejects(async () => {
    const next = await SmtpClient.open(broken.target('submission'), loginOf('anna'));
    await send(next, 'never');
  });
  assert.ok(broken.log.names.includes('store.failed'));
  // What had its 250 is there, so none was given to what was not on the disk.
  await broken.stop({ drain: 'none' });
  const again = await gateway.restart();
  t.after(() => again.stop({ drain: 'none' }));
  const there = await subjects(again);
  assert.deepEqual(
    taken.filter((subject) => !there.includes(subject)),
    [],
  );
});

test('a second gateway on the same data is refused, and the first goes on', async (t) => {
  const gateway = await open(t);
  await assert.rejects(
    startGateway(gateway.config, { clock: systemClock, log: new MemoryLog() }),
    (error) => error instanceof StoreRefused && error.held,
  );
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await send(client, 'still');
  const admin = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  assert.equal((await admin?.call('gateway.status', {}))?.hostname, 'mail.test');
  await admin?.close();
});

test('a start on a busy port says so and leaves nothing running', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const text = readFileSync(gateway.config.file, 'utf8');
  // The last listener: the three before it are open by then.
  writeFileSync(gateway.config.file, text.replace(/(name = "pop3s"[^[]*?port = )0/, `$1${port}`));
  await assert.rejects(
    startGateway(loadConfig(gateway.config.file), { clock: systemClock, log: new MemoryLog() }),
    (error) =>
      error instanceof ListenerRefused &&
      error.message.includes(`"pop3s" on 127.0.0.1 port ${port}: another program listens there`),
  );
  assert.equal(existsSync(controlSocketOf(gateway.config)), false);
  writeFileSync(gateway.config.file, text);
  const again = await startGateway(gateway.config, { clock: systemClock, log: new MemoryLog() });
  await again.stop();
});

test('a gateway does not start without a certificate that belongs to its key', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  const file = join(gateway.folder, 'server.pem');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, gateway.ca);
  await assert.rejects(startGateway(gateway.config, { clock: systemClock, log: new MemoryLog() }), TlsMaterialError);
  writeFileSync(file, good);
});

test('a reload with a bad certificate changes nothing', async (t) => {
  const gateway = await open(t);
  const file = join(gateway.folder, 'server.pem');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, 'nonsense');
  await assert.rejects(gateway.reloadTls(), TlsMaterialError);
  writeFileSync(file, good);
  const client = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  await send(client, 'served');
  await gateway.reloadTls();
  assert.deepEqual(await subjects(gateway), ['served']);
});

test('two gateways live in one process', async (t) => {
  const [first, second] = await Promise.all([open(t), open(t)]);
  const client = await SmtpClient.open(first.target('submission'), loginOf('anna'));
  await send(client, 'first');
  assert.deepEqual([await subjects(first), await subjects(second)], [['first'], []]);
});

test("a client on the gateway's own address has no privilege: no mail without a login, no guess more, no connection more", async (t) => {
  const gateway = await open(t, {
    configuration: '[auth]\nrefusal-grid = "0ms"\nshort-wait = "0s"\n[connections]\nper-network = 4\n',
  });
  const here = await SmtpClient.open(gateway.target('submissions'));
  await assert.rejects(here.command(`MAIL FROM:<${addressOf('anna')}>`, '250'), refusal(/^530 5\.7\.0 /));
  await here.quit();
  const guess = (n: number): Promise<unknown> =>
    SmtpClient.open(gateway.target('submissions'), { login: addressOf('anna'), password: `wrong guess ${n}` });
  for (let n = 0; n < 5; n += 1) await assert.rejects(guess(n), refusal(/^535 5\.7\.8 /));
  await assert.rejects(guess(5), refusal(/^454 4\.7\.0 /));
  const held = await Promise.all([0, 1, 2, 3].map(() => SmtpClient.open(gateway.target('submission'))));
  await assert.rejects(SmtpClient.open(gateway.target('submission')), refusal(/^421 4\.7\.0 Too many connections/));
  for (const client of held) await client.quit();
  assertNoSecret(gateway.log, 'wrong guess');
});

test('no password reaches the log, in clear or in base64', async (t) => {
  const gateway = await open(t);
  const { login, password } = loginOf('anna');
  await SmtpClient.open(gateway.target('submission'), { login, password: 'a wrong one 42' }).catch(() => undefined);
  await SmtpClient.open(gateway.target('submission'), { login, password }).then((c) => c.quit());
  await gateway.stop();
  assertNoSecret(gateway.log, password, 'a wrong one 42');
});

test('a listener behind a load balancer knows its clients by the PROXY header', async (t) => {
  const gateway = await open(t, {
    configuration: `[[listener]]
name = "balanced"
protocol = "pop3"
address = "127.0.0.1"
port = 0
tls = "starttls"
proxy = ["127.0.0.0/8"]`,
  });
  const port = gateway.listeners.find(({ spec }) => spec.name === 'balanced')?.port ?? 0;
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('PROXY TCP4 192.0.2.7 203.0.113.5 4000 110\r\nQUIT\r\n');
  const [first] = (await once(socket, 'data')) as [Buffer];
  assert.match(first.toString('latin1'), /^\+OK /);
  socket.resume();
  await once(socket, 'close');
  await gateway.stop({ drain: 'none' });
  const ended = gateway.log.events.find(({ event }) => event === 'pop3.ended');
  assert.equal(ended?.fields.address, '192.0.2.7');
});
