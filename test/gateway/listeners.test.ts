/**
 * Listeners that are not for everybody, have a certificate of their own, or end: a whole gateway,
 * over real connections.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { days, hours } from '../../src/domain/units.ts';
import { startGateway } from '../../src/gateway.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ListenerRefused } from '../../src/platform/listener.ts';
import { value } from '../crypto/support.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, addressOf, loginOf, passwordOf, startTestGateway } from '../support/gateway.ts';
import { greets } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { plain } from '../support/smtp-client.ts';
import { type TranscriptOptions, runTranscript } from '../support/transcript.ts';
import { trusting } from '../support/wire.ts';

async function open(t: TestContext, options: Parameters<typeof startTestGateway>[0]): Promise<TestGateway> {
  const gateway = await startTestGateway(options);
  t.after(() => gateway.remove());
  return gateway;
}

const listener = (name: string, protocol: 'smtp' | 'pop3', more: string, tls = 'implicit'): string =>
  `[[listener]]\nname = "${name}"\nprotocol = "${protocol}"\naddress = "127.0.0.1"\nport = 0\ntls = "${tls}"\n${more}\n`;

const certificatesFor = (name: string) => makeDevelopmentCertificates([name], systemClock.now());

const portOf = (gateway: TestGateway, name: string): number =>
  gateway.listeners.find(({ spec }) => spec.name === name)?.port ?? assert.fail(`no listener ${name}`);

const at = (gateway: TestGateway, name: string, protocol: 'smtp' | 'pop3'): TranscriptOptions => ({
  protocol,
  port: portOf(gateway, name),
  ca: gateway.ca,
});

const dayOf = (clock: FakeClock, ahead: number): string =>
  new Date(clock.now() + days(ahead)).toISOString().slice(0, 10);

/** `auth.refused` comes once a minute. */
function refusals(gateway: TestGateway, clock: FakeClock): unknown[] {
  clock.advance(60_000);
  return gateway.log.events.filter(({ event }) => event === 'auth.refused').map(({ fields }) => fields);
}

test('a legacy listener is for the accounts that it names; others are refused as with a wrong password, and the log says why', async (t) => {
  const clock = new FakeClock(Date.now());
  const authority = await makeClientAuthority('Ours');
  const for_ = `profile = "legacy"\nprofile-until = "${dayOf(clock, 20)}"\naccounts = ["${addressOf('old').toUpperCase()}"]`;
  const gateway = await open(t, {
    clock,
    accounts: ['old', 'new'],
    clientAuthorities: authority.root,
    configuration: `[auth]\nrefusal-grid = "0ms"\n${listener('old-pop3', 'pop3', for_)}${listener('old-smtp', 'smtp', for_)}`,
  });
  const certificates = { old: await authority.issue('old'), new: await authority.issue('new') };
  for (const [name, { leaf }] of Object.entries(certificates)) {
    const registration = { ...value(registrationOf(leaf, { match: 'pin' })), name: 'first' };
    await gateway.store.registry.addCertificate(addressOf(name), registration, { name: 'test' });
  }
  const user = (name: string, password: string): string =>
    `@tls\nS: +OK *\nC: USER ${addressOf(name)}\nS: +OK *\nC: PASS ${password}\n`;
  await runTranscript(`${user('old', passwordOf('old'))}S: +OK *\nC: QUIT\nS: +OK *`, at(gateway, 'old-pop3', 'pop3'));
  await runTranscript(`${user('new', passwordOf('new'))}S: -ERR [AUTH] *`, at(gateway, 'old-pop3', 'pop3'));
  await runTranscript(`${user('new', 'wrong')}S: -ERR [AUTH] *`, at(gateway, 'old-pop3', 'pop3'));
  const [refused, ...more] = refusals(gateway, clock);
  assert.deepEqual(more, []);
  const network = '127.0.0.1';
  const why = { reason: 'not-on-listener', listener: 'old-pop3', count: 2 };
  assert.deepEqual(refused, { login: addressOf('new'), network, protocol: 'pop3', ...why });
  // A success elsewhere is remembered, and opens nothing here.
  const elsewhere = await Pop3Client.open(gateway.target('pop3s'), loginOf('new'));
  await elsewhere.quit();
  await runTranscript(`${user('new', passwordOf('new'))}S: -ERR [AUTH] *`, at(gateway, 'old-pop3', 'pop3'));

  const hello = '@tls\nS: 220 *\nC: EHLO client.test\nS... 250 *\n';
  const smtp = at(gateway, 'old-smtp', 'smtp');
  await runTranscript(
    `${hello}C: AUTH PLAIN ${plain({ login: addressOf('new'), password: passwordOf('new') })}\nS: 535 5.7.8 *`,
    smtp,
  );
  await runTranscript(`${hello}C: AUTH EXTERNAL =\nS: 235 *`, { ...smtp, client: certificates.old });
  await runTranscript(`${hello}C: AUTH EXTERNAL =\nS: 535 5.7.8 *`, { ...smtp, client: certificates.new });
  const line = gateway.log.events.findLast(({ event }) => event === 'auth.certificate_refused');
  assert.equal(line?.fields.reason, 'not-on-listener');
  assert.match(String(line.fields.why), /listener "old-smtp" is for other accounts/);
  await runTranscript('@tls\nS: +OK *\nC: STAT\nS: -ERR *', {
    ...at(gateway, 'old-pop3', 'pop3'),
    client: certificates.new,
  });
});

test('a listener for some networks greets nobody else', async (t) => {
  const elsewhere = 'networks = ["192.0.2.0/24"]';
  const gateway = await open(t, {
    configuration: [
      ...[listener('a', 'smtp', elsewhere, 'starttls'), listener('b', 'pop3', elsewhere, 'starttls')],
      ...[listener('c', 'smtp', elsewhere), listener('d', 'pop3', elsewhere)],
      listener('e', 'pop3', 'networks = ["127.0.0.0/8"]', 'starttls'),
    ].join(''),
  });
  await runTranscript('S: 554 5.7.1 This port is not for your network; *\n@closed', at(gateway, 'a', 'smtp'));
  await runTranscript('S: -ERR [SYS/PERM] this port is not for your network; *\n@closed', at(gateway, 'b', 'pop3'));
  for (const name of ['c', 'd']) assert.equal(await greets(portOf(gateway, name)), false);
  await runTranscript('S: +OK *', at(gateway, 'e', 'pop3'));
  const whys = gateway.log.events.filter(({ event }) => event.endsWith('refused')).map(({ fields }) => fields.why);
  assert.deepEqual(
    whys,
    Array.from({ length: 4 }, () => 'not-on-listener'),
  );
});

test('a legacy listener warns of its end, closes when its last day is over, and is left out of the next start', async (t) => {
  const clock = new FakeClock(Math.floor(Date.now() / days(1)) * days(1) + hours(10));
  const until = dayOf(clock, 2);
  const legacy = (day: string): string => `profile = "legacy"\nprofile-until = "${day}"\nnetworks = ["127.0.0.0/8"]`;
  const gateway = await open(t, {
    clock,
    // Of the one that ends in more than a month nothing is said yet.
    configuration: `${listener('old', 'pop3', legacy(until), 'starttls')}${listener('far', 'pop3', legacy(dayOf(clock, 40)))}`,
  });
  const told = (): unknown[] =>
    gateway.log.events
      .filter(({ event }) => event.startsWith('listener.end'))
      .map(({ event, fields }) => [event, fields]);
  const port = portOf(gateway, 'old');
  for (let day = 0; day < 2; day += 1) clock.advance(days(1));
  assert.deepEqual(
    told(),
    [3, 2, 1].map((left) => ['listener.ends', { listener: 'old', until, days: left }]),
  );
  assert.equal(await greets(port), true, 'its last day is a whole day');
  clock.advance(hours(14));
  assert.deepEqual(told().at(-1), ['listener.ended', { listener: 'old', until }]);
  assert.equal(gateway.log.events.find(({ event }) => event === 'listener.ended')?.level, 'error');
  assert.equal(await greets(port), false);
  assert.equal(await greets(gateway.port('pop3')), true, 'the others continue');
  const status = gateway.admin.gateway?.status().listeners.at(-2);
  assert.deepEqual([status?.name, status?.port, status?.until, status?.closed], ['old', port, until, true]);

  const again = await gateway.restart();
  t.after(() => again.remove());
  assert.deepEqual(
    again.listeners.map(({ spec }) => spec.name),
    ['submission', 'submissions', 'pop3', 'pop3s', 'far'],
  );
  assert.deepEqual(
    again.log.events.find(({ event }) => event === 'listener.ended')?.fields,
    { listener: 'old', until },
    'a start says what it left out',
  );
  // With nothing left to open it does not pretend to serve.
  const only = { ...again.config, listener: again.config.listener.filter(({ name }) => name === 'old') };
  await again.stop();
  await assert.rejects(startGateway(only, { clock, log: again.log }), ListenerRefused);
});

test('a listener with a certificate and a name of its own serves them, and reloads them', async (t) => {
  const [first, second] = [await certificatesFor('old.test'), await certificatesFor('old.test')];
  const files = 'hostname = "old.test"\nkey = "other-key.pem"\ncertificate = "other.pem"';
  let put: (made: typeof first) => void = () => undefined;
  const gateway = await open(t, {
    accounts: ['anna'],
    prepare: (folder) => {
      put = ({ server }) => {
        writeFileSync(join(folder, 'other-key.pem'), server.key, { mode: 0o600 });
        writeFileSync(join(folder, 'other.pem'), server.certificate);
      };
      put(first);
    },
    configuration: `${listener('other', 'pop3', files)}${listener('other-smtp', 'smtp', files)}`,
  });
  const served = (port: number, ca: string, servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', ca, servername }, () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw).fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;
  const other = portOf(gateway, 'other');
  assert.equal(await served(other, first.ca.certificate, 'old.test'), fingerprint(first.server.certificate));
  assert.notEqual(await served(gateway.port('pop3s'), gateway.ca, 'mail.test'), fingerprint(first.server.certificate));
  const target = {
    port: other,
    tls: 'implicit',
    servername: 'old.test',
    context: trusting(first.ca.certificate),
  } as const;
  await (await Pop3Client.open(target, loginOf('anna'))).quit();
  const ca = first.ca.certificate;
  await runTranscript('@tls\nS: 220 old.test *', {
    protocol: 'smtp',
    port: portOf(gateway, 'other-smtp'),
    ca,
    servername: 'old.test',
  });
  put(second);
  await gateway.reloadTls();
  assert.equal(await served(other, second.ca.certificate, 'old.test'), fingerprint(second.server.certificate));
  // One that cannot be served changes nothing, on no listener.
  writeFileSync(join(gateway.folder, 'other.pem'), first.server.certificate);
  await assert.rejects(gateway.reloadTls(), /does not belong to the key/);
  assert.equal(await served(other, second.ca.certificate, 'old.test'), fingerprint(second.server.certificate));
});
