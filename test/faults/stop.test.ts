/**
 * SIGTERM in the middle of things: what runs ends properly or is told to come again, and nothing is
 * half filed.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Instance, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { WireEnded } from '../support/wire.ts';
import { collect, pause } from './support/traffic.ts';

let instance: Instance;

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['sender', 'anna', 'bram']);
});
after(() => instance.remove());

const open = (): Promise<SmtpClient> => SmtpClient.open(instance.target('submission'), loginOf('sender'));

test('SIGTERM in the middle of DATA: a sender that goes on gets its 250 and is filed, or a 421 and is not; exit code 0', async (t) => {
  const ledger = new Ledger(addressOf('sender'));
  const served = await instance.serve();
  const [moving, silent, idle] = [await open(), await open(), await open()];
  const [first, second] = [ledger.compose(400_000), ledger.compose(400_000)];
  for (const [client, message] of [
    [moving, first],
    [silent, second],
  ] as const) {
    await client.begin(addressOf('sender'), [addressOf('anna')], true);
    client.wire.send(message.wire.subarray(0, 200_000));
  }
  await pause(50);
  const started = performance.now();
  served.signal('SIGTERM');
  await pause(50);
  moving.wire.send(first.wire.subarray(200_000));
  moving.wire.send('.\r\n');
  const answer = await moving.reply().catch((error: unknown) => {
    assert.ok(error instanceof WireEnded);
    return 'the line was cut';
  });
  if (answer.startsWith('250')) ledger.acknowledge(first, acceptedId(answer));
  else assert.match(answer, /^(421|451) |^the line was cut$/);
  t.diagnostic(`the sender that continued was answered: ${answer.slice(0, 9)}`);
  // The one that stays silent in DATA, and the idle one, are told or cut; a cut connection means
  // "not accepted" to any client.
  for (const client of [silent, idle]) {
    const said = await client.reply().catch((error: unknown) => error);
    assert.ok(said instanceof WireEnded || (typeof said === 'string' && said.startsWith('421 ')), String(said));
  }
  assert.equal(await served.exit, 0);
  assert.ok(performance.now() - started < 8000, 'the drain is 2 s');

  const again = await instance.serve();
  const found = await collect(instance, ledger, ['anna'], { remove: true });
  const report = ledger.report();
  assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
  assert.equal(found, report.acknowledged, 'a message is filed that was not acknowledged');
  assert.equal(await again.stop(), 0);
});

test('SIGTERM during a POP3 session deletes nothing that was not sealed by QUIT', async () => {
  let served = await instance.serve();
  const ledger = new Ledger(addressOf('sender'));
  const sender = await open();
  for (let i = 0; i < 3; i++) await sender.submit(addressOf('sender'), [addressOf('bram')], ledger.compose(2000).wire);
  await sender.quit();
  const client = await Pop3Client.open(instance.target('pop3'), loginOf('bram'));
  await client.command('DELE 1');
  served.signal('SIGTERM');
  assert.equal(await served.exit, 0);
  client.wire.destroy();
  served = await instance.serve();
  const later = await Pop3Client.open(instance.target('pop3'), loginOf('bram'));
  assert.equal((await later.stat()).messages, 3);
  await later.quit();
  assert.equal(await served.stop(), 0);
});

test('a second SIGTERM is no panic, and a start right after finds its data', async () => {
  const served = await instance.serve();
  const client = await open();
  served.signal('SIGTERM');
  served.signal('SIGTERM');
  assert.equal(await served.exit, 0);
  client.wire.destroy();
  const again = await instance.serve();
  assert.equal(await again.stop(), 0);
});

test('refused mail of a stopping gateway is answered 4xx, never 5xx', async () => {
  const served = await instance.serve();
  const client = await open();
  served.signal('SIGTERM');
  const said = await client
    .submit(addressOf('sender'), [addressOf('anna')], new Ledger(addressOf('sender')).compose(1000).wire)
    .catch((error: unknown) => error);
  assert.ok(
    said instanceof WireEnded ||
      (said instanceof UnexpectedReply && said.reply.startsWith('4')) ||
      (typeof said === 'string' && said.startsWith('250')),
    String(said),
  );
  assert.equal(await served.exit, 0);
});
