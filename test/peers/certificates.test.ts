/**
 * Other people's programs with a client certificate: those that know SASL EXTERNAL log in with it,
 * those that do not show it beside a password, and those that send no login at all (as Thunderbird
 * does for SMTP) go straight to work. A certificate of a foreign authority gets none of them in.
 */
// @beside
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { value } from '../crypto/support.ts';
import { type ClientAuthority, type ClientCertificate, makeClientAuthority } from '../support/client-certificates.ts';
import { type TestGateway, addressOf, passwordOf, startTestGateway } from '../support/gateway.ts';
import { withoutProgram } from '../support/require.ts';
import { attempt, run } from './run.ts';

const HOST = 'localhost';
const login = addressOf('anna');
const DAY = 86_400_000;
let gateway: TestGateway;
let authority: ClientAuthority;

interface NoticeWriter {
  readonly home: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}
const desks = { known: {} as NoticeWriter, foreign: {} as NoticeWriter };

before(async () => {
  authority = await makeClientAuthority('Peers');
  gateway = await startTestGateway({ accounts: ['anna'], clientAuthorities: authority.root });
  const known = await authority.issue('anna');
  const registration = { ...value(registrationOf(known.leaf, { match: 'subject' })), name: 'laptop' };
  await gateway.store.registry.addCertificate(login, registration, { name: 'test' });
  desks.known = noticeWriter('known', known);
  desks.foreign = noticeWriter('foreign', await (await makeClientAuthority('Foreign')).issue('anna'));
});
after(() => gateway.remove());

function noticeWriter(name: string, shown: ClientCertificate): NoticeWriter {
  const home = join(gateway.folder, name);
  mkdirSync(home, { mode: 0o700 });
  const put = (file: string, text: string): string => {
    writeFileSync(join(home, file), text, { mode: 0o600 });
    return join(home, file);
  };
  return {
    home,
    ca: put('ca.pem', gateway.ca),
    cert: put('cert.pem', shown.certificate),
    key: put('key.pem', shown.key),
  };
}

const mail = `From: <${login}>\r\nTo: <${login}>\r\nSubject: by certificate\r\n\r\nhello\r\n`;
const count = async (): Promise<number> => (await gateway.store.registry.findAccount(login))?.messages ?? 0;

const curlTls = ({ ca, cert, key }: NoticeWriter): string[] => [
  ...['--silent', '--show-error', '--ssl-reqd', '--cacert', ca, '--cert', cert, '--key', key],
];
const curlSends = (at: NoticeWriter, user = login): ReturnType<typeof attempt> =>
  attempt(
    'curl',
    [
      ...[...curlTls(at), '--user', `${user}:`, '--login-options', 'AUTH=EXTERNAL'],
      ...['--url', `smtp://${HOST}:${gateway.port('submission')}/client.test`],
      ...['--mail-from', login, '--mail-rcpt', login, '--upload-file', '-'],
    ],
    { home: at.home, input: Buffer.from(mail) },
  );
const curlLists = (at: NoticeWriter, user = login): ReturnType<typeof attempt> =>
  attempt(
    'curl',
    [
      ...[...curlTls(at), '--user', `${user}:`, '--login-options', 'AUTH=EXTERNAL'],
      `pop3s://${HOST}:${gateway.port('pop3s')}/`,
    ],
    { home: at.home },
  );

test('curl logs in by EXTERNAL on both protocols', { skip: withoutProgram('curl', 'curl') }, async () => {
  const before = await count();
  const sent = await curlSends(desks.known);
  assert.equal(sent.status, 0, sent.err);
  assert.equal(await count(), before + 1);
  const listed = await curlLists(desks.known);
  assert.equal(listed.status, 0, listed.err);
  assert.match(listed.out.toString(), /^1 \d+/m);
  // 67: login denied.
  assert.equal((await curlSends(desks.foreign)).status, 67);
  assert.equal((await curlLists(desks.foreign)).status, 67);
  assert.equal(await count(), before + 1);
});

/** Says `input` once the server has spoken, or at once where its greeting went out before TLS. */
function openssl(
  at: NoticeWriter,
  port: number,
  starttls: readonly string[],
  input: string,
  told = false,
): Promise<string> {
  // With `-quiet` it does not tell whether a session was resumed, and without it takes lines of
  // ours for its own commands.
  const options = [
    ...(told ? ['-nocommands', '-ign_eof'] : ['-quiet']),
    '-crlf',
    '-verify_return_error',
    '-CAfile',
    at.ca,
    '-cert',
    at.cert,
    '-key',
    at.key,
  ];
  const args = ['s_client', ...options, '-cert_chain', at.cert, '-connect', `${HOST}:${port}`, ...starttls];
  return new Promise((resolve, reject) => {
    const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'], timeout: 30_000 });
    let out = '';
    let said = false;
    const say = (): void => {
      if (!said) child.stdin.end(input);
      said = true;
    };
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('latin1');
      if (!told || /220 mail\.test|\+OK /.test(out)) say();
    });
    if (starttls.includes('-starttls')) say();
    child.once('error', reject).once('close', () => resolve(out));
  });
}

test(
  'openssl s_client logs in by EXTERNAL on all four ports',
  { skip: withoutProgram('openssl', 'openssl') },
  async () => {
    const smtp = 'EHLO client.test\nAUTH EXTERNAL =\nQUIT\n';
    const pop3 = 'AUTH EXTERNAL =\nSTAT\nQUIT\n';
    const ports = [
      ['submission', ['-starttls', 'smtp', '-name', 'client.test'], smtp, /^235 2\.7\.0/m, /^535 5\.7\.8/m],
      ['submissions', [], smtp, /^235 2\.7\.0/m, /^535 5\.7\.8/m],
      ['pop3', ['-starttls', 'pop3'], pop3, /^\+OK maildrop locked/m, /^-ERR \[AUTH\]/m],
      ['pop3s', [], pop3, /^\+OK maildrop locked/m, /^-ERR \[AUTH\]/m],
    ] as const;
    for (const [name, starttls, input, granted, refused] of ports) {
      assert.match(await openssl(desks.known, gateway.port(name), starttls, input), granted, name);
      assert.match(await openssl(desks.foreign, gateway.port(name), starttls, input), refused, name);
    }
  },
);

/** Of the newest line about a refused certificate, which must name this one. */
const reasonFor = ({ leaf }: ClientCertificate, protocol: string): unknown =>
  gateway.log.events.findLast(
    ({ event, fields }) =>
      event === 'auth.certificate_refused' && fields.fingerprint === leaf.fingerprint && fields.protocol === protocol,
  )?.fields.reason;

test(
  'openssl and curl are refused with the right code, and the log tells which of the reasons it was',
  { skip: withoutProgram('openssl', 'openssl') || withoutProgram('curl', 'curl') },
  async () => {
    const foreign = await (await makeClientAuthority('Others')).issue('anna');
    const past = await authority.issue('past', { notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY });
    const known = await authority.issue('anna at home');
    for (const [name, { leaf }] of Object.entries({ past, known }))
      await gateway.store.registry.addCertificate(
        login,
        { ...value(registrationOf(leaf, { match: 'pin' })), name },
        { name: 'test' },
      );
    const other = Buffer.from(addressOf('bert')).toString('base64');
    const cases = [
      ['no-issuer', foreign, '=', login],
      ['expired', past, '=', login],
      ['unregistered', await authority.issue('stranger'), '=', login],
      ['foreign-identity', known, other, addressOf('bert')],
    ] as const;
    for (const [reason, shown, identity, user] of cases) {
      const at = noticeWriter(reason, shown);
      const smtp = `EHLO client.test\nAUTH EXTERNAL ${identity}\nQUIT\n`;
      assert.match(await openssl(at, gateway.port('submissions'), [], smtp), /^535 5\.7\.8/m, reason);
      assert.equal(reasonFor(shown, 'smtp'), reason);
      const pop3 = `AUTH EXTERNAL ${identity}\nQUIT\n`;
      assert.match(await openssl(at, gateway.port('pop3s'), [], pop3), /^-ERR \[AUTH\]/m, reason);
      assert.equal(reasonFor(shown, 'pop3'), reason);
      assert.deepEqual([(await curlSends(at, user)).status, (await curlLists(at, user)).status], [67, 67], reason);
    }
  },
);

test(
  'a revoked certificate is refused on the TLS session that openssl resumes',
  { skip: withoutProgram('openssl', 'openssl') },
  async () => {
    const shown = await authority.issue('anna on the road');
    const at = noticeWriter('revoked', shown);
    const registration = { ...value(registrationOf(shown.leaf, { match: 'pin' })), name: 'road' };
    await gateway.store.registry.addCertificate(login, registration, { name: 'test' });
    // Not from the begin of a line: what it tells of its tickets comes in between.
    const ports = [
      ['submissions', 'EHLO client.test\nAUTH EXTERNAL =\nQUIT\n', /235 2\.7\.0/, /535 5\.7\.8/],
      ['pop3s', 'AUTH EXTERNAL =\nQUIT\n', /\+OK maildrop locked/, /-ERR \[AUTH\]/],
    ] as const;
    const session = (name: string): string => join(at.home, `${name}.session`);
    for (const [name, input, granted] of ports) {
      const first = await openssl(at, gateway.port(name), ['-sess_out', session(name)], input, true);
      assert.match(first, granted);
      const again = await openssl(at, gateway.port(name), ['-sess_in', session(name)], input, true);
      assert.match(again, /^Reused, TLSv1\.3/m);
      assert.match(again, granted);
    }
    await gateway.store.registry.revokeCertificate(login, 'road', { name: 'test' });
    for (const [name, input, , refused] of ports) {
      const resumed = await openssl(at, gateway.port(name), ['-sess_in', session(name)], input, true);
      assert.match(resumed, /^Reused, TLSv1\.3/m);
      assert.match(resumed, refused);
      assert.equal(reasonFor(shown, name === 'pop3s' ? 'pop3' : 'smtp'), 'revoked');
    }
  },
);

test(
  'msmtp sends and mpop fetches by EXTERNAL',
  { skip: withoutProgram('msmtp', 'msmtp') || withoutProgram('mpop', 'mpop') },
  async () => {
    const at = desks.known;
    const common = (port: number): string[] => [
      ...['account default', `host ${HOST}`, `port ${port}`, 'tls on', 'tls_starttls on', `tls_trust_file ${at.ca}`],
      ...[`tls_cert_file ${at.cert}`, `tls_key_file ${at.key}`, 'auth external', `user ${login}`],
    ];
    const config = (name: string, lines: readonly string[]): string => {
      const file = join(at.home, name);
      writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
      return file;
    };
    const before = await count();
    const msmtp = config('msmtprc', [...common(gateway.port('submission')), `from ${login}`]);
    await run('msmtp', ['-C', msmtp, login], { home: at.home, input: Buffer.from(mail) });
    assert.equal(await count(), before + 1);
    const mpop = config('mpoprc', [...common(gateway.port('pop3')), `delivery mbox ${join(at.home, 'mbox')}`]);
    await run('mpop', ['-C', mpop], { home: at.home });
    assert.equal(await count(), 0);
  },
);

const swaks = (at: NoticeWriter, ...more: string[]): ReturnType<typeof attempt> =>
  attempt(
    'swaks',
    [
      ...['--server', `${HOST}:${gateway.port('submission')}`, '--from', login, '--to', login, '--data', '-', '--tls'],
      ...['--tls-ca-path', at.ca, '--tls-cert', at.cert, '--tls-key', at.key, ...more],
    ],
    { home: at.home, input: Buffer.from(mail) },
  );

test(
  'swaks shows its certificate and logs in by password, or not at all',
  { skip: withoutProgram('swaks', 'swaks') },
  async () => {
    const set = (name: string, to: string | boolean): Promise<void> =>
      gateway.store.registry.changeSettings({ scope: 'account', login }, { [name]: to }, { name: 'test' });
    const auth = ['--auth', 'PLAIN', '--auth-user', login, '--auth-password', passwordOf('anna')];
    await set('login', 'both');
    const before = await count();
    const both = await swaks(desks.known, ...auth);
    assert.equal(both.status, 0, both.out.toString());
    // 28: no authentication succeeded.
    assert.equal((await swaks(desks.foreign, ...auth)).status, 28);
    await set('login', 'either');
    assert.match((await swaks(desks.known)).out.toString(), /530 5\.7\.0/);
    await set('implicit-login', true);
    const implicit = await swaks(desks.known);
    assert.equal(implicit.status, 0, implicit.out.toString());
    assert.match((await swaks(desks.foreign)).out.toString(), /530 5\.7\.0/);
    assert.equal(await count(), before + 2);
    await set('implicit-login', false);
  },
);

const put = (name: string, ...lines: readonly string[]): string => {
  const file = join(desks.known.home, name);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
};

test('mutt sends by EXTERNAL', { skip: withoutProgram('mutt', 'mutt') }, async () => {
  const { home, ca, cert, key } = desks.known;
  const both = put('both.pem', readFileSync(key, 'utf8'), readFileSync(cert, 'utf8'));
  const rc = put(
    'muttrc',
    `set from="${login}" hostname="client.test" use_envelope_from=yes copy=no smtp_authenticators="external"`,
    `set smtp_url="smtp://${encodeURIComponent(login)}@${HOST}:${gateway.port('submission')}" ssl_client_cert="${both}"`,
    `set ssl_starttls=yes ssl_force_tls=yes certificate_file="${ca}" ssl_ca_certificates_file="${ca}"`,
  );
  const before = await count();
  await run('mutt', ['-n', '-F', rc, '-s', 'by certificate', '--', login], { home, input: Buffer.from('hello\n') });
  assert.equal(await count(), before + 1);
});

test('s-nail sends by EXTERNAL', { skip: withoutProgram('s-nail', 's-nail') }, async () => {
  const { home, ca, cert, key } = desks.known;
  const rc = put(
    'mailrc',
    'set v15-compat sendwait',
    `set mta=submission://${encodeURIComponent(login)}@${HOST}:${gateway.port('submission')} smtp-use-starttls smtp-auth=external`,
    `set tls-verify=strict tls-ca-no-defaults tls-ca-file=${ca}`,
    `set tls-config-pairs='Certificate=${cert},PrivateKey=${key}'`,
    `set from=${login} hostname=client.test`,
  );
  const before = await count();
  const options = { home, input: Buffer.from('hello\n'), env: { MAILRC: rc } };
  await run('s-nail', ['-:u', '-s', 'by certificate', login], options);
  assert.equal(await count(), before + 1);
});

test(
  'fetchmail shows its certificate beside the password',
  { skip: withoutProgram('fetchmail', 'fetchmail') },
  async () => {
    await gateway.store.registry.changeSettings({ scope: 'account', login }, { login: 'both' }, { name: 'test' });
    const { home, ca, cert, key } = desks.known;
    const rc = put(
      'fetchmailrc',
      `poll ${HOST} protocol pop3 port ${gateway.port('pop3')} timeout 30`,
      `  user "${login}" password "${passwordOf('anna')}"`,
      `  sslproto "TLS1.2+" sslcertck sslcertfile "${ca}" sslcert "${cert}" sslkey "${key}"`,
      `  no rewrite fetchall no keep mda "sh -c 'cat > /dev/null'"`,
    );
    assert((await count()) > 0);
    await run('fetchmail', ['--silent', '--fetchmailrc', rc, '--pidfile', join(home, 'pid')], { home });
    assert.equal(await count(), 0);
  },
);
