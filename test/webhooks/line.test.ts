/**
 * The connection to a receiver: to whom it is made, what it takes, and that nothing keeps it longer
 * than its deadline.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { instant } from '../../src/domain/units.ts';
import { NetworkSet } from '../../src/platform/network.ts';
import { mayBeCalled } from '../../src/webhooks/addresses.ts';
import { DEADLINE, type LineParts, MAX_ANSWER, WebhookLine } from '../../src/webhooks/line.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { Receiver } from '../support/receiver.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

const NONE = new NetworkSet([]);
const LOOPBACK = new NetworkSet(['127.0.0.0/8']);
const here = (): Promise<readonly string[]> => Promise.resolve(['127.0.0.1']);

async function lineTo(t: Cleanup, url: string, parts: Partial<LineParts> = {}): Promise<WebhookLine> {
  const { ca } = await testCertificates();
  const context = createSecureContext({ ca: ca.certificate });
  const line = new WebhookLine({ resolve: here, allowed: LOOPBACK, context, clock: new FakeClock(), ...parts }, url);
  t.after(() => line.close());
  return line;
}

test('only addresses of the public internet may be called, and what the operator allows', () => {
  const refused = [
    ...['127.0.0.1', '127.8.9.1', '0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '169.254.169.254'],
    ...[
      '172.16.0.1',
      '172.31.9.9',
      '192.0.0.8',
      '192.0.2.1',
      '192.88.99.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.51.100.7',
    ],
    ...['203.0.113.9', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
    ],
    ...['100::1', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001:db8::1', '2001::1'],
    ...['2001:10::1', '2002:7f00:1::1', '3fff::1', '5f00::1', 'localhost', '', '1.2.3', '2130706433'],
  ];
  for (const address of refused) assert.equal(mayBeCalled(address, NONE), false, address);
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2a00:1450::1', '2001:4860:4860::8888'])
    assert.equal(mayBeCalled(address, NONE), true, address);
  const list = new NetworkSet(['10.2.0.0/16', 'fd12::/16', '::1']);
  for (const address of ['10.2.3.4', 'fd12::9', '::1']) assert.equal(mayBeCalled(address, list), true, address);
  for (const address of ['10.3.3.4', 'fd13::9', '127.0.0.1']) assert.equal(mayBeCalled(address, list), false, address);
});

test('an event is posted over TLS to the address that was judged, under the name in the URL', async (t) => {
  const receiver = await Receiver.start(t);
  const asked: string[] = [];
  const line = await lineTo(t, receiver.url('localhost', '/in?token=1'), {
    resolve: (name) => {
      asked.push(name);
      return here();
    },
  });
  assert.deepEqual(await line.post({ 'webhook-id': 'a' }, '{"n":1}'), { kind: 'answered', status: 204 });
  assert.deepEqual(await line.post({ 'webhook-id': 'b' }, '{"n":2}'), { kind: 'answered', status: 204 });
  assert.deepEqual(
    receiver.received.map(({ headers, body, path }) => [headers.host, headers['webhook-id'], body, path]),
    [
      [`localhost:${receiver.port}`, 'a', '{"n":1}', '/in?token=1'],
      [`localhost:${receiver.port}`, 'b', '{"n":2}', '/in?token=1'],
    ],
  );
  // One look-up and one connection for both.
  assert.deepEqual([asked, receiver.connections], [['localhost'], 1]);
});

test('no address that is not public is connected to, however it is written', async (t) => {
  const receiver = await Receiver.start(t);
  const hosts = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0',
    '[64:ff9b::7f00:1]',
  ];
  for (const host of hosts) {
    const line = await lineTo(t, receiver.url(host), { allowed: NONE });
    assert.deepEqual(await line.post({}, '{}'), { kind: 'refused', why: 'address' }, host);
  }
  for (const answers of [
    ['127.0.0.1'],
    ['1.1.1.1', '127.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['fe80::1%lo'],
    ['not-an-address'],
  ]) {
    const line = await lineTo(t, receiver.url(), { allowed: NONE, resolve: () => Promise.resolve(answers) });
    assert.deepEqual(await line.post({}, '{}'), { kind: 'refused', why: 'address' }, answers.join());
  }
  assert.equal(receiver.connections, 0);
});

test('a name that changes its address is looked up once for a line, and judged again for the next one', async (t) => {
  const receiver = await Receiver.start(t);
  // Allowed when it is judged, another machine when somebody would look a second time.
  const answers = [['127.0.0.2'], ['127.0.0.1']];
  const allowed = new NetworkSet(['127.0.0.2/32']);
  let n = 0;
  const resolve = (): Promise<readonly string[]> => Promise.resolve(answers[Math.min(n++, 1)]!);
  const clock = new FakeClock();
  const first = await lineTo(t, receiver.url(), { allowed, resolve, clock });
  for (let times = 0; times < 2; times += 1)
    assert.deepEqual(await first.post({}, '{}'), { kind: 'refused', why: 'connection' });
  assert.equal(n, 1);
  const second = await lineTo(t, receiver.url(), { allowed, resolve, clock });
  assert.deepEqual(await second.post({}, '{}'), { kind: 'refused', why: 'address' });
  assert.equal(receiver.connections, 0);
});

test('a redirect is an answer, and is not followed', async (t) => {
  const [receiver, other] = [await Receiver.start(t), await Receiver.start(t)];
  receiver.answer = (response) => response.writeHead(307, { location: other.url() }).end();
  const line = await lineTo(t, receiver.url());
  assert.deepEqual(await line.post({}, '{}'), { kind: 'answered', status: 307 });
  assert.equal(other.connections, 0);
});

test('when it may be tried again is read as seconds or a date, and nothing else is', async (t) => {
  const receiver = await Receiver.start(t);
  const clock = new FakeClock();
  const line = await lineTo(t, receiver.url(), { clock });
  const asks = async (value: string): Promise<unknown> => {
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': value }).end();
    const posted = await line.post({}, '{}');
    return posted.kind === 'answered' ? posted.retryAfter : posted;
  };
  assert.equal(await asks('120'), 120_000);
  assert.equal(await asks(new Date(clock.now() + 90_000).toUTCString()), 90_000 - (clock.now() % 1000));
  for (const value of ['0', '-5', '1.5', 'soon', '', '9999999999', new Date(clock.now() - 5000).toUTCString()])
    assert.equal(await asks(value), undefined, value);
});

test('of a huge answer a few KiB are read, and then the connection is cut', async (t) => {
  const receiver = await Receiver.start(t);
  let written = 0;
  let closed = false;
  receiver.answer = (response) => {
    response.writeHead(200);
    response.on('close', () => (closed = true));
    const more = (): void => {
      while (!closed && written < 500_000_000) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
      }
    };
    more();
  };
  const line = await lineTo(t, receiver.url());
  assert.deepEqual(await line.post({}, '{}'), { kind: 'answered', status: 200 });
  await until('the connection is cut', () => closed);
  // What the kernel's buffers took is all that went.
  assert(written < 50_000_000 && written > MAX_ANSWER, `${written}`);
});

test('a receiver that never answers, answers drop by drop, or is never found takes no longer than the deadline', async (t) => {
  const clock = new FakeClock();
  const receiver = await Receiver.start(t);
  receiver.answer = () => undefined;
  const silent = await lineTo(t, receiver.url(), { clock });
  const posting = silent.post({}, '{}');
  await until('it was asked', () => receiver.received.length === 1);
  clock.advance(DEADLINE);
  assert.deepEqual(await posting, { kind: 'refused', why: 'timeout' });
  await until('it is cut', () => receiver.open === 0);

  receiver.answer = (response) => void response.writeHead(200).write('a');
  const slow = await lineTo(t, receiver.url(), { clock });
  const dripping = slow.post({}, '{}');
  await until('it was asked', () => receiver.received.length === 2);
  await until('the deadline waits', () => clock.waiting === 1);
  clock.advance(DEADLINE);
  // Either the status had come, or it had not: a status that came stands.
  const ended = await dripping;
  assert(ended.kind === 'refused' ? ended.why === 'timeout' : ended.status === 200);

  const lost = await lineTo(t, receiver.url(), { clock, resolve: () => new Promise(() => undefined) });
  const looking = lost.post({}, '{}');
  clock.advance(DEADLINE);
  assert.deepEqual(await looking, { kind: 'refused', why: 'timeout' });
  assert.equal(clock.waiting, 0);
});

test('a name without an address, a closed port, another protocol and a flood of header each have their word', async (t) => {
  const nowhere = await lineTo(t, 'https://nowhere.test/', { resolve: () => Promise.reject(new Error('ENOTFOUND')) });
  assert.deepEqual(await nowhere.post({}, '{}'), { kind: 'refused', why: 'name' });
  const empty = await lineTo(t, 'https://nowhere.test/', { resolve: () => Promise.resolve([]) });
  assert.deepEqual(await empty.post({}, '{}'), { kind: 'refused', why: 'name' });

  const plain = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('220 mail.test ESMTP\r\n', () => socket.destroy());
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const { port } = plain.address() as AddressInfo;
  const smtp = await lineTo(t, `https://localhost:${port}/`);
  assert.deepEqual(await smtp.post({}, '{}'), { kind: 'refused', why: 'connection' });
  await new Promise((resolve) => plain.close(resolve));
  const closed = await lineTo(t, `https://localhost:${port}/`);
  assert.deepEqual(await closed.post({}, '{}'), { kind: 'refused', why: 'connection' });

  const receiver = await Receiver.start(t);
  receiver.answer = (response) => response.writeHead(200, { 'x-long': 'a'.repeat(9000) }).end();
  const flood = await lineTo(t, receiver.url());
  assert.deepEqual(await flood.post({}, '{}'), { kind: 'refused', why: 'broken' });
  receiver.answer = (response) => response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end();
  const upgrade = await lineTo(t, receiver.url());
  assert.deepEqual(await upgrade.post({}, '{}'), { kind: 'refused', why: 'broken' });
});

test('a certificate of another name, of an authority that is not trusted, or past its time is refused', async (t) => {
  const receiver = await Receiver.start(t);
  const named = await lineTo(t, receiver.url('other.test'));
  assert.deepEqual(await named.post({}, '{}'), { kind: 'refused', why: 'certificate' });
  const untrusted = await lineTo(t, receiver.url(), { context: createSecureContext({ ca: [] }) });
  assert.deepEqual(await untrusted.post({}, '{}'), { kind: 'refused', why: 'certificate' });
  const old = await makeDevelopmentCertificates(['localhost'], instant(Date.UTC(2020, 0, 1)));
  const expired = await Receiver.start(t, old.server);
  const late = await lineTo(t, expired.url(), { context: createSecureContext({ ca: old.ca.certificate }) });
  assert.deepEqual(await late.post({}, '{}'), { kind: 'refused', why: 'certificate' });
  assert.equal(receiver.received.length + expired.received.length, 0);
});

test('a connection that the receiver closed while it was kept is made anew', async (t) => {
  const receiver = await Receiver.start(t);
  const line = await lineTo(t, receiver.url());
  assert.deepEqual(await line.post({}, '1'), { kind: 'answered', status: 204 });
  // It takes the next one and cuts the line before it answers.
  let cut = false;
  receiver.answer = (response) => {
    if (cut) return void response.writeHead(204).end();
    cut = true;
    receiver.cut();
  };
  assert.deepEqual(await line.post({}, '2'), { kind: 'answered', status: 204 });
  assert.deepEqual(
    receiver.received.map(({ body }) => body),
    ['1', '2', '2'],
  );
  assert.equal(receiver.connections, 2);
});
