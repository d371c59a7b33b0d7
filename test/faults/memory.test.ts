/**
 * Memory stays flat where it could grow by the size of the mail: large uploads side by side, and
 * readers that ask and do not read.
 *
 * Counted is everything the process holds (VmHWM: the peak of resident memory, buffers outside the
 * JavaScript heap included).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, after, afterEach, before, beforeEach, test } from 'node:test';
import { HttpWire } from '../support/http-wire.ts';
import { Instance, type Served, addressOf, apiListener, freePort, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { collect, pause } from './support/traffic.ts';
import { effort, testBeforeRelease } from '../support/effort.ts';

/** KiB above the idle process after it has warmed up. */
const ALLOWED = 64 * 1024;
const readers = Array.from({ length: 50 }, (_, i) => `reader${i}`);
let instance: Instance;
let served: Served;
let idle = 0;
let apiPort = 0;

before(async () => {
  apiPort = await freePort();
  instance = await Instance.create({ configuration: apiListener(apiPort) });
  instance.addAccounts(['sender', 'warm', ...readers]);
});
// A process of its own for each test: what one leaves to the allocator must not count for the next.
beforeEach(async () => {
  served = await instance.serve();
  await warmUp();
  idle = served.memory().now;
  served.resetPeak();
});
afterEach(async () => {
  if (!served.over) await served.kill();
});
after(() => instance.remove());

const sender = (): Promise<SmtpClient> => SmtpClient.open(instance.target('submission'), loginOf('sender'));

/**
 * Code compiled, pools filled, every thread at work once: what a gateway looks like after an hour.
 */
async function warmUp(): Promise<void> {
  const ledger = new Ledger(addressOf('sender'));
  const client = await sender();
  for (let i = 0; i < 200; i++)
    await client.submit(
      addressOf('sender'),
      [addressOf('warm')],
      ledger.compose(i % 20 === 0 ? 1_000_000 : 10_000).wire,
    );
  await client.quit();
  // Every reader's password is hashed once, 19 MiB each, two at a time; later logins are
  // remembered.
  await collect(instance, ledger, ['warm', ...readers], { remove: true });
  await pause(500);
}

function judge(t: TestContext, what: string): void {
  const { peak } = served.memory();
  const grown = peak - idle;
  t.diagnostic(
    `${what}: peak ${(peak / 1024).toFixed(0)} MiB, idle ${(idle / 1024).toFixed(0)} MiB, grown by ${(grown / 1024).toFixed(1)} MiB`,
  );
  assert.ok(grown <= ALLOWED, `resident memory grew by ${(grown / 1024).toFixed(1)} MiB; allowed are 64`);
}

/** 50 MB in slices that are made once: the client must not be what runs out of memory. */
async function upload(to: readonly string[], octets: number): Promise<string> {
  const client = await sender();
  const line = `${'B'.repeat(76)}\r\n`;
  const slice = Buffer.from(line.repeat(1000), 'latin1');
  const head = `From: <${addressOf('sender')}>\r\nSubject: large\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${Math.random()}@ledger.test>\r\n\r\n`;
  await client.begin(addressOf('sender'), to.map(addressOf), true, octets);
  client.wire.send(head);
  for (let left = octets - head.length; left > slice.length; left -= slice.length)
    if (!client.wire.send(slice)) await client.wire.drained();
  client.wire.send('.\r\n');
  const reply = await client.expect('250');
  await client.quit();
  return reply;
}

/** `head`, as many of `line` as make 50 MB, and `tail`, as the body of a POST. */
async function post(type: string, head: string, line: string, tail: string): Promise<void> {
  const client = await HttpWire.open({ ...instance.target('submissions'), port: apiPort }, loginOf('sender'));
  const slice = Buffer.from(line.repeat(Math.floor(65_536 / line.length)), 'latin1');
  const count = Math.floor(((tail === '' ? 49_900_000 : 47_000_000) - head.length) / slice.length);
  const headers = [`Content-Type: ${type}`, ...(tail === '' ? [`Sluis-Recipients: ${addressOf('reader1')}`] : [])];
  client.begin('/messages', head.length + count * slice.length + tail.length, randomUUID(), headers);
  client.wire.send(head);
  for (let n = 0; n < count; n += 1) if (!client.wire.send(slice)) await client.wire.drained();
  client.wire.send(tail);
  const { status, json } = await client.answer();
  assert.equal(status, 201, JSON.stringify(json));
  client.wire.destroy();
}

testBeforeRelease('50 MB over HTTPS, as a message and as JSON, stay within 64 MB of idle', async (t) => {
  const from = addressOf('sender');
  const fields = `From: <${from}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${randomUUID()}@x>\r\n\r\n`;
  await post('message/rfc822', fields, `${'B'.repeat(76)}\r\n`, '');
  judge(t, 'message/rfc822');
  const before = `{"attachments":[{"name":"a","type":"application/pdf","content":"`;
  const behind = `"}],"from":"${from}","to":["${addressOf('reader1')}"]}`;
  await post('application/json', before, 'QUJD', behind);
  judge(t, 'JSON');
});

interface Listed {
  readonly id: string;
  readonly messages: readonly { readonly id: string }[];
}

const STALLED = effort(25, 50);

/**
 * Every way in which a content leaves over HTTPS, one reader after the other. Resolves when the
 * request is on its way.
 */
async function stall(client: HttpWire, n: number): Promise<void> {
  const { messages } = (await client.ask('GET', '/mailbox/messages')).json as Listed;
  const path = `/mailbox/messages/${messages[0]?.id}`;
  const claimed = n % 4 === 3 ? ((await client.ask('POST', '/mailbox/claims')).json as Listed).id : '';
  const ways = [`${path}/content`, `${path}/content`, `${path}/parts/1`, `/mailbox/claims/${claimed}/messages`];
  const headers = n % 4 === 1 ? ['Range: bytes=1000-'] : [];
  client.ask('GET', ways[n % 4] ?? '', undefined, () => undefined, headers).catch(() => undefined);
  client.wire.stall();
}

test(`50 MB down over HTTPS, and ${STALLED} readers there that ask and do not read, stay within 64 MB of idle`, async (t) => {
  await upload(['warm'], 49_900_000);
  await upload(readers, 20_000_000);
  await pause(500);
  // What uploads leave to the allocator is theirs.
  idle = served.memory().now;
  served.resetPeak();
  const target = { ...instance.target('submissions'), port: apiPort };
  const anna = await HttpWire.open(target, loginOf('warm'));
  const claim = (await anna.ask('POST', '/mailbox/claims')).json as Listed;
  const path = `/mailbox/messages/${claim.messages[0]?.id}`;
  for (const from of [`${path}/content`, `${path}/parts/1`, `/mailbox/claims/${claim.id}/messages`]) {
    const { status, length } = await anna.ask('GET', from, undefined, () => undefined);
    assert.deepEqual([status, length > 49_000_000], [200, true]);
  }
  assert.equal((await anna.ask('POST', `/mailbox/claims/${claim.id}/acknowledgements`)).status, 200);
  anna.wire.destroy();
  judge(t, '50 MB down, whole, as a part, with its claim');
  // So is what the downloads leave, until it is collected: what is asked next is what readers hold
  // that do not read.
  await pause(500);
  idle = served.memory().now;
  served.resetPeak();
  const clients: HttpWire[] = [];
  for (const [n, name] of readers.slice(0, STALLED).entries()) {
    const client = await HttpWire.open(target, loginOf(name));
    await stall(client, n);
    clients.push(client);
  }
  await pause(3000);
  judge(t, `${STALLED} stalled GET of 20 MB`);
  for (const client of clients) client.wire.destroy();
});

test('20 submissions of 50 MB at once stay within 64 MB of idle', async (t) => {
  const started = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => upload(['warm'], 49_900_000)));
  const seconds = (performance.now() - started) / 1000;
  t.diagnostic(`20 x 50 MB in ${seconds.toFixed(1)} s: ${(998 / seconds).toFixed(0)} MB/s`);
  judge(t, '20 submissions of 50 MB');
});

testBeforeRelease('50 readers that ask for 20 MB and do not read stay within 64 MB of idle', async (t) => {
  await upload(readers, 20_000_000);
  await pause(500);
  served.resetPeak();
  const clients = await Promise.all(readers.map((name) => Pop3Client.open(instance.target('pop3'), loginOf(name))));
  for (const client of clients) {
    await client.command('RETR 1');
    client.wire.stall();
  }
  await pause(3000);
  judge(t, '50 stalled RETR of 20 MB');
  for (const client of clients) client.wire.destroy();
});
