/** The PROXY header in front of both protocols, over real connections. */
import assert from 'node:assert/strict';
import { type Socket, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { seconds } from '../../src/domain/units.ts';
import type { FakeClock } from '../support/clock.ts';
import type { MemoryLog } from '../support/log.ts';
import { startPop3 } from '../support/pop3.ts';
import { startSmtp } from '../support/smtp.ts';

interface Port {
  readonly port: number;
  readonly ca: string;
  readonly log: MemoryLog;
  readonly clock: FakeClock;
  readonly open: () => number;
  readonly greeting: RegExp;
}
type Tls = 'implicit' | 'starttls';
interface Options {
  readonly proxy?: readonly string[];
  readonly perNetwork?: number;
}

const protocols: Record<'smtp' | 'pop3', (t: TestContext, tls: Tls, options?: Options) => Promise<Port>> = {
  smtp: async (t, tls, { proxy = ['127.0.0.1'], perNetwork = 50 } = {}) => {
    const smtp = await startSmtp(t, { tls, proxy, connections: { perNetwork } });
    return { ...smtp, open: () => smtp.connections.open, greeting: /^220 / };
  },
  pop3: async (t, tls, { proxy = ['127.0.0.1'], perNetwork = 50 } = {}) => {
    const pop3 = await startPop3({ tls, proxy, connections: { perNetwork } });
    t.after(() => pop3.stop());
    return { ...pop3, port: pop3.listener.port, open: () => pop3.connections.open, greeting: /^\+OK / };
  },
};

const V1 = Buffer.from('PROXY TCP4 192.0.2.7 203.0.113.5 4000 25\r\n');
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207cb0071050fa00019', 'hex');
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

function dial(t: TestContext, { port }: Port): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

/** What comes until the connection ends, or until `enough`. */
const heard = (socket: Socket, enough?: RegExp): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (enough?.test(text) === true) resolve(text);
    });
    socket.once('close', () => resolve(text));
  });

const upgrade = (socket: Socket, { ca }: Port): TLSSocket => {
  const secure = connectTls({ socket, ca, servername: 'mail.test' });
  secure.on('error', () => undefined);
  return secure;
};

const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; !holds(); turn += 1) {
    assert.ok(turn < 5000, 'it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

/** The addresses that log lines of sessions name. */
const addresses = ({ log }: Port): unknown[] => [
  ...new Set(log.events.flatMap(({ fields }) => [fields.peer, fields.address].filter((a) => a !== undefined))),
];

for (const [protocol, start] of Object.entries(protocols)) {
  test(`${protocol}: the header of both versions gives the client's address, with TLS after it in the same packet`, async (t) => {
    for (const header of [V1, V2]) {
      const port = await start(t, 'implicit');
      const socket = dial(t, port);
      socket.write(header);
      assert.match(await heard(upgrade(socket, port), port.greeting), port.greeting);
      const again = await start(t, 'starttls', { perNetwork: 1 });
      const first = dial(t, again);
      first.write(Buffer.from([...header, ...Buffer.from(protocol === 'smtp' ? '' : 'CAPA\r\n')]));
      assert.match(await heard(first, again.greeting), again.greeting);
      // The limit of the client's network holds, not that of the balancer.
      const second = dial(t, again);
      second.write(header);
      assert.match(await heard(second), /^421 |^-ERR \[SYS\/TEMP\]/);
      const other = dial(t, again);
      other.write('PROXY TCP4 192.0.2.8 203.0.113.5 4000 25\r\n');
      assert.match(await heard(other, again.greeting), again.greeting);
      assert.ok(addresses(again).includes('192.0.2.7'), String(addresses(again)));
      assert.ok(!addresses(again).includes('127.0.0.1'), String(addresses(again)));
    }
  });

  test(`${protocol}: a header octet by octet is read, LOCAL leaves the balancer's own address`, async (t) => {
    const port = await start(t, 'starttls');
    const slow = dial(t, port);
    slow.setNoDelay(true);
    const greeted = heard(slow, port.greeting);
    for (const octet of V2) {
      slow.write(Buffer.of(octet));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match(await greeted, port.greeting);
    const local = dial(t, port);
    local.write(LOCAL);
    assert.match(await heard(local, port.greeting), port.greeting);
  });

  test(`${protocol}: from a listed address what is no header drops the connection, and the log says why`, async (t) => {
    for (const tls of ['implicit', 'starttls'] as const) {
      const port = await start(t, tls);
      const socket = dial(t, port);
      socket.write('EHLO client.test\r\n');
      assert.equal(await heard(socket), '');
      const found = port.log.events.find(({ event }) => event === 'proxy.refused');
      assert.deepEqual([found?.level, found?.fields.proxy], ['warn', '127.0.0.1']);
      assert.equal(found?.fields.why, 'there is no PROXY header');
      assert.equal(port.open(), 0);
    }
  });

  test(`${protocol}: a header that does not come, or not whole, ends at its deadline and holds no place`, async (t) => {
    const port = await start(t, 'starttls');
    const before = port.clock.waiting;
    const sockets = ['', 'PROXY TCP4 192'].map((text) => {
      const socket = dial(t, port);
      if (text !== '') socket.write(text);
      return socket;
    });
    await until(() => port.clock.waiting >= before + 2);
    assert.equal(port.open(), 0);
    const ends = sockets.map((socket) => heard(socket));
    port.clock.advance(seconds(5));
    assert.deepEqual(await Promise.all(ends), ['', '']);
    assert.ok(port.log.events.some(({ fields }) => fields.why === 'the header did not come in time'));
  });

  test(`${protocol}: from an address that is not listed a header is not believed`, async (t) => {
    const port = await start(t, 'starttls', { proxy: ['192.0.2.0/24'] });
    const socket = dial(t, port);
    const all = heard(socket, /\n5\d\d |\n-ERR|\n421/);
    socket.write(V1);
    // Judged as a command: before the greeting in SMTP, unknown in POP3.
    assert.match(await all, protocol === 'smtp' ? /^421 4\.7\.0 / : /^\+OK .*\r\n-ERR /);
    assert.ok(!addresses(port).includes('192.0.2.7'));
    assert.ok(!port.log.names.includes('proxy.refused'));
  });
}
