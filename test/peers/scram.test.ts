/**
 * Other people's programs log in by SCRAM: msmtp and mpop bound to TLS 1.3, mutt unbound (all with
 * GNU SASL).
 */
// @beside
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { scramSalt, scramVerifier } from '../../src/crypto/passwords/scram.ts';
import { value } from '../crypto/support.ts';
import { type TestGateway, addressOf, passwordOf, startTestGateway } from '../support/gateway.ts';
import { assertNoSecret } from '../support/no-secret.ts';
import { withoutProgram } from '../support/require.ts';
import { type Ran, attempt, run } from './run.ts';

const HOST = 'localhost';
const actor = { name: 'test' };
const anna = addressOf('anna');
const bert = addressOf('bert');
let gateway: TestGateway;
let ca: string;

before(async () => {
  gateway = await startTestGateway({ accounts: ['anna', 'bert'], scram: true });
  ca = put('ca.pem', gateway.ca);
  const { registry } = gateway.store;
  await registry.changeSettings({ scope: 'account', login: anna }, { scram: true }, actor);
  // As an operator's password: the cost that clients meet in earnest.
  const scram = value(await scramVerifier(passwordOf('anna'), scramSalt(await registry.scramSaltKey(), anna)));
  const record = await registry.findLogin(anna);
  const { account, name, hash } = record!.passwords[0]!;
  await registry.rehashPassword(account, name, hash, { hash, scram });
});
after(async () => {
  assertNoSecret(gateway.log, passwordOf('anna'), passwordOf('bert'));
  await gateway.remove();
});

function put(name: string, ...lines: readonly string[]): string {
  const file = join(gateway.folder, name);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

const mail = Buffer.from(`From: <${anna}>\r\nTo: <${anna}>\r\nSubject: by SCRAM\r\n\r\nhello\r\n`);
const count = async (): Promise<number> => (await gateway.store.registry.findAccount(anna))?.messages ?? 0;
const lastHow = (): unknown => gateway.log.events.findLast((e) => e.event === 'auth.granted')?.fields.how;
const lastReason = (): unknown => gateway.log.events.findLast((e) => e.event === 'auth.failed')?.fields.reason;

interface Choice {
  readonly auth: string;
  readonly login?: string;
  readonly password?: string;
  /** A GnuTLS priority string. */
  readonly priorities?: string;
}

const account = (port: number, { auth, login = anna, password = passwordOf('anna'), priorities }: Choice): string[] => [
  ...['account default', `host ${HOST}`, `port ${port}`, 'tls on', 'tls_starttls on', `tls_trust_file ${ca}`],
  ...(priorities === undefined ? [] : [`tls_priorities ${priorities}`]),
  ...[`auth ${auth}`, `user ${login}`, `password ${password}`],
];
const msmtp = (choice: Choice): Promise<Ran> => {
  const rc = put('msmtprc', ...account(gateway.port('submission'), choice), `from ${choice.login ?? anna}`);
  return attempt('msmtp', ['-C', rc, anna], { home: gateway.folder, input: mail });
};
const mpop = (choice: Choice): Promise<Ran> => {
  const mbox = join(gateway.folder, 'mbox');
  const rc = put('mpoprc', ...account(gateway.port('pop3'), choice), `delivery mbox ${mbox}`);
  return attempt('mpop', ['-C', rc], { home: gateway.folder });
};

const TLS12 = 'NORMAL:-VERS-ALL:+VERS-TLS1.2';
const withoutBoth = withoutProgram('msmtp', 'msmtp') || withoutProgram('mpop', 'mpop');

// QUIRK: unbound they give up before AUTH where they could bind (libgsasl 2.2.2, which mutt gives
// nothing to bind to).
test('msmtp sends and mpop fetches by SCRAM-SHA-256, bound to TLS 1.3', { skip: withoutBoth }, async () => {
  const choice = { auth: 'scram-sha-256-plus' };
  const sent = await msmtp(choice);
  assert.equal(sent.status, 0, sent.err);
  assert.equal(lastHow(), choice.auth);
  assert.equal(await count(), 1);
  const fetched = await mpop(choice);
  assert.equal(fetched.status, 0, fetched.err);
  assert.equal(lastHow(), choice.auth);
  assert.equal(await count(), 0);
});

test('on TLS 1.2 neither finds the bound mechanism', { skip: withoutBoth }, async () => {
  const choice = { auth: 'scram-sha-256-plus', priorities: TLS12 };
  for (const { status, err } of [await msmtp(choice), await mpop(choice)]) {
    assert.notEqual(status, 0);
    assert.match(err, /does not support/i);
  }
});

test('a wrong password is refused', { skip: withoutBoth }, async () => {
  const choice = { auth: 'scram-sha-256-plus', password: 'not-the-password' };
  assert.match((await msmtp(choice)).err, /535 5\.7\.8/);
  assert.equal(lastReason(), 'wrong');
  assert.match((await mpop(choice)).err, /authentication failed/);
  assert.equal(lastReason(), 'wrong');
});

test(
  'a program that takes the strongest mechanism it finds needs an account with SCRAM: why a listener offers it by choice',
  { skip: withoutBoth },
  async () => {
    const by = (login: string, password: string): Promise<Ran> => msmtp({ auth: 'on', login, password });
    assert.equal((await by(anna, passwordOf('anna'))).status, 0);
    assert.match(String(lastHow()), /^scram/);
    assert.match((await by(bert, passwordOf('bert'))).err, /535 5\.7\.8/);
  },
);

test('mutt sends by SCRAM-SHA-256', { skip: withoutProgram('mutt', 'mutt') }, async () => {
  const rc = put(
    'muttrc',
    `set from="${anna}" hostname="client.test" use_envelope_from=yes copy=no smtp_authenticators="scram-sha-256"`,
    `set smtp_url="smtp://${encodeURIComponent(anna)}@${HOST}:${gateway.port('submission')}" smtp_pass="${passwordOf('anna')}"`,
    `set ssl_starttls=yes ssl_force_tls=yes certificate_file="${ca}" ssl_ca_certificates_file="${ca}"`,
  );
  const before = await count();
  await run('mutt', ['-n', '-F', rc, '-s', 'by SCRAM', '--', anna], {
    home: gateway.folder,
    input: Buffer.from('hello\n'),
  });
  assert.equal(await count(), before + 1);
  assert.match(String(lastHow()), /^scram-sha-256/);
});
