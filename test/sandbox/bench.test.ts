/**
 * The sandbox in front of a whole gateway, with programs that go on by themselves: they are written
 * out here, octet by octet, so that each can do what no program of others does on request.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer as createHttp } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { type World, openWorld } from '../../src/commands/sandbox/world.ts';
import { type KeyAndCertificate, makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { makeWebhookSecret, webhookSignature } from '../../src/crypto/keys/webhook-secrets.ts';
import { days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Bench, type BenchParts } from '../../src/sandbox/bench.ts';
import { doorTls } from '../../src/sandbox/certificates.ts';
import type { DoorName } from '../../src/sandbox/doors.ts';
import type { Outcome } from '../../src/sandbox/outcome.ts';
import { scenarios } from '../../src/sandbox/scenarios/table.ts';
import { submit } from '../../src/sandbox/submit.ts';
import { Wire, WireEnded, trusting } from '../support/wire.ts';

const SECRET = makeWebhookSecret(randomBytes);
const DOORS = (['submission', 'submissions', 'pop3', 'pop3s', 'api'] as const).map((name) => ({ name, port: 0 }));

let folder = '';
let world: World;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-bench-'));
  world = await openWorld(folder, 'localhost');
});
after(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Doors {
  readonly port: (name: DoorName) => number;
  /** POP3 with TLS, logged in; the greeting and both answers are read. */
  readonly pop3: () => Promise<Wire>;
  readonly smtp: () => Promise<Wire>;
}

/** Tries one scenario with `program`, which comes by itself. */
async function tried(
  name: string,
  program: (doors: Doors) => Promise<void>,
  more: Partial<BenchParts> = {},
): Promise<Outcome> {
  const { behind, program: account, hospital, certificates, operate } = world;
  const bench = new Bench({
    hostname: 'localhost',
    doors: DOORS,
    addresses: ['127.0.0.1'],
    behind,
    account,
    tls: await doorTls({ hostname: 'localhost', ...certificates, now: systemClock.now() }),
    settings: { hour: 300, slow: 200 },
    patience: 5000,
    linger: 100,
    commands: {},
    env: {},
    operate,
    submit: (mail, to = account.login) => submit(behind, hospital, to, mail, systemClock),
    receipt: () => Promise.reject(new Error('not asked for')),
    now: () => systemClock.monotonic(),
    say: () => undefined,
    signal: new AbortController().signal,
    ...more,
  });
  try {
    await bench.open();
    const port = (door: DoorName): number => bench.ports.get(door) ?? 0;
    const context = trusting(certificates.ca.certificate);
    const open = (door: DoorName): Promise<Wire> =>
      Wire.open({ port: port(door), tls: 'implicit', servername: 'localhost', context });
    const smtp = async (): Promise<Wire> => {
      const wire = await open('submissions');
      await wire.line();
      await answer(wire, 'EHLO bench.test');
      const plain = Buffer.from(`\0${account.login}\0${account.password}`).toString('base64');
      assert.match(await answer(wire, `AUTH PLAIN ${plain}`), /^235/);
      return wire;
    };
    const pop3 = async (): Promise<Wire> => {
      const wire = await open('pop3s');
      await wire.line();
      wire.send(`USER ${account.login}\r\nPASS ${account.password}\r\n`);
      await wire.line();
      await wire.line();
      return wire;
    };
    const running = bench.run(scenarios.find((one) => one.name === name)!);
    await program({ port, pop3, smtp });
    return await running;
  } finally {
    await bench.close();
  }
}

/** The last line of one answer of SMTP. */
async function answer(wire: Wire, command: string): Promise<string> {
  wire.send(`${command}\r\n`);
  for (;;) {
    const line = await wire.line();
    if (line[3] !== '-') return line;
  }
}

const found = ({ findings }: Outcome): string => findings.map(({ level, says }) => `${level}: ${says}`).join('\n');

test('a program that sends everything at once deletes before the last line has come, and is caught', async () => {
  const outcome = await tried(
    'end-of-message-late',
    async ({ pop3 }) => {
      const wire = await pop3();
      wire.send('RETR 1\r\nDELE 1\r\nQUIT\r\n');
      await wire.ended().catch(() => undefined);
      wire.destroy();
    },
    { patience: 3000 },
  );
  assert.match(found(outcome), /^failed: It sent DELE and QUIT for message A before the last line had come/m);
  assert.match(found(outcome), /^failed: It never fetched message B/m);
});

test('a program that waits, compares unique ids and quits passes; what a name was is nowhere in the report', async () => {
  const have = new Set<string>();
  const visit = async ({ pop3 }: Doors): Promise<void> => {
    const wire = await pop3();
    wire.send('UIDL\r\n');
    await wire.line();
    const uids: string[] = [];
    await wire.message((slice) => uids.push(...slice.toString().trim().split('\r\n').filter(Boolean)));
    for (const line of uids) {
      const [number = '', uid = ''] = line.split(' ');
      if (!have.has(uid)) {
        wire.send(`RETR ${number}\r\n`);
        await wire.line();
        await wire.message();
        have.add(uid);
      }
      wire.send(`DELE ${number}\r\n`);
      await wire.line();
    }
    wire.send('QUIT\r\n');
    await wire.line();
    wire.destroy();
  };
  const outcome = await tried('line-lost-before-quit', async (doors) => {
    await assert.rejects(visit(doors), WireEnded);
    await visit(doors);
  });
  assert.equal(outcome.verdict, 'passed', found(outcome));
  assert.ok(!JSON.stringify(outcome.facts.lines).includes(world.program.password));
});

test('what is said before TLS: a password is caught, and a program that leaves passes', async () => {
  const says = async (port: number, ...lines: readonly string[]): Promise<void> => {
    const socket = connectPlain({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('data', resolve));
    for (const line of lines) {
      socket.write(`${line}\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
    }
    socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
  };
  const bad = await tried('no-starttls', ({ port }) => says(port('pop3'), 'CAPA', 'USER x', 'PASS y'));
  assert.match(found(bad), /^failed: It sent a name or a password outside TLS/);
  const good = await tried('no-starttls', ({ port }) => says(port('submission'), 'EHLO x', 'QUIT'));
  assert.equal(good.verdict, 'passed', found(good));
});

test('a certificate that has ended: who goes on all the same is caught, who refuses it passes', async () => {
  const pop3s = async ({ port }: Doors, rejectUnauthorized: boolean): Promise<void> => {
    const { connect } = await import('node:tls');
    const ca = world.certificates.ca.certificate;
    const socket = connect({ port: port('pop3s'), host: '127.0.0.1', servername: 'localhost', ca, rejectUnauthorized });
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('USER x\r\nPASS y\r\n'));
    await new Promise((resolve) => socket.once('close', resolve));
  };
  const bad = await tried('ended-certificate', (doors) => pop3s(doors, false));
  assert.match(found(bad), /^failed: It sent its name and password to a server whose certificate has ended/);
  const good = await tried('ended-certificate', (doors) => pop3s(doors, true));
  assert.equal(good.verdict, 'passed', found(good));
  const other = await tried('other-name', (doors) => pop3s(doors, true));
  assert.equal(other.verdict, 'passed', found(other));
});

test('a 250 that was lost: the same again is known to the gateway; silence and another Message-ID are caught', async () => {
  const send = async ({ smtp }: Doors, id: string): Promise<string> => {
    const wire = await smtp();
    await answer(wire, `MAIL FROM:<${world.program.login}>`);
    await answer(wire, 'RCPT TO:<lab@ziekenhuis.test>');
    await answer(wire, 'DATA');
    const line = await answer(
      wire,
      `From: <${world.program.login}>\r\nTo: <lab@ziekenhuis.test>\r\nMessage-ID: <${id}@x.test>\r\nSubject: x\r\n\r\n..x\r\n.`,
    );
    await answer(wire, 'QUIT');
    wire.destroy();
    return line;
  };
  const good = await tried('accepted-answer-lost', async (doors) => {
    await assert.rejects(send(doors, 'one'), WireEnded);
    assert.match(await send(doors, 'one'), /already accepted as/);
  });
  assert.equal(good.verdict, 'passed', found(good));
  const other = await tried('accepted-answer-lost', async (doors) => {
    await assert.rejects(send(doors, 'two'), WireEnded);
    await send(doors, 'three');
  });
  assert.match(found(other), /^failed: It sent the message again under another Message-ID/);
  const silent = await tried('accepted-answer-lost', (doors) => assert.rejects(send(doors, 'four'), WireEnded), {
    patience: 500,
  });
  assert.match(found(silent), /^failed: It did not send the message again .*: took silence for success, or gave it up/);
});

test('a full mailbox: the gateway itself refuses twice, for its quota, and takes the message when there is room', async () => {
  const full = 'vol@ziekenhuis.test';
  const outcome = await tried('quota-full', async ({ smtp }) => {
    const wire = await smtp();
    for (const wanted of [/^452 4\.2\.2 The mailbox of .* is full; ask the addressee/, /^452 /, /^250 /]) {
      await answer(wire, `MAIL FROM:<${world.program.login}>`);
      assert.match(await answer(wire, `RCPT TO:<${full}>`), wanted);
      if (wanted.source !== '^250 ') await answer(wire, 'RSET');
    }
    await answer(wire, 'DATA');
    assert.match(
      await answer(wire, `From: <${world.program.login}>\r\nTo: <${full}>\r\nMessage-ID: <f@x.test>\r\n\r\nx\r\n.`),
      /^250 /,
    );
    await answer(wire, 'QUIT');
    wire.destroy();
  });
  assert.equal(outcome.verdict, 'passed', found(outcome));
  const silent = await tried(
    'quota-full',
    async ({ smtp }) => {
      const wire = await smtp();
      await answer(wire, `MAIL FROM:<${world.program.login}>`);
      assert.match(await answer(wire, `RCPT TO:<${full}>`), /^452 /, 'it is full again at the next run');
      wire.destroy();
    },
    { patience: 1000 },
  );
  assert.match(found(silent), /^failed: /);
});

test('a client certificate is asked for: without one a program passes, with one that has ended it is caught', async () => {
  const old = await makeDevelopmentCertificates(['client'], instant(Date.now() - days(400)));
  const logsIn = async ({ port }: Doors, client?: KeyAndCertificate): Promise<void> => {
    const wire = await Wire.open({
      port: port('pop3s'),
      tls: 'implicit',
      servername: 'localhost',
      context: createSecureContext({
        ca: world.certificates.ca.certificate,
        ...(client !== undefined && { key: client.key, cert: client.certificate }),
      }),
    });
    await wire.line();
    wire.send(`USER ${world.program.login}\r\nPASS ${world.program.password}\r\nQUIT\r\n`);
    for (let n = 0; n < 3; n += 1) await wire.line();
    wire.destroy();
  };
  const none = await tried('client-certificate-asked', (doors) => logsIn(doors));
  assert.equal(none.verdict, 'passed', found(none));
  const ended = await tried('client-certificate-asked', (doors) => logsIn(doors, old.server));
  assert.match(found(ended), /^failed: It showed a client certificate that has ended/);
  const holding = await tried('client-certificate-asked', (doors) => logsIn(doors, world.certificates.server));
  assert.equal(holding.verdict, 'passed', found(holding));
});

test('429 and an answer that was lost, over HTTPS: the same key is right, another one is caught', async () => {
  const post = ({ port }: Doors, key: string): Promise<{ status: number; after: string | undefined; again: unknown }> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ from: world.program.login, to: ['lab@ziekenhuis.test'], subject: 'x', text: 'y' });
      const asked = request({
        host: '127.0.0.1',
        port: port('api'),
        servername: 'localhost',
        ca: world.certificates.ca.certificate,
        path: '/v1/messages',
        method: 'POST',
        auth: `${world.program.login}:${world.program.password}`,
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        agent: false,
      });
      asked.once('error', reject).once('response', (response) => {
        let text = '';
        response
          .on('data', (piece: Buffer) => (text += piece.toString()))
          .once('end', () => {
            const { again } = JSON.parse(text) as { again?: boolean };
            resolve({ status: response.statusCode ?? 0, after: response.headers['retry-after'], again });
          });
      });
      asked.end(body);
    });
  const early = await tried('too-many-requests', async (doors) => {
    assert.deepEqual(await post(doors, 'k1'), { status: 429, after: '3', again: undefined });
    assert.equal((await post(doors, 'k1')).status, 201);
  });
  assert.match(found(early), /^failed: It came again after 0\.\d s, though Retry-After said 3 s/);
  const good = await tried('api-answer-lost', async (doors) => {
    await assert.rejects(post(doors, 'k2'));
    assert.equal((await post(doors, 'k2')).again, true, 'it was taken the first time');
  });
  assert.equal(good.verdict, 'passed', found(good));
  const other = await tried('api-answer-lost', async (doors) => {
    await assert.rejects(post(doors, 'k3'));
    await post(doors, 'k4');
  });
  assert.match(found(other), /^failed: It sent the message again under another Idempotency-Key/);
});

test('webhooks: out of order and twice must be taken, forged ones must not', async (t) => {
  let checks = true;
  const server = createHttp((asked, response) => {
    let body = '';
    asked
      .on('data', (piece: Buffer) => (body += piece.toString()))
      .on('end', () => {
        const [id, timestamp] = [String(asked.headers['webhook-id']), Number(asked.headers['webhook-timestamp'])];
        const expected = webhookSignature([SECRET], { id, timestamp, body });
        const holds = asked.headers['webhook-signature'] === expected && Math.abs(Date.now() / 1000 - timestamp) < 300;
        response.writeHead(checks && !holds ? 401 : 204).end();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const receiver = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, secret: SECRET };
  const nobody = (): Promise<void> => Promise.resolve();
  assert.equal((await tried('webhook-out-of-order', nobody, { receiver })).verdict, 'passed');
  assert.equal((await tried('webhook-forged', nobody, { receiver })).verdict, 'passed');
  checks = false;
  assert.match(
    found(await tried('webhook-forged', nobody, { receiver })),
    /^failed: It took an event with a wrong signature\.\nfailed: It took an event whose signature is a day old\.$/,
  );
  const gone = { url: 'http://127.0.0.1:1/', secret: SECRET };
  assert.match(
    found(await tried('webhook-out-of-order', nobody, { receiver: gone })),
    /answered nothing to the second event/,
  );
});

test('a program that does not come is not tried, within its time; so is IPv6 where there is none', async () => {
  const outcome = await tried('in-use', () => Promise.resolve(), { patience: 300 });
  assert.deepEqual([outcome.verdict, outcome.why], ['not tried', 'your program did not come']);
});
