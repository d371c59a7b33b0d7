import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import type { DoctorReport } from '../../src/cli/doctor.ts';
import { reportText } from '../../src/commands/doctor.ts';
import { days, instant } from '../../src/domain/units.ts';
import { judgeOffer } from '../../src/gateway/doctor-report.ts';
import { probeTls } from '../../src/platform/tls-probe.ts';
import { ProbeFailed } from '../../src/platform/tls-probe-connection.ts';
import { testCertificates } from '../support/certificates.ts';
import { sluisHere } from '../support/command-line.ts';
import { type PortName, startTestGateway } from '../support/gateway.ts';

const about = {
  listener: 'a',
  profile: 'intermediate',
  until: undefined,
  hostname: 'mail.test',
  now: instant(Date.now()),
};

test('doctor finds every listener of a gateway sufficient, and a legacy one until its last day', async (t) => {
  const last = new Date(Date.now() + days(10)).toISOString().slice(0, 10);
  const gateway = await startTestGateway({
    configuration: `[[listener]]
name = "old"
protocol = "pop3"
address = "127.0.0.1"
port = 0
tls = "starttls"
profile = "legacy"
profile-until = ${last}
networks = ["127.0.0.0/8"]
[[listener]]
name = "new"
protocol = "smtp"
address = "127.0.0.1"
port = 0
tls = "implicit"
profile = "modern"`,
  });
  t.after(() => gateway.remove());
  // The ports that were free: doctor asks the configuration for them.
  const file = join(gateway.folder, 'ports.toml');
  let text = readFileSync(gateway.config.file, 'utf8');
  for (const { spec, port } of gateway.listeners)
    text = text.replace(new RegExp(`(name = "${spec.name}"\n[^[]*?port = )0`), `$1${port}`);
  writeFileSync(file, text);

  const json = await sluisHere(['doctor', '--json', '--config', file]);
  assert.equal(json.code, 0, json.stdout + json.stderr);
  const { listeners: reports } = JSON.parse(json.stdout) as DoctorReport;
  const found = (listener: string, kind: string): string[] =>
    reports.find((r) => r.listener === listener)?.findings.flatMap((f) => (f.about === kind ? [f.what] : [])) ?? [];
  for (const name of ['submission', 'submissions', 'pop3', 'pop3s'] satisfies PortName[]) {
    assert.deepEqual(found(name, 'version'), ['TLSv1.2', 'TLSv1.3']);
    assert.deepEqual(found(name, 'suite'), [
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'TLS_AES_128_GCM_SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
    ]);
    assert.deepEqual(found(name, 'curve'), ['X25519MLKEM768', 'X25519', 'prime256v1', 'secp384r1']);
  }
  assert.deepEqual(found('new', 'version'), ['TLSv1.3']);
  assert.ok(found('old', 'suite').includes('ECDHE-ECDSA-AES256-SHA'));
  assert.deepEqual(
    reports.map(({ listener, worst, passed }) => [listener, worst, passed]),
    [
      ...['submission', 'submissions', 'pop3', 'pop3s'].map((name) => [name, 'sufficient', true]),
      ['old', 'phase out', true],
      ['new', 'sufficient', true],
    ],
  );

  const readable = await sluisHere(['doctor', '--config', file]);
  assert.match(readable.stdout, new RegExp(`Listener old offers what is to be phased out, until ${last}\\.`));
  assert.match(readable.stdout, /cannot ask for, so nothing is said of: SSL 2 and 3, /);
  // With port 0 the gateway that runs tells which port it gave.
  const given = await sluisHere(['doctor', '--json', '--config', gateway.config.file]);
  assert.equal(given.code, 0, given.stdout + given.stderr);
  assert.deepEqual(JSON.parse(given.stdout), JSON.parse(json.stdout));
  const ended = readFileSync(file, 'utf8').replace(/\[\[listener\]\]\n(?:(?!\[).*\n?)*/g, '');
  const closed = '[[listener]]\nname = "old"\nprotocol = "pop3"\nport = 1\ntls = "starttls"\nprofile = "legacy"\n';
  writeFileSync(
    join(gateway.folder, 'ended.toml'),
    `${ended}\n${closed}profile-until = 2020-01-01\nnetworks = ["127.0.0.0/8"]\n`,
  );
  const none = await sluisHere(['doctor', '--config', join(gateway.folder, 'ended.toml')]);
  assert.equal(none.code, 9, none.stdout + none.stderr);
  assert.match(none.stdout, /No listener was examined/);
  assert.doesNotMatch(none.stdout, /Every listener is sufficient/);
  await gateway.stop({ drain: 'none' });
  const gone = await sluisHere(['doctor', '--config', file]);
  assert.equal(gone.code, 7);
  assert.match(gone.stderr, /Cannot examine listener "submission": 127\.0\.0\.1 port \d+: .*ECONNREFUSED/);
  const unknown = await sluisHere(['doctor', '--config', gateway.config.file]);
  assert.equal(unknown.code, 7);
  assert.match(unknown.stderr, /Cannot examine listener "submission": its port is 0 .* start the gateway/);
});

test('doctor --json has every finding that the text has, and the text every one of --json', async (t) => {
  const gateway = await startTestGateway({ configuration: '[operators]\nsecond-person = ["erase"]' });
  t.after(() => gateway.remove());
  const [json, text] = [
    await sluisHere(['doctor', '--json', '--config', gateway.config.file]),
    await sluisHere(['doctor', '--config', gateway.config.file]),
  ];
  assert.equal(json.code, text.code);
  const report = JSON.parse(json.stdout) as DoctorReport;
  // Of the gateway's own: one that only the store knows, one of the files.
  const ids = report.findings.map(({ id }) => id);
  assert.ok(ids.includes('operators') && ids.includes('escrow'), ids.join(' '));
  assert.equal(text.stdout.trimEnd(), reportText(report).trimEnd(), 'made of the same, and of nothing else');
  const lines = text.stdout.split('\n').filter((line) => /^(?:Wrong|Warning): /.test(line));
  assert.deepEqual(
    lines.map((line) => line.replace(/^\S+ /, '')),
    report.findings.map(({ what }) => what),
  );
  for (const { listener, findings } of report.listeners) {
    assert.match(text.stdout, new RegExp(`^Listener ${listener}, profile`, 'm'));
    for (const { what } of findings) assert.ok(text.stdout.includes(what), what);
  }
});

test('the probe sees what our policy forbids', async (t) => {
  const { server: material } = await testCertificates();
  const server = createServer(
    { key: material.key, cert: material.certificate, minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' },
    (socket) => socket.on('error', () => undefined).resume(),
  ).on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const offer = await probeTls({ protocol: 'pop3', tls: 'implicit', host: '127.0.0.1', port, servername: 'mail.test' });
  assert.deepEqual(offer.versions, ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);
  assert.equal(offer.renegotiates, true);
  assert.ok(offer.suites.includes('ECDHE-ECDSA-AES256-SHA'), offer.suites.join());
  const report = judgeOffer(offer, about);
  assert.equal(report.worst, 'insufficient');
  assert.equal(report.passed, false);
});

test('a port that says something else, or nothing, is no result', async (t) => {
  const server = createTcpServer((socket) =>
    // Read to its end: it would be open for as long as the process is.
    socket
      .on('error', () => undefined)
      .resume()
      .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const tls of ['implicit', 'starttls'] as const)
    await assert.rejects(
      probeTls({ protocol: 'smtp', tls, host: '127.0.0.1', port, servername: 'mail.test' }),
      ProbeFailed,
    );
});

test('a certificate that ended or names somebody else fails, one that ends soon does not', async () => {
  const { server } = await testCertificates();
  const certificate = new X509Certificate(server.certificate);
  const offer = {
    versions: ['TLSv1.3'],
    suites: ['TLS_AES_256_GCM_SHA384'],
    curves: ['X25519'],
    certificates: [certificate],
    renegotiates: false,
    signsSha1: false,
    unprobed: [],
  };
  const worst = (change: Partial<typeof about>) => judgeOffer(offer, { ...about, ...change }).worst;
  assert.equal(worst({}), 'good');
  assert.equal(worst({ hostname: 'other.test' }), 'insufficient');
  assert.equal(worst({ now: instant(Date.now() + days(80)) }), 'sufficient');
  assert.equal(worst({ now: instant(Date.now() + days(100)) }), 'insufficient');
  const phased = { ...offer, suites: ['ECDHE-RSA-AES256-SHA'] };
  const passes = (until: string | undefined, suites = phased.suites) =>
    judgeOffer({ ...offer, suites }, { ...about, until }).passed;
  assert.equal(passes(undefined), false);
  assert.equal(passes('2999-12-31'), true);
  assert.equal(passes('2020-12-31'), false, 'the last day has passed');
  assert.equal(passes('2999-12-31', ['AES256-SHA']), false, 'insufficient is never taken');
});
