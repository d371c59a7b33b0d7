/**
 * Peers that take a place and give nothing back: idle, in the middle of a handshake, an octet now
 * and then. Others are served meanwhile, and each of them is ended at its deadline, whatever it
 * does to look alive.
 */
import assert from 'node:assert/strict';
import { type Socket, connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { LoopWatch } from '../support/loop-watch.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { Wire } from '../support/wire.ts';
import { polling, quantile } from './support/attack.ts';

/** Seconds, shortened: two minutes, five, ten and one by default. */
const LOGIN = 5;
const COMMAND = 6;
const DATA = 2;
/**
 * Deadlines are looked at once a second; a polite end gives the peer five more, and the machine is
 * busy.
 */
const LATE = 7;
let instance: Instance;
let loop: LoopWatch;
let served: Served;

before(async () => {
  instance = await Instance.create({
    configuration: [
      `[smtp]\nlogin-time = "${LOGIN}s"\ncommand-time = "${COMMAND}s"\ndata-interval = "${DATA}s"`,
      `[pop3]\nlogin-time = "${LOGIN}s"\nidle-time = "${COMMAND}s"`,
      '',
    ].join('\n'),
  });
  instance.addAccounts(['owner', 'sender', 'idler', 'dawdler', 'sleeper']);
  loop = new LoopWatch(instance, { own: true });
  served = await instance.serve(loop.options);
});
after(async () => {
  if (!served.over) await served.kill();
  instance.remove();
});

/** What a client says first, from Node itself. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const came = new Promise<Buffer>((resolve) => server.once('connection', (socket) => socket.once('data', resolve)));
  const address = server.address();
  const client = connectTls({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const hello = await came;
  client.destroy();
  server.close();
  return hello;
}

interface Slow {
  readonly what: string;
  /** Seconds after `since`, when it began to open, in which the gateway has to have ended it. */
  readonly limit: number;
  readonly since: number;
  /** When it was ended. */
  readonly ended: Promise<number>;
}

/** `every`: what it sends once a second. */
async function slow(
  what: string,
  limit: number,
  open: () => Promise<{ ended(): Promise<void>; send(octets: string): unknown; destroy(): void }>,
  every?: string,
): Promise<Slow> {
  const since = performance.now();
  const peer = await open();
  const timer = every === undefined ? undefined : setInterval(() => peer.send(every), 1000);
  const ended = peer.ended().then(() => {
    clearInterval(timer);
    peer.destroy();
    return performance.now();
  });
  return { what, limit, since, ended };
}

/** A bare TCP connection that says `first`. */
const raw = async (port: number, first?: Buffer) => {
  const socket: Socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => undefined).resume();
  if (first !== undefined) socket.write(first);
  return {
    ended: () => closed,
    send: (octets: string) => socket.write(octets, 'latin1'),
    destroy: () => socket.destroy(),
  };
};

/** A TLS connection that was greeted. */
const greeted = async (port: 'submissions' | 'pop3s'): Promise<Wire> => {
  const wire = await Wire.open(instance.target(port));
  await wire.line();
  return wire;
};

/** One that asked for TLS and then says nothing. */
const asked = async (port: 'submission' | 'pop3'): Promise<Wire> => {
  const wire = await Wire.open(instance.target(port));
  await wire.line();
  if (port === 'submission') {
    wire.send('EHLO slow.test\r\n');
    while ((await wire.line())[3] === '-');
  }
  wire.send(port === 'pop3' ? 'STLS\r\n' : 'STARTTLS\r\n');
  await wire.line();
  return wire;
};

/** One that began a message. */
const inData = async (): Promise<Wire> => {
  const { wire } = await SmtpClient.open(instance.target('submissions'), loginOf('dawdler')).then(async (client) => {
    await client.begin(addressOf('dawdler'), [addressOf('owner')], true);
    return client;
  });
  wire.send('Subject: slow\r\n');
  return wire;
};

const times = <T>(n: number, make: () => Promise<T>): Promise<T>[] => Array.from({ length: n }, make);

test('1,600 peers that do nothing, or next to nothing: others are served, and each is ended at its deadline', async (t) => {
  const { ports } = instance;
  const hello = await clientHello();
  const half = hello.subarray(0, hello.length >> 1);
  const polls = polling(instance, loginOf('owner'), '127.0.0.1', 50);
  const sending = submitting();
  await loop.report(served);
  const all = await Promise.all([
    ...times(500, () => slow('idle before STARTTLS', LOGIN, () => raw(ports.submission))),
    ...times(500, () => slow('idle before STLS', LOGIN, () => raw(ports.pop3))),
    ...times(100, () => slow('silent on 465', LOGIN, () => raw(ports.submissions))),
    ...times(100, () => slow('silent on 995', LOGIN, () => raw(ports.pop3s))),
    ...times(100, () => slow('half a ClientHello on 465', LOGIN, () => raw(ports.submissions, half))),
    ...times(100, () => slow('half a ClientHello on 995', LOGIN, () => raw(ports.pop3s, half))),
    ...times(30, () => slow('silent after STARTTLS', LOGIN, () => asked('submission'))),
    ...times(30, () => slow('silent after STLS', LOGIN, () => asked('pop3'))),
    ...times(40, () => slow('an octet a second over SMTP', LOGIN, () => greeted('submissions'), 'E')),
    ...times(40, () => slow('an octet a second over POP3', LOGIN, () => greeted('pop3s'), 'C')),
    ...times(20, () => slow('CAPA a second over POP3', LOGIN, () => greeted('pop3s'), 'CAPA\r\n')),
    ...times(1, () =>
      slow(
        'idle after its login, POP3',
        COMMAND,
        async () => (await Pop3Client.open(instance.target('pop3s'), loginOf('sleeper'))).wire,
      ),
    ),
    ...times(20, () =>
      slow(
        'idle after its login, SMTP',
        COMMAND,
        async () => (await SmtpClient.open(instance.target('submissions'), loginOf('idler'))).wire,
      ),
    ),
    ...times(20, () => slow('an octet a second in DATA', DATA, inData, 'x')),
  ]);
  const opened = served.memory().now;
  const late: string[] = [];
  const longest = new Map<string, number>();
  for (const { what, limit, since, ended } of all) {
    const seconds = ((await ended) - since) / 1000;
    longest.set(what, Math.max(longest.get(what) ?? 0, seconds));
    if (seconds > limit + LATE) late.push(`${what}: ${seconds.toFixed(1)} s`);
    // Whoever is refused a place ends at once, and would show nothing. The listener's clock is up
    // to a second old.
    if (seconds < limit - 1.5) late.push(`${what}: ended after ${seconds.toFixed(1)} s already`);
  }
  const { max, own = Number.NaN } = await loop.report(served);
  await polls.stop();
  const sent = await sending.stop();
  for (const [what, seconds] of longest) t.diagnostic(`${what}: ended after ${seconds.toFixed(1)} s at most`);
  t.diagnostic(
    `${all.length} slow peers, ${(opened / 1024).toFixed(0)} MiB resident with all of them; meanwhile ` +
      `${polls.latencies.length} polls, median ${quantile(polls.latencies, 0.5).toFixed(0)} ms, longest ${quantile(polls.latencies, 1).toFixed(0)} ms; ` +
      `${sent.length} messages, median ${quantile(sent, 0.5).toFixed(0)} ms, longest ${quantile(sent, 1).toFixed(0)} ms; ` +
      `event loop held ${max.toFixed(1)} ms at most, ${own.toFixed(1)} ms of its own`,
  );
  assert.deepEqual(late, []);
  assert.ok(quantile(polls.latencies, 0.95) < 1000, 'polls were slow');
  assert.ok(quantile(sent, 0.95) < 1000, 'submissions were slow');
  assert.ok(polls.latencies.length > 20 && sent.length > 20);
  assert.ok(own < 50, `the event loop was held for ${own.toFixed(1)} ms`);
  const { connections } = JSON.parse(instance.sluis('status', '--json')) as { connections: number };
  assert.equal(connections, 0, 'places were not given back');
});

/** One message after another, each over a connection of its own. */
function submitting(): { stop(): Promise<readonly number[]> } {
  const ledger = new Ledger(addressOf('sender'));
  const latencies: number[] = [];
  const state = { stopped: false };
  const run = async (): Promise<void> => {
    while (!state.stopped) {
      const start = performance.now();
      const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
      await client.submit(addressOf('sender'), [addressOf('owner')], ledger.compose(2000).wire);
      await client.quit();
      latencies.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const running = run();
  running.catch(() => undefined);
  return {
    stop: async () => {
      state.stopped = true;
      await running;
      return latencies;
    },
  };
}
