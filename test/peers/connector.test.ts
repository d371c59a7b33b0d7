/**
 * A hospital's connector on a listener of its own: STARTTLS, a client certificate, no AUTH. Other
 * people's programs play it, as its registered addresses and its domain; nobody else gets in that
 * way.
 */
// @beside
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { value } from '../crypto/support.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { type TestGateway, addressOf, startTestGateway } from '../support/gateway.ts';
import { withoutProgram } from '../support/require.ts';
import { address } from '../support/store.ts';
import { attempt, run } from './run.ts';

const HOST = 'localhost';
const LOGIN = 'mta-umc';
const FROM = 'polikliniek@umc.test';
const to = addressOf('anna');
const actor = { name: 'test' };
const LISTENER = `[[listener]]
name = "connector"
protocol = "smtp"
address = "127.0.0.1"
port = 0
tls = "starttls"
accounts = ["${LOGIN}"]
`;

let gateway: TestGateway;
let home = '';
let ca = '';
type Who = 'umc' | 'anna' | 'foreign' | 'nobody';
const shown = new Map<Who, { readonly cert: string; readonly key: string }>();

before(async () => {
  const authority = await makeClientAuthority('Connectors');
  gateway = await startTestGateway({
    accounts: ['anna'],
    clientAuthorities: authority.root,
    configuration: LISTENER,
  });
  home = join(gateway.folder, 'connector');
  mkdirSync(home, { mode: 0o700 });
  const put = (name: string, text: string): string => {
    writeFileSync(join(home, name), text, { mode: 0o600 });
    return join(home, name);
  };
  ca = put('ca.pem', gateway.ca);
  const { registry } = gateway.store;
  await registry.addOrganisation({ name: 'umc', title: 'UMC Noord', language: 'nl' }, actor);
  const server = { host: '127.0.0.1', port: 9, tls: 'starttls', connections: 1 } as const;
  await registry.addPartner({ name: 'umc', organisation: 'umc', login: LOGIN, server }, actor);
  await registry.setPartnerDomain('umc', 'umc.test', 'add', actor);
  for (const login of [LOGIN, to])
    await registry.changeSettings({ scope: 'account', login }, { 'implicit-login': true }, actor);
  const foreign = await makeClientAuthority('Foreign');
  for (const [who, issuer, name, login] of [
    ['umc', authority, 'connector.umc.test', LOGIN],
    ['anna', authority, 'anna', to],
    ['foreign', foreign, 'connector.umc.test', undefined],
  ] as const) {
    const made = await issuer.issue(name);
    shown.set(who, { cert: put(`${who}.pem`, made.certificate), key: put(`${who}.key`, made.key) });
    if (login === undefined) continue;
    const registration = { ...value(registrationOf(made.leaf, { match: 'subject' })), name: 'server' };
    await registry.addCertificate(login, registration, actor);
  }
});
after(() => gateway.remove());

const port = (): number => gateway.listeners.find(({ spec }) => spec.name === 'connector')?.port ?? 0;
const count = async (): Promise<number> => (await gateway.store.registry.findAccount(to))?.messages ?? 0;
let held = 0;
beforeEach(async () => {
  held = await count();
});
const mail = `From: <${FROM}>\r\nTo: <${to}>\r\nSubject: by connector\r\n\r\nhello\r\n`;
const certificate = (who: Who): { readonly cert: string; readonly key: string } | undefined => shown.get(who);

const swaks = (who: Who, ...more: string[]): ReturnType<typeof attempt> => {
  const own = certificate(who);
  return attempt(
    'swaks',
    [
      ...['--server', `${HOST}:${port()}`, '--from', FROM, '--to', to, '--data', '-', '--tls', '--tls-ca-path', ca],
      ...(own === undefined ? [] : ['--tls-cert', own.cert, '--tls-key', own.key]),
      ...more,
    ],
    { home, input: Buffer.from(mail) },
  );
};

test(
  'swaks sends as an address of the domain, with the certificate alone',
  { skip: withoutProgram('swaks', 'swaks') },
  async () => {
    const sent = await swaks('umc');
    assert.equal(sent.status, 0, sent.out.toString());
    assert.match(sent.out.toString(), /250 2\.0\.0 accepted as/);
    assert.equal(await count(), held + 1);
    // An address of the group that is not the partner's.
    assert.match((await swaks('umc', '--from', to)).out.toString(), /550 5\.7\.1/);
    assert.equal(await count(), held + 1);
  },
);

test(
  'no certificate, a foreign one and that of another account get 530 5.7.0',
  { skip: withoutProgram('swaks', 'swaks') },
  async () => {
    for (const who of ['nobody', 'foreign', 'anna'] as const) {
      const sent = await swaks(who);
      assert.match(sent.out.toString(), /530 5\.7\.0/, who);
      assert.notEqual(sent.status, 0);
    }
    assert.equal(await count(), held);
  },
);

test('msmtp sends without auth', { skip: withoutProgram('msmtp', 'msmtp') }, async () => {
  const own = certificate('umc')!;
  const config = join(home, 'msmtprc');
  const lines = [
    ...['account default', `host ${HOST}`, `port ${port()}`, 'tls on', 'tls_starttls on', `tls_trust_file ${ca}`],
    ...[`tls_cert_file ${own.cert}`, `tls_key_file ${own.key}`, 'auth off', `from ${FROM}`],
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  await run('msmtp', ['-C', config, to], { home, input: Buffer.from(mail) });
  assert.equal(await count(), held + 1);
});

/**
 * Says each line when the one before was answered; the first at once, since the greeting went by
 * before TLS.
 */
function openssl(who: Who, lines: readonly string[]): Promise<string> {
  const own = certificate(who);
  const args = [
    ...['s_client', '-quiet', '-crlf', '-verify_return_error', '-CAfile', ca, '-connect', `${HOST}:${port()}`],
    ...['-starttls', 'smtp', '-name', 'connector.umc.test'],
    ...(own === undefined ? [] : ['-cert', own.cert, '-key', own.key, '-cert_chain', own.cert]),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'], timeout: 30_000 });
    const left = [...lines, 'QUIT'];
    let out = '';
    const say = (): void => {
      const line = left.shift();
      if (line !== undefined) child.stdin.write(`${line}\n`);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('latin1');
      if (/^\d{3} [^\n]*\n$/m.test(out.slice(out.lastIndexOf('\n', out.length - 2) + 1))) say();
    });
    say();
    child.once('error', reject).once('close', () => resolve(out));
  });
}

test('openssl s_client speaks the whole dialog by hand', { skip: withoutProgram('openssl', 'openssl') }, async () => {
  const dialog = [
    'EHLO connector.umc.test',
    `MAIL FROM:<${FROM}>`,
    `RCPT TO:<${to}>`,
    'DATA',
    `From: ${FROM}\n\nby hand\n.`,
  ];
  const said = await openssl('umc', dialog);
  assert.match(said, /^250 2\.1\.0 .*\r?\n250 2\.1\.5 .*\r?\n354 .*\r?\n250 2\.0\.0 accepted as /m);
  assert.equal(await count(), held + 1);
  assert.match(await openssl('nobody', dialog.slice(0, 2)), /^530 5\.7\.0 /m);
});

test(
  "the limit of the partner's account holds for what it submits",
  { skip: withoutProgram('swaks', 'swaks') },
  async () => {
    const limit = 100_000;
    await gateway.store.registry.changeSettings({ scope: 'account', login: LOGIN }, { 'max-message': limit }, actor);
    const large = `${mail}${'x'.repeat(70)}\r\n`.padEnd(limit + 10_000, `${'y'.repeat(70)}\r\n`);
    const sent = await attempt(
      'swaks',
      [
        ...['--server', `${HOST}:${port()}`, '--from', FROM, '--to', to, '--data', '-', '--tls', '--tls-ca-path', ca],
        ...['--tls-cert', certificate('umc')!.cert, '--tls-key', certificate('umc')!.key],
      ],
      { home, input: Buffer.from(large) },
    );
    assert.match(sent.out.toString(), /552 5\.3\.4/);
    assert.equal(await count(), held);
    await gateway.store.registry.changeSettings({ scope: 'account', login: LOGIN }, { 'max-message': null }, actor);
  },
);

test('mail to the partner waits in its queue', { skip: withoutProgram('swaks', 'swaks') }, async () => {
  await gateway.store.registry.setPartnerState('umc', 'suspended', actor);
  const sent = await swaks('umc', '--to', 'anybody@umc.test');
  assert.equal(sent.status, 0, sent.out.toString());
  const [waiting] = await gateway.store.deliveries.list({ limit: 10 });
  assert.equal(waiting?.recipient, address('anybody@umc.test'));
});
