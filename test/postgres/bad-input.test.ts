/**
 * What an operator sees of a gateway whose servers are not as they should be: one clear line with
 * what to do, from `serve`, from `check`, in the log, at `/ready` and in the reply to a sender.
 * Nothing that was acknowledged is lost by it, and when it is mended mail goes on by itself.
 */
// @release: minutes of waiting for servers that are not there; what each is told is tried in store/postgres-*.
// @beside
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, after, before, test } from 'node:test';
import { type KeyAndCertificate, makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { days, instant, minutes } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { testCertificates } from '../support/certificates.ts';
import { clockAhead } from '../support/clock-ahead.ts';
import { type Cluster, NAMES, startCluster } from '../support/cluster.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type SharedStore, makeStore } from '../support/gateways.ts';
import { type Instance, type Served, addressOf, freePort, loginOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { nextVersion } from '../support/next-version.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { ownedAsServer } from '../support/postgres-binaries.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const SENDER = 'sender';
const ANNA = 'anna';
const QUIET = '[log]\nlevel = "error"\n';

const closers: (() => Promise<void> | void)[] = [];
const whole = { after: (close: () => Promise<void> | void): void => void closers.push(close) };
let cluster: Cluster;
let store: SharedStore;
let http: number;
let gateway: Instance;
let served: Served;
const ledger = new Ledger(addressOf(SENDER));

before(async () => {
  cluster = await startCluster(whole);
  store = await makeStore(whole, cluster);
  http = await freePort();
  gateway = await store.gateway({
    node: 'gw1',
    place: 'noord',
    configuration: `[http]\nenabled = "yes"\nport = ${http}\n`,
  });
  served = await gateway.serve();
  gateway.addAccounts([SENDER, ANNA]);
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

/**
 * In this process. On a machine that is busy with much else a second may pass before any answer is
 * looked at: then once more.
 */
async function run(command: 'serve' | 'check', { config }: Instance): Promise<Ran> {
  for (let turn = 1; ; turn += 1) {
    const ran = await sluisHere([command, '--config', config]);
    if (turn === 5 || !`${ran.stdout}${ran.stderr}`.includes('no answer within')) return ran;
  }
}

/** Neither would take mail; both say the same of it. */
async function refusedBoth(instance: Instance, ...why: readonly RegExp[]): Promise<void> {
  const serve = await run('serve', instance);
  const check = await run('check', instance);
  for (const one of why) {
    assert.match(serve.stderr, one);
    assert.match(`${check.stdout}${check.stderr}`, one);
  }
  assert.equal(serve.stderr.trimEnd().split('\n').length, 1, serve.stderr);
  assert.notEqual(serve.code, 0);
  assert.notEqual(check.code, 0);
}

async function submit(to = ANNA, at = gateway): Promise<void> {
  const client = await SmtpClient.open(at.target('submission'), loginOf(SENDER));
  try {
    const message = ledger.compose(3000);
    const reply = await client.submit(addressOf(SENDER), [addressOf(to)], message.wire);
    ledger.acknowledge(message, acceptedId(reply));
  } finally {
    client.wire.destroy();
  }
}

/** The reply that refused it; undefined: it was taken. */
const refusal = async (): Promise<string | undefined> =>
  await submit().then(
    () => undefined,
    (error: unknown) => {
      if (!(error instanceof UnexpectedReply)) throw error;
      return error.reply;
    },
  );

const mailGoesOn = (): Promise<void> =>
  until('mail is accepted again', async () => (await refusal()) === undefined, 30_000, 100);

/** All that was acknowledged, once each. */
async function assertNothingLost(at = gateway): Promise<void> {
  const client = await Pop3Client.open(at.target('pop3'), loginOf(ANNA));
  for (const number of (await client.uidl()).keys()) {
    ledger.found(await client.fetch(number));
    await client.command(`DELE ${number}`);
  }
  await client.quit();
  const { lost, duplicated, damaged } = ledger.report();
  assert.deepEqual([lost, duplicated, damaged], [[], [], []]);
}

const ready = async (role: string): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${http}/ready?role=${role}`);
  return `${answer.status} ${await answer.text()}`;
};
const readySays = (role: string, what: RegExp): Promise<void> =>
  until(`/ready?role=${role} says ${what.source}`, async () => what.test(await ready(role)), 20_000, 50);

test('servers that are not there, that are standbys, and a password that is wrong: refused in one line', async () => {
  const nobody = await store.gateway({
    node: 'gw2',
    place: 'noord',
    hosts: [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`],
    configuration: QUIET,
  });
  const hosts = cluster.hostsFrom('noord').slice(1);
  const standbys = await store.gateway({ node: 'gw3', place: 'noord', hosts, configuration: QUIET });
  const stranger = await store.gateway({ node: 'gw4', place: 'noord', password: 'wrong', configuration: QUIET });
  // Two of them wait for a while: beside each other.
  await Promise.all([
    refusedBoth(
      nobody,
      /127\.0\.0\.1:\d+: nothing listens there.*start it, or correct "hosts" in \[store\]/,
      /promote none, as the primary may be well/,
    ),
    refusedBoth(standbys, /zuid-1 is a standby; derde-1 is a standby; name the primary in "hosts" of \[store\] too/),
    refusedBoth(stranger, /does not accept the password.*"password-file".*promote none/),
  ]);
});

test('a gateway that is started before its servers says that it waits, and serves when they are there', async (t) => {
  const port = await freePort();
  const early = await store.gateway({ node: 'gw8', place: 'noord', hosts: [`127.0.0.1:${port}`] });
  let log = '';
  const started = early.serve({ hear: (text) => (log += text) });
  await until('it says what it waits for', () => /store\.waiting.*nothing listens there/.test(log), 30_000);
  await passOn(t, port, cluster.server(cluster.primary).port);
  await (await started).stop();
});

/** What comes to `port` goes on to `to`, until the test ends. */
async function passOn(t: TestContext, port: number, to: number, meddle = (chunk: Buffer) => chunk): Promise<void> {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    const upstream = connect(to, '127.0.0.1');
    sockets.push(socket, upstream);
    for (const one of [socket, upstream]) one.on('error', () => undefined);
    socket.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => socket.write(meddle(chunk)));
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
}

test('certificates that have expired, that name another server and that somebody else signed: each server is named with what to do', async (t) => {
  const now = systemClock.now();
  const { ca } = await testCertificates();
  const names = ['localhost', '127.0.0.1'];
  const [old, other, strange] = [
    await makeDevelopmentCertificates(names, instant(now - days(100))),
    await makeDevelopmentCertificates(['db.elsewhere.example'], now),
    await makeDevelopmentCertificates(names, now),
  ];
  for (const [n, { server }] of [old, other, strange].entries()) await shows(t, NAMES[n]!, server);
  const instance = await store.gateway({
    node: 'gw5',
    place: 'noord',
    ca: [ca, old.ca, other.ca].map(({ certificate }) => certificate).join('\n'),
    configuration: QUIET,
  });
  const [first, second, third] = cluster.hostsFrom('noord');
  await refusedBoth(
    instance,
    new RegExp(`${first}: its certificate has expired.*renew the certificate of that server`),
    new RegExp(`${second}: its certificate has another name.*write the name of its certificate in "hosts"`),
    new RegExp(`${third}: an authority signed its certificate that is not trusted.*give its authority in "ca"`),
  );
});

/** New connections to a server are shown this one, until the test ends. */
async function shows(t: TestContext, name: string, { certificate, key }: KeyAndCertificate): Promise<void> {
  const server = cluster.server(name);
  for (const [file, content] of Object.entries({ 'other.crt': certificate, 'other.key': key })) {
    writeFileSync(join(server.data, file), content, { mode: 0o600 });
    ownedAsServer(join(server.data, file));
  }
  t.after(() => server.set({ ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' }));
  await server.set({ ssl_cert_file: 'other.crt', ssl_key_file: 'other.key' });
}

test('a pooler in between is refused by name', async (t) => {
  const server = cluster.server('noord-1');
  const rules = join(server.data, 'pg_hba.conf');
  appendFileSync(rules, 'host all all 127.0.0.1/32 scram-sha-256\n');
  await server.ask('SELECT pg_reload_conf()');
  const pooler = await startPooler(t, server.port);
  const instance = await store.gateway({
    node: 'gw6',
    place: 'noord',
    hosts: [`127.0.0.1:${pooler}`],
    ca: '',
    configuration: QUIET,
  });
  await refusedBoth(instance, /a pooler stands between.*name the server itself in "hosts" of \[store\]/);
});

/**
 * Passes everything on, but for the number of process in BackendKeyData ('K', length 12, number,
 * secret), as poolers make it up.
 */
async function startPooler(t: TestContext, to: number): Promise<number> {
  const port = await freePort();
  await passOn(t, port, to, (chunk) => {
    const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
    if (at >= 0) chunk.writeUInt32BE(0x7fff_fff1, at + 5);
    return chunk;
  });
  return port;
}

test('a role that may not see the standbys: nothing is acknowledged, and mail goes on once it may', async (t) => {
  const primary = cluster.server(cluster.primary);
  const may = (): Promise<unknown> => primary.ask('GRANT pg_read_all_stats TO sluis');
  t.after(may);
  await primary.ask('REVOKE pg_read_all_stats FROM sluis');
  await readySays(
    'submit',
    /^503[^]*not-acknowledging: the role may not see the standbys of noord-1; .*GRANT pg_read_all_stats/,
  );
  assert.match((await refusal()) ?? '', /^451 4\.3\.\d /);
  const check = await run('check', gateway);
  assert.match(`${check.stdout}${check.stderr}`, /GRANT pg_read_all_stats TO "sluis"/);
  assert.match(served.log, /"store\.unacknowledged".*no-rights.*GRANT pg_read_all_stats/);
  await may();
  await mailGoesOn();
});

test('one standby that went away is told of while mail goes on, both are a reason not to take any, and pickup goes on', async () => {
  await submit();
  await cluster.cut('noord', 'derde');
  await until(
    'it is told',
    () => /derde-1 does not follow noord-1: .*start it, or repair the network/.test(served.log),
    20_000,
    50,
  );
  await submit();
  assert.match(await ready('submit'), /^200/);
  const check = await run('check', gateway);
  assert.match(check.stdout, /derde-1 does not follow noord-1/);

  await cluster.cut('noord', 'zuid');
  await readySays(
    'submit',
    /^503[^]*not-acknowledging: noord-1 needs 1 of zuid-1, derde-1 to confirm.*; .*(start a standby|see the network)/,
  );
  assert.match((await refusal()) ?? '', /^451 4\.3\.\d /);
  assert.match(await ready('serve'), /^200/);
  assert.match(served.log, /"store\.unacknowledged".*(no-standby|silent-standby)/);
  // What is there can be read; what is deleted at QUIT would have to be acknowledged.
  const reader = await Pop3Client.open(gateway.target('pop3'), loginOf(ANNA));
  assert.ok((await reader.fetch(1)).length > 1000);
  await reader.command('DELE 1');
  reader.wire.send('QUIT\r\n');
  assert.match(await reader.wire.line(), /^-ERR \[SYS\/TEMP\]/);
  reader.wire.destroy();

  await cluster.reconnect('noord');
  await mailGoesOn();
  await assertNothingLost();
});

test('a second gateway of the same name is refused, and one whose number was given to another stops; what it took stays', async (t) => {
  const twin = await store.gateway({ node: 'gw1', place: 'zuid', configuration: QUIET });
  const { stderr, code } = await run('serve', twin);
  assert.match(
    stderr,
    /A gateway with the name "gw1" is running.*give this one another name \("node" in \[cluster\]\)/,
  );
  assert.notEqual(code, 0);

  const late = await store.gateway({ node: 'late', place: 'noord' });
  const second = await late.serve();
  t.after(() => second.over || second.kill());
  await submit(ANNA, late);
  await store.ask("UPDATE node SET instance = 'another', epoch = epoch + 1 WHERE name = 'late'");
  assert.equal(await second.exit, 6);
  assert.match(second.log, /Another gateway runs as \\"late\\", or has its number \d+; each needs a name of its own/);
  await assertNothingLost();
});

test('a clock that is five minutes ahead is an alarm, and mail goes on through both', async (t) => {
  const ahead = await store.gateway({ node: 'early', place: 'zuid' });
  const second = await ahead.serve({ nodeOptions: clockAhead(minutes(5)) });
  t.after(() => second.over || second.kill());
  await until('it is told', () => second.log.includes('"store.clock-apart"'), 20_000, 50);
  assert.match(second.log, /"level":"error"[^\n]*"store\.clock-apart"|"store\.clock-apart"[^\n]*"level":"error"/);
  assert.match(second.log, /have both clocks set by NTP/);
  for (let turn = 0; turn < 3; turn += 1) {
    await submit(ANNA, ahead);
    await submit(ANNA, gateway);
  }
  const client = await Pop3Client.open(ahead.target('pop3'), loginOf(ANNA));
  assert.equal((await client.uidl()).size, 6);
  await client.quit();
  await assertNothingLost(gateway);
  assert.equal(await second.stop(), 0);
});

/** What an upgrade does that costs most: a table that is used all the time gets a column. */
const STEPS = [
  'ALTER TABLE mailbox ADD COLUMN artificial bigint; CREATE TABLE artificial (n bigint)',
  'CREATE TABLE more (n bigint)',
];

test('the next version runs side by side with this one while gateways are upgraded, and what is two steps ahead is refused', async (t) => {
  const other = await store.gateway({ node: 'next', place: 'zuid' });
  await submit();
  const next = await other.serve({ main: nextVersion(t, STEPS.slice(0, 1)) });
  t.after(() => next.over || next.kill());
  for (let turn = 0; turn < 3; turn += 1) {
    await submit(ANNA, other);
    await submit(ANNA, gateway);
  }
  const client = await Pop3Client.open(other.target('pop3'), loginOf(ANNA));
  assert.equal((await client.uidl()).size, 7);
  await client.quit();
  // This version also begins again before that database.
  assert.equal(await served.stop(), 0);
  served = await gateway.serve();
  await submit();
  await assertNothingLost();
  assert.equal(await next.stop(), 0);

  const last = await other.serve({ main: nextVersion(t, STEPS) });
  t.after(() => last.over || last.kill());
  // The one that serves goes on; a start is refused.
  await submit();
  const third = await store.gateway({ node: 'gw7', place: 'noord', configuration: QUIET });
  const { stderr, code } = await run('serve', third);
  assert.match(stderr, /2 migrations ahead of this program.*start the newer program on this machine/);
  assert.notEqual(code, 0);
  await assertNothingLost();
  assert.equal(await last.stop(), 0);
});
