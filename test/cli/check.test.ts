/** `sluis check` refuses what mail programs would refuse, and says what to do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CHECKED_FILES } from '../../src/cli/check-files.ts';
import { configReference } from '../../src/config/reference.ts';
import type { Authority } from '../../src/crypto/certificates/authority.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeCrl } from '../../src/crypto/certificates/crl-issue.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { exitCodeOf, exitCodes } from '../../src/cli/exit.ts';
import { refuseOpenssl } from '../../src/cli/openssl.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { MAIN, sluisHere as sluis } from '../support/command-line.ts';

const HOST = 'mail.example.test';
let folder = '';
let config = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-check-'));
  config = join(folder, 'sluis.toml');
  const made = await sluis(['init', '--config', config, '--hostname', HOST, '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, 'certs-dev', name);

/** Puts other files in place of what `init` made, runs `check`, and puts the old ones back. */
async function checkWith(files: Readonly<Record<string, string>>): Promise<string> {
  const kept = Object.keys(files).map((name) => [name, readFileSync(name, 'utf8')] as const);
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text);
  const { code, stdout, stderr } = await sluis(['check', '--config', config]);
  for (const [name, text] of kept) writeFileSync(name, text);
  assert.equal(code, exitCodes.configuration, stdout);
  assert.doesNotMatch(stdout, /can be used/);
  return stderr;
}

test('it tells Node and OpenSSL, and refuses an OpenSSL that tells right paddings from wrong ones', async () => {
  const { stdout } = await sluis(['check', '--config', config]);
  const { node, openssl } = process.versions;
  assert.match(stdout, new RegExp(`^Node: +${node}, with OpenSSL ${openssl}$`, 'm'));
  const report = JSON.parse((await sluis(['check', '--config', config, '--json'])).stdout) as {
    readonly node: string;
    readonly openssl: string;
  };
  assert.deepEqual([report.node, report.openssl], [node, openssl]);
  assert.doesNotThrow(() => refuseOpenssl());
  assert.throws(
    () => refuseOpenssl(() => assert.fail('RSA_PKCS1_PADDING is no longer supported')),
    (error: unknown) =>
      exitCodeOf(error) === exitCodes.unavailable &&
      /^Cannot run on OpenSSL \S+, which Node .* \(no implicit rejection .*; install a Node [^\n]+$/.test(
        (error as Error).message,
      ),
  );
});

test('check, serve and dev end so on such an OpenSSL, before they do anything', () => {
  // As Node 20 answers: its OpenSSL is older.
  const preload = `data:text/javascript,import crypto from 'node:crypto'; import { syncBuiltinESMExports } from 'node:module';
    crypto.privateDecrypt = () => { throw new Error('as asked') }; syncBuiltinESMExports();`;
  for (const args of [
    ['check', '--config', config],
    ['serve', '--config', config],
    ['dev', '--folder', folder],
  ]) {
    const ran = spawnSync(process.execPath, ['--import', preload, MAIN, ...args], { encoding: 'utf8' });
    assert.equal(ran.status, exitCodes.unavailable, ran.stderr);
    assert.match(ran.stderr, /^Cannot run on OpenSSL [^\n]+\n$/);
    assert.equal(ran.stdout, '');
  }
});

test('an expired certificate is refused', async () => {
  const { server } = await makeDevelopmentCertificates([HOST], instant(systemClock.now() - days(900)));
  assert.match(
    await checkWith({ [file('server.pem')]: server.certificate, [file('server-key.pem')]: server.key }),
    /^Cannot use the TLS certificate "[^"]+server\.pem": it \(CN=mail\.example\.test\) expired on \d{4}-\d\d-\d\d, a valid one is required; replace the file/,
  );
});

test('a certificate that does not belong to the key is refused', async () => {
  const { server } = await makeDevelopmentCertificates([HOST], systemClock.now());
  assert.match(
    await checkWith({ [file('server.pem')]: server.certificate }),
    /^Cannot use the TLS certificate "[^"]+server\.pem": .* does not belong to the key "[^"]+server-key\.pem"; give the key/,
  );
});

test("a certificate of another name is refused, in the section tls and for a listener's own host name", async () => {
  const { server } = await makeDevelopmentCertificates(['other.test', '192.0.2.1'], systemClock.now());
  assert.match(
    await checkWith({ [file('server.pem')]: server.certificate, [file('server-key.pem')]: server.key }),
    /^Cannot use the TLS certificate "[^"]+server\.pem": it names other\.test, 192\.0\.2\.1, not mail\.example\.test, so mail programs refuse it; get one/,
  );
  const text = readFileSync(config, 'utf8');
  const named = text.replace('name = "pop3s"', 'name = "pop3s"\nhostname = "pop.example.test"');
  assert.notEqual(named, text);
  assert.match(
    await checkWith({ [config]: named }),
    /^Cannot use the TLS certificate "[^"]+server\.pem" of listener "pop3s": it names mail\.example\.test, .*, not pop\.example\.test/,
  );
});

test('every setting that names a file, a folder or a program is looked at', () => {
  const named = configReference().flatMap(({ name, fields }) =>
    fields.filter(({ expects }) => /\bpaths?\b/.test(expects)).map((field) => `${name}.${field.name}`),
  );
  assert.ok(named.length > 20);
  assert.deepEqual([...named].sort(), Object.keys(CHECKED_FILES).sort());
});

/** Settings in place of those of `init`; with files beside the configuration. */
async function checked(
  change: (text: string) => string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<{ readonly code: number | null; readonly out: string }> {
  const text = readFileSync(config, 'utf8');
  const trial = join(folder, 'trial.toml');
  writeFileSync(trial, change(text));
  for (const [name, octets] of Object.entries(files)) writeFileSync(join(folder, name), octets);
  const { code, stdout, stderr } = await sluis(['check', '--config', trial]);
  return { code, out: stdout + stderr };
}
const within = (section: string, more: string) => (text: string) =>
  text.replace(`[${section}]\n`, `[${section}]\n${more}\n`);

test('revocation lists are read as the gateway reads them: our own form is taken, what would not count is said', async () => {
  const [one, two] = [
    await makeClientAuthority('One', systemClock.now()),
    await makeClientAuthority('Two', systemClock.now()),
  ];
  const list = async (by: Authority, age = 0): Promise<string> => {
    const thisUpdate = instant(systemClock.now() - age);
    const nextUpdate = instant(thisUpdate + days(1));
    return encodePem('X509 CRL', await makeCrl(by, { number: 1, thisUpdate, nextUpdate, revoked: [] }));
  };
  const pem = certificatePem(one.issuing.certificate) + certificatePem(two.issuing.certificate);
  const settings = within('smime', 'authorities = ["ca.pem"]\nrevocation-lists = ["lists.pem"]');
  const with_ = (lists: string) => checked(settings, { 'ca.pem': pem, 'lists.pem': lists });
  const fine = await with_((await list(one.issuing)) + (await list(two.issuing)));
  assert.deepEqual([fine.code, fine.out.includes('smime')], [0, false], fine.out);
  const rubbish = await with_((await list(one.issuing)) + encodePem('X509 CRL', Buffer.from('rubbish')));
  assert.equal(rubbish.code, exitCodes.configuration);
  assert.match(
    rubbish.out,
    /smime\.revocation-lists: .*lists\.pem"; expected revocation lists, DER or PEM; list 2 of 2: /,
  );
  const missing = await with_(await list(one.issuing));
  assert.match(missing.out, /Warning: smime\.revocation-lists: there is no list of "[^"]*Two/);
  const old = await with_((await list(one.issuing, days(5))) + (await list(two.issuing, days(30))));
  assert.match(
    old.out,
    /was due for renewal at [^;]*; put[^]*was due for renewal at [^;]*, and certificates of its issuer are refused/,
  );
  const gone = await checked(within('smime', 'authorities = ["ca.pem"]\nrevocation-lists = ["nowhere.pem"]'), {
    'ca.pem': pem,
  });
  assert.deepEqual([gone.code, gone.out.includes('nowhere.pem')], [exitCodes.configuration, true]);
});

test('authorities of time stamps, programs, places to write and the keys of the trail are looked at', async () => {
  const cases: readonly (readonly [(text: string) => string, RegExp])[] = [
    [
      within('audit', 'timestamp-url = "http://localhost/"\ntimestamp-authorities = ["rubbish.pem"]'),
      /rubbish\.pem for audit\.timestamp-authorities/,
    ],
    [within('audit', 'anchor-command = ["/nonexistent/program"]'), /audit\.anchor-command: .*expected a program/],
    [within('ca', 'crl-file = "rubbish.pem/lists.pem"'), /ca\.crl-file: .*expected a folder that this user may write/],
    [(text) => `${text}\n[[control]]\nrole = "read"\ngroup = "no-such-group"\n`, /expected a group of this machine/],
    [
      (text) => `${text}\n[[control]]\nrole = "read"\ngroup = "0"\nsocket = "rubbish.pem/read.sock"\n`,
      /control\.socket: .*expected a folder that this user may write/,
    ],
    [
      (text) => `${text}\n[[control]]\nrole = "read"\ngroup = "0"\nsocket = "data/read.sock"\n`,
      /control\[0\]\.socket: .*expected a place outside the data folder/,
    ],
    [
      (text) => `${text}${'\n[[control]]\nrole = "read"\ngroup = "0"\n'.repeat(2)}`,
      /control\[1\]\.role: "read"; expected one socket for each role/,
    ],
    [(text) => text.replace(/folder = "data"/, 'folder = "no-data"'), /The data folder "[^"]*no-data" is missing/],
  ];
  for (const [change, expected] of cases) {
    const { code, out } = await checked(change, { 'rubbish.pem': 'rubbish' });
    assert.notEqual(code, 0, out);
    assert.match(out, expected);
  }
});

test('a key folder that another master key sealed is refused, and nothing is left behind by a look', async () => {
  const before = readdirSync(join(folder, 'data')).sort();
  const key = /master-key-file = "([^"]+)"/.exec(readFileSync(config, 'utf8'))?.[1] ?? '';
  const file = join(folder, key);
  const right = readFileSync(file, 'utf8');
  // A day key, as the gateway makes one at its first message.
  new KeyFolder(join(folder, 'keys'), Buffer.from(right.trim(), 'hex')).make('2026-11-27', randomBytes);
  writeFileSync(file, `${'ab'.repeat(32)}\n`);
  const wrong = await checked((text) => text);
  writeFileSync(file, right);
  assert.equal(wrong.code, exitCodes.store, wrong.out);
  assert.equal((await checked((text) => text)).code, 0);
  assert.deepEqual(readdirSync(join(folder, 'data')).sort(), before);
});

test('with what init made, check takes it', async () => {
  const { code, stdout, stderr } = await sluis(['check', '--config', config]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /The configuration can be used\.\n$/);
});
