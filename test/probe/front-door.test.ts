/** A real gateway behind a front door that fails in each way: what the probe makes of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext, after, before } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { monthPeriod } from '../../src/admin/availability.ts';
import type { Call } from '../../src/admin/call.ts';
import { probes } from '../../src/commands/probe.ts';
import { availability } from '../../src/commands/report/availability.ts';
import { MINUTE, type ProbeCause, minuteOf } from '../../src/domain/availability.ts';
import type { Counted } from '../../src/domain/counts.ts';
import { monthOf } from '../../src/domain/months.ts';
import { dayOf } from '../../src/domain/working-days.ts';
import { probeAccount, visitorOf } from '../../src/gateway/probe.ts';
import { openStore } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { collectProbe } from '../../src/pop3/probe-collect.ts';
import { submitProbe } from '../../src/smtp/probe-submit.ts';
import { type Protocols, type Visitor, visit } from '../../src/probe/visit.ts';
import { StoreFailed } from '../../src/store/store.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { type Login, SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

/** The way through a front door: what stands in front of one port, and can be put in its way. */
interface Ports {
  readonly smtp: number;
  readonly pop3: number;
}

let gateway: TestGateway;
let visitor: Visitor;
/** `accept` of the store answers so. */
let acceptFails = false;

before(async () => {
  gateway = await startTestGateway({
    accounts: ['anna'],
    openStore: async (config, effects) => {
      const store = await openStore(config, effects);
      return new Proxy(store, {
        get: (target, name) => {
          if (name === 'accept' && acceptFails) return () => Promise.reject(new StoreFailed('no standby answers'));
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
        },
      });
    },
  });
  const { admin, config } = gateway;
  await admin.store.registry.addAccount(
    {
      login: admin.probe.address,
      organisation: 'group',
      kind: 'probe',
      addresses: [admin.probe.address],
      password: await admin.probe.newPassword(),
    },
    { name: 'test' },
  );
  const found = await visitorOf(gateway.store, probeAccount(config));
  assert.ok(!('cause' in found));
  visitor = found;
});
after(() => gateway.remove());

const direct = (): Ports => ({ smtp: gateway.port('submissions'), pop3: gateway.port('pop3s') });

function protocols(
  { smtp, pop3 }: Ports,
  authorities: readonly string[] = [gateway.ca],
  host = 'localhost',
): Protocols {
  return {
    submit: (_door, { address, password }, message, signal) =>
      submitProbe(
        { host, port: smtp, address, password, authorities, helo: 'mail.test', message },
        { clock: systemClock, signal },
      ),
    collect: (_door, { address, password }, token, signal) =>
      collectProbe({ host, port: pop3, login: address, password, authorities, token }, signal),
  };
}

const look = async (
  ports: Ports,
  more: { readonly authorities?: readonly string[]; readonly visitor?: Visitor; readonly signal?: AbortSignal } = {},
) =>
  await visit(
    {
      protocols: protocols(ports, more.authorities),
      clock: systemClock,
      hostname: 'mail.test',
      token: () => Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('base64url'),
    },
    { site: 'noord', host: 'localhost' },
    more.visitor ?? visitor,
    more.signal ?? AbortSignal.timeout(20_000),
  );

async function served(t: TestContext, server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => open.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that answers each line, over TLS. */
async function scripted(
  t: TestContext,
  greeting: string,
  answer: (line: string) => string | undefined,
): Promise<number> {
  const { server } = await testCertificates();
  const tls = createTlsServer({ key: server.key, cert: server.certificate }, (socket) => {
    socket.on('error', () => undefined);
    if (greeting !== '') socket.write(`${greeting}\r\n`);
    let text = '';
    socket.on('data', (octets: Buffer) => {
      text += octets.toString('latin1');
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const said = answer(text.slice(0, end));
        text = text.slice(end + 2);
        if (said === undefined) socket.destroy();
        else socket.write(`${said}\r\n`);
      }
    });
  });
  return await served(t, tls);
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const entries = async (): Promise<number | undefined> => {
  const found = await gateway.store.registry.findAccount(gateway.admin.probe.address);
  return found?.messages;
};

test('a visit submits, fetches and erases, and leaves nothing behind', async () => {
  assert.equal(await look(direct()), undefined);
  assert.equal(await entries(), 0);
});

test('what an earlier visit left behind is erased with it', async () => {
  const notFetched = await look({ ...direct(), pop3: await closedPort() });
  assert.equal(typeof notFetched === 'object' && notFetched.cause, 'fetch-connect');
  assert.equal(await entries(), 1);
  assert.equal(await look(direct()), undefined);
  assert.equal(await entries(), 0);
});

const failing: readonly (readonly [
  name: string,
  cause: ProbeCause,
  detail: RegExp,
  run: (t: TestContext) => Promise<Awaited<ReturnType<typeof look>>>,
])[] = [
  [
    'nothing listens',
    'submit-connect',
    /refused|ECONNREFUSED|connection/,
    async () => look({ ...direct(), smtp: await closedPort() }),
  ],
  ['its certificate is of somebody else', 'submit-tls', /certificate/, () => look(direct(), { authorities: [] })],
  [
    'what answers speaks no TLS',
    'submit-tls',
    /./,
    async (t) =>
      look({
        ...direct(),
        smtp: await served(
          t,
          createServer((s) => void s.end('220 no TLS\r\n')),
        ),
      }),
  ],
  [
    'the password is another one',
    'submit-login',
    /^535 /,
    () => look(direct(), { visitor: { ...visitor, password: 'wrong' } }),
  ],
  [
    'the store gives no answer that counts',
    'submit-refused',
    /^4\d\d /,
    async () => {
      acceptFails = true;
      try {
        return await look(direct());
      } finally {
        acceptFails = false;
      }
    },
  ],
  [
    'submission falls silent',
    'submit-lost',
    /./,
    async (t) => {
      const signal = new AbortController();
      const smtp = await scripted(t, '220 mail.test ESMTP', (line) => {
        if (line.startsWith('EHLO')) setImmediate(() => signal.abort('too-long'));
        return line.startsWith('EHLO') ? '250-mail.test' : '250 fine';
      });
      return await look({ ...direct(), smtp }, { signal: signal.signal });
    },
  ],
  [
    'its pickup has another certificate',
    'fetch-tls',
    /./,
    async (t) =>
      look({
        ...direct(),
        pop3: await served(
          t,
          createServer((s) => void s.end('+OK no TLS\r\n')),
        ),
      }),
  ],
  [
    'pickup refuses the login',
    'fetch-login',
    /IN-USE/,
    async (t) =>
      look({
        ...direct(),
        pop3: await scripted(t, '+OK', (l) => (l.startsWith('PASS') ? '-ERR [IN-USE] busy' : '+OK')),
      }),
  ],
  [
    'pickup is closing',
    'fetch-refused',
    /SYS\/TEMP/,
    async (t) => look({ ...direct(), pop3: await scripted(t, '-ERR [SYS/TEMP] closing', () => '+OK') }),
  ],
  [
    'pickup ends in the middle',
    'fetch-lost',
    /closed/,
    async (t) => look({ ...direct(), pop3: await scripted(t, '+OK', (l) => (l === 'LIST' ? undefined : '+OK')) }),
  ],
  [
    'the message is not there',
    'not-found',
    /^1 other/,
    async (t) =>
      look({
        ...direct(),
        pop3: await scripted(t, '+OK', (l) =>
          l === 'LIST' ? '+OK\r\n1 10\r\n.' : l.startsWith('RETR') ? '+OK\r\nanother\r\n.' : '+OK',
        ),
      }),
  ],
  [
    'nothing is erased',
    'not-erased',
    /SYS\/TEMP/,
    async (t) =>
      look({
        ...direct(),
        pop3: await scripted(t, '+OK', (l) =>
          l === 'LIST' ? '+OK\r\n.' : l === 'QUIT' ? '-ERR [SYS/TEMP] not deleted' : '+OK',
        ),
      }),
  ],
  [
    'pickup sends without end',
    'fetch-lost',
    /sent more than/,
    async (t) =>
      look({
        ...direct(),
        pop3: await scripted(t, '+OK', (l) => (l === 'LIST' ? `+OK\r\n${'1 1\r\n'.repeat(60_000)}` : '+OK')),
      }),
  ],
];
for (const [name, cause, detail, run] of failing)
  test(`a front door where ${name} is told apart: ${cause}`, async (t) => {
    const seen = await run(t);
    assert.ok(typeof seen === 'object', JSON.stringify(seen));
    assert.equal(seen.cause, cause, seen.detail);
    assert.match(seen.detail, detail);
    assert.ok(seen.detail.length <= 200 && !/[\r\n]/.test(seen.detail));
  });

test('a stop of the gateway in the middle of a visit says nothing about the front door', async (t) => {
  const stop = new AbortController();
  const pop3 = await scripted(t, '', () => '+OK');
  setTimeout(() => stop.abort(), 1).unref();
  assert.equal(await look({ ...direct(), pop3 }, { signal: stop.signal }), 'stopped');
});

test('the probe account writes to itself alone, and nobody writes to it', async () => {
  const recipient = async (login: Login, sender: string, to: string): Promise<string> => {
    const client = await SmtpClient.open(gateway.target('submissions'), login);
    await client.command(`MAIL FROM:<${sender}>`, '250');
    client.wire.send(`RCPT TO:<${to}>\r\n`);
    const reply = await client.reply();
    client.wire.destroy();
    return reply;
  };
  const { address, password } = visitor;
  const anna = addressOf('anna');
  assert.match(await recipient({ login: address, password }, address, anna), /^550 5\.1\.1 /);
  assert.match(await recipient(loginOf('anna'), anna, address), /^550 5\.1\.1 /);
  assert.match(await recipient({ login: address, password }, address, address), /^250 /);
});

test('the probe account is in no directory and in no figures of usage', async () => {
  const { store } = gateway;
  const target = { scope: 'organisation', name: 'group' } as const;
  await store.registry.changeSettings(target, { 'directory-listing': true }, { name: 'test' });
  while (await store.directory.follow());
  const listed = await store.directory.directoryEntries({ after: 0, limit: 10, removed: true });
  assert.deepEqual(
    listed.map(({ address }) => address),
    [addressOf('anna')],
  );
  const organisation = (await store.registry.findOrganisation('group'))!.id;
  const month = monthOf(systemClock.now());
  const { rows } = await store.usage.of(organisation, month, { limit: 100 });
  assert.deepEqual(
    rows.map(({ login }) => login),
    [addressOf('anna')],
  );
  const later = dayOf(systemClock.now()) + 1;
  const idle = await store.usage.idle({ day: later, limit: 100 });
  assert.ok(!idle.rows.some(({ login }) => login === visitor.address));
});

/** Stands in front of a port that is not known yet, and can be cut. */
async function forwarder(t: TestContext): Promise<{ readonly port: number; to: number; cut: boolean }> {
  const way = { port: 0, to: 0, cut: false };
  way.port = await served(
    t,
    createServer((near) => {
      if (way.cut) return near.destroy();
      const far = connect(way.to, '127.0.0.1');
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy()).on('error', () => far.destroy());
      return near.pipe(far).pipe(near);
    }),
  );
  return way;
}

test('the running gateway measures each minute, tells of it, and what a stop was shows in the report', async (t) => {
  const clock = new FakeClock();
  const [smtp, pop3] = [await forwarder(t), await forwarder(t)];
  const { ca } = await testCertificates();
  const options = {
    clock,
    accounts: ['anna'],
    prepare: (folder: string) => writeFileSync(join(folder, 'probe-ca.pem'), ca.certificate),
    configuration: `[probe]
sites = { noord = "localhost" }
smtp-port = ${smtp.port}
pop3-port = ${pop3.port}
authorities = ["probe-ca.pem"]
`,
  };
  let measured = await startTestGateway(options);
  t.after(() => measured.remove());
  const aim = (): void => void ([smtp.to, pop3.to] = [measured.port('submissions'), measured.port('pop3s')]);
  const visits = async (): Promise<readonly Counted<string>[]> =>
    (await measured.admin.gateway!.figures(new Set(['sluis_probe_visits_total']))).map(({ labels, value }) => ({
      labels,
      value: value ?? 0,
    }));
  const sum = (all: readonly Counted<string>[]): number => all.reduce((n, { value }) => n + value, 0);
  const minute = async (): Promise<void> => {
    const before = sum(await visits());
    clock.advance(MINUTE);
    await until('a visit', async () => sum(await visits()) > before);
    // Written before the round ends; the next one begins a minute later.
    await until(
      'its row',
      async () => (await measured.store.availability.spans(month)).spans.at(-1)?.until === minuteOf(clock.now()),
    );
  };
  const month = monthPeriod(monthOf(clock.now()));
  aim();
  await minute();
  assert.match(
    measured.log.events.find(({ event }) => event === 'probe.failed')?.fields.why?.toString() ?? '',
    /sluis probe add/,
  );
  await probes.rows.add.run(measured.admin, { organisation: 'group' }, { actor: { name: 'test' } } as Call);
  await minute();
  smtp.cut = true;
  await minute();
  await minute();
  const [failing] = await measured.admin.gateway!.probes();
  assert.deepEqual([failing?.failures, failing?.cause], [2, 'submit-lost']);
  smtp.cut = false;
  await minute();

  measured = await measured.restart({
    openStore: (config, effects) => {
      clock.advance(10 * MINUTE);
      return openStore(config, effects);
    },
  });
  aim();
  await minute();

  const report = await availability.run(measured.admin, { month: monthOf(clock.now()) }, {} as Call);
  const [noord] = report.sites;
  assert.deepEqual(
    noord?.gaps.map(({ cause, minutes }) => [cause, minutes]),
    [
      ['account', 1],
      ['submit-lost', 2],
      ['stopped', 10],
    ],
  );
  assert.equal(noord.planned, 10);
  assert.match(
    availability.say(report, { month: 0 }),
    /Aim: 99\.800 % of a year\.[^]*noord: \d+\.\d{3} %, 13 of \d+ minutes not available, 10 of them in planned stops/,
  );
});
