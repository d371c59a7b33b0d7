/**
 * `sluis ca` and `sluis cert` as an operator gives them, first while nobody serves, then against a
 * gateway; openssl says whether what comes out is right.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CaView } from '../../src/commands/ca/views.ts';
import type { CertificateView, EnrolledView, IssuedView } from '../../src/admin/cert-views.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { readableTime } from '../../src/cli/output.ts';
import { type Running, commandsOn, serving, sluisHere } from '../support/command-line.ts';
import { withoutOpenssl } from '../crypto/support.ts';

const peer = { skip: withoutOpenssl };
let folder = '';
let config = '';
let gateway: Running | undefined;
const at = (name: string): string => join(folder, name);
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-ca-'));
  config = at('sluis.toml');
  const made = await sluisHere(['init', '--config', config, '--hostname', 'mail.group.test', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
  writeFileSync(
    config,
    readFileSync(config, 'utf8')
      .replace('#crl-file = ...', 'crl-file = "crl/sluis.pem"')
      .replace('#crl-url = ...', 'crl-url = "http://crl.group.test/sluis"'),
  );
  await done('organisation', 'add', 'brug', '--title', 'Praktijk De Brug');
  for (const name of ['anna', 'bert'])
    await done('account', 'add', `${name}@brug.test`, '--organisation', 'brug', '--no-password');
});
after(async () => {
  await gateway?.end();
  rmSync(folder, { recursive: true, force: true });
});

const { run, done, json, refused } = commandsOn(() => config);
function openssl(...args: string[]): string {
  const ran = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8', input: '' });
  assert.equal(ran.status, 0, `openssl ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout + ran.stderr;
}
const opensslRefuses = (text: RegExp, ...args: string[]): void => {
  const ran = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8', input: '' });
  assert.notEqual(ran.status, 0);
  assert.match(ran.stdout + ran.stderr, text);
};
/** The roots of this moment, and what ties them together, in files for openssl. */
async function trust(): Promise<CaView['authorities']> {
  const { authorities } = await json<CaView>('ca', 'show');
  const pem = (role: string): string => authorities.flatMap((a) => (a.role === role ? [a.pem] : [])).join('');
  writeFileSync(at('roots.pem'), pem('root'));
  return authorities;
}
const issue = (name: string, use: string, ...rest: string[]): Promise<IssuedView> =>
  json<IssuedView>('cert', 'issue', '--account', `${name}@brug.test`, '--for', use, '--key', 'p256', ...rest);

test('nothing is issued before there is an authority', async () => {
  await refused(3, /sluis ca init/, 'ca', 'show');
  const out = at('early.p12');
  await refused(
    3,
    /sluis ca init/,
    'cert',
    'issue',
    '--account',
    'anna@brug.test',
    '--for',
    'login',
    '--key',
    'p256',
    '--out',
    out,
    '--password-out',
    at('early.txt'),
  );
  assert.deepEqual([existsSync(out), existsSync(at('early.txt'))], [false, false], 'no file of what was not issued');
});

test('ca init makes root and issuing authority once, and seals their keys in the key folder', async () => {
  const text = await done('ca', 'init', '--name', 'Zorggroep Noord', '--key', 'p256');
  assert.match(text, /Root: +O=Zorggroep Noord.*Root CA 1|Root CA 1.*Zorggroep Noord/);
  await refused(4, /already/, 'ca', 'init', '--name', 'Zorggroep Noord', '--key', 'p256');
  const keys = readdirSync(at('keys/ca'));
  assert.equal(keys.length, 2, 'a refused init leaves no key');
  for (const name of keys) {
    const sealed = readFileSync(at(`keys/ca/${name}`));
    assert.equal(sealed.subarray(0, 4).toString(), 'SLK1');
    assert.equal(statSync(at(`keys/ca/${name}`)).mode & 0o777, 0o600);
  }
  const { authorities, advice } = await json<CaView>('ca', 'show');
  assert.deepEqual(
    authorities.map((a) => [a.role, a.current, a.privateKey, a.key]),
    [
      ['root', true, 'here', 'ec 256'],
      ['issuing', true, 'here', 'ec 256'],
    ],
  );
  assert.match(advice.join(' '), /export-root --remove/);
});

test('cert issue --out writes a PKCS #12 file that openssl imports and verifies', peer, async () => {
  // Nobody served until here.
  gateway = await serving(config);
  await trust();
  const made = await issue('anna', 'login', '--out', at('anna.p12'), '--password-out', at('anna.txt'));
  assert.equal(statSync(at('anna.p12')).mode & 0o777, 0o600);
  assert.equal(statSync(at('anna.txt')).mode & 0o777, 0o600);
  const info = openssl('pkcs12', '-in', 'anna.p12', '-passin', 'file:anna.txt', '-info', '-noout');
  assert.match(info, /AES-256-CBC/);
  openssl('pkcs12', '-in', 'anna.p12', '-passin', 'file:anna.txt', '-nodes', '-out', 'anna.pem');
  writeFileSync(at('anna-chain.pem'), made.chain.join(''));
  openssl(
    'verify',
    '-x509_strict',
    '-purpose',
    'sslclient',
    '-CAfile',
    'roots.pem',
    '-untrusted',
    'anna-chain.pem',
    'anna.pem',
  );
  const text = openssl('x509', '-in', 'anna.pem', '-noout', '-text');
  assert.match(text, /anna@brug\.test/);
  assert.match(text, /URI:http:\/\/crl\.group\.test\/sluis\/sluis-[0-9a-f]{16}\.crl/);
  const password = readFileSync(at('anna.txt'), 'utf8').trim();
  assert.doesNotMatch(JSON.stringify(made), new RegExp(password));
  await refused(
    4,
    /exists, and nothing is overwritten/,
    'cert',
    'issue',
    '--account',
    'anna@brug.test',
    '--for',
    'login',
    '--out',
    at('anna.p12'),
  );
});

test('--legacy writes what old programs read: 3DES and SHA-1', peer, async () => {
  await issue('bert', 'mail', '--legacy', '--out', at('bert.p12'), '--password-out', at('bert.txt'));
  const info = openssl('pkcs12', '-legacy', '-in', 'bert.p12', '-passin', 'file:bert.txt', '-info', '-noout');
  assert.match(info, /pbeWithSHA1And3-KeyTripleDES-CBC/);
  openssl('pkcs12', '-legacy', '-in', 'bert.p12', '-passin', 'file:bert.txt', '-nodes', '-out', 'bert.pem');
  openssl('verify', '-purpose', 'smimesign', '-CAfile', 'roots.pem', '-untrusted', 'anna-chain.pem', 'bert.pem');
});

test("cert issue --csr answers a request of openssl, and gives no address that is another's", peer, async () => {
  const request = (file: string, email: string): string =>
    openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'key.pem',
      '-subj',
      '/CN=x',
      '-addext',
      `subjectAltName=email:${email}`,
      '-out',
      file,
    );
  request('own.csr', 'ANNA@brug.test');
  const made = await json<IssuedView>(
    'cert',
    'issue',
    '--account',
    'anna@brug.test',
    '--for',
    'mail',
    '--csr',
    at('own.csr'),
    '--ends',
    '2027-06-30',
    '--out',
    at('own.pem'),
  );
  assert.equal(made.ends, '2027-06-30T21:59:59.000Z');
  openssl('verify', '-purpose', 'smimesign', '-CAfile', 'roots.pem', '-untrusted', 'own.pem', 'own.pem');
  request('foreign.csr', 'bert@brug.test');
  await refused(
    2,
    /bert@brug\.test/,
    'cert',
    'issue',
    '--account',
    'anna@brug.test',
    '--for',
    'mail',
    '--csr',
    at('foreign.csr'),
    '--out',
    at('foreign.pem'),
  );
  assert.equal(existsSync(at('foreign.pem')), false);
  await refused(
    2,
    /within the next three years/,
    'cert',
    'issue',
    '--account',
    'anna@brug.test',
    '--for',
    'mail',
    '--csr',
    at('own.csr'),
    '--ends',
    '2040-01-01',
  );
});

test('cert list tells what ends when, also as CSV; show and export find one by its serial number', async () => {
  const listed = await json<CertificateView[]>('cert', 'list');
  const others = listed.filter(({ account }) => account === '');
  assert.deepEqual([...new Set(others.map((c) => `${c.use} ${c.state} ${c.origin}`))].sort(), [
    'issuing valid issued',
    'listener valid configured',
    'root valid issued',
  ]);
  assert.match(
    await done('cert', 'list'),
    /^- +listener +\d{4}-\d\d-\d\d +valid +\S+ +configured +held here +pop3s ec$/m,
  );
  const all = listed.filter(({ account }) => account !== '');
  assert.deepEqual(all.map((c) => [c.account, c.use, c.state, c.origin]).sort(), [
    ['anna@brug.test', 'login', 'valid', 'issued'],
    ['anna@brug.test', 'mail', 'valid', 'issued'],
    ['bert@brug.test', 'mail', 'valid', 'issued'],
  ]);
  assert.deepEqual(await json('cert', 'list', '--expiring', '7d'), []);
  const csv = await done('cert', 'list', '--account', 'bert@brug.test', '--csv');
  assert.match(
    csv,
    /^account,for,ends,state,serial,origin,key,name\nbert@brug\.test,mail,\d{4}-\d\d-\d\d,valid,[0-9a-f]{32},issued,,\n$/,
  );
  const serial = all[0]!.serial;
  assert.match(await done('cert', 'show', serial), /Addresses: +anna@brug\.test|BEGIN CERTIFICATE/);
  await done('cert', 'export', serial, '--out', at('export.pem'));
  assert.equal(readFileSync(at('export.pem'), 'utf8').match(/BEGIN CERTIFICATE/g)?.length, 3);
  await refused(3, /sluis cert list/, 'cert', 'show', 'abcdef');
});

test('cert revoke puts the certificate on the published list, for openssl too', peer, async () => {
  const verify = [
    'verify',
    '-crl_check',
    '-CAfile',
    'roots.pem',
    '-CRLfile',
    'crl/sluis.pem',
    '-untrusted',
    'anna-chain.pem',
    'anna.pem',
  ];
  openssl(...verify);
  const before = openssl('crl', '-in', 'crl/sluis.pem', '-noout', '-crlnumber');
  const [anna] = (await json<CertificateView[]>('cert', 'list')).filter((c) => c.use === 'login');
  assert.match(
    await done('cert', 'revoke', anna!.serial, '--why', 'keyCompromise', '--reason', 'laptop lost'),
    /list was written/,
  );
  opensslRefuses(/certificate revoked/, ...verify);
  const number = (text: string): number => Number.parseInt(text.replace(/.*=(0x)?/, ''), 16);
  assert.ok(number(openssl('crl', '-in', 'crl/sluis.pem', '-noout', '-crlnumber')) > number(before), 'numbers rise');
  const der = readdirSync(at('crl')).filter((name) => name.endsWith('.crl'));
  assert.equal(der.length, 1);
  assert.match(openssl('crl', '-inform', 'DER', '-in', `crl/${der[0]!}`, '-noout', '-text'), /Key Compromise/);
  await refused(4, /revoked already/, 'cert', 'revoke', anna!.serial);
  await done('ca', 'crl', '--out', at('by-hand.pem'));
  openssl('crl', '-in', 'by-hand.pem', '-CAfile', 'anna-chain.pem', '-noout');
});

test('renewal by codes: listed first, spread, handed out once; old and new are valid together', peer, async () => {
  const [bert] = await json<CertificateView[]>('cert', 'list', '--account', 'bert@brug.test');
  assert.match(await done('cert', 'renew', '--expiring', '800d'), /Nothing was made; --batch/);
  const codes = await json<EnrolledView[]>('cert', 'renew', '--expiring', '800d', '--batch');
  assert.deepEqual(codes.map((c) => [c.account, c.use]).sort(), [
    ['anna@brug.test', 'mail'],
    ['bert@brug.test', 'mail'],
  ]);
  const code = codes.find((c) => c.account.startsWith('bert'))!;
  await refused(
    4,
    /is not valid: it is mistyped/,
    'cert',
    'collect',
    `${code.code.slice(0, -1)}${code.code.endsWith('a') ? 'b' : 'a'}`,
    '--key',
    'p256',
    '--out',
    at('wrong.p12'),
    '--password-out',
    at('wrong.txt'),
  );
  assert.equal(existsSync(at('wrong.p12')), false);
  const got = await json<IssuedView>(
    'cert',
    'collect',
    code.code.toUpperCase().replaceAll('-', ' '),
    '--key',
    'p256',
    '--out',
    at('bert2.p12'),
    '--password-out',
    at('bert2.txt'),
  );
  assert.equal(got.ends, code.ends);
  openssl('pkcs12', '-in', 'bert2.p12', '-passin', 'file:bert2.txt', '-nodes', '-out', 'bert2.pem');
  openssl(
    'verify',
    '-crl_check',
    '-CAfile',
    'roots.pem',
    '-CRLfile',
    'crl/sluis.pem',
    '-untrusted',
    'anna-chain.pem',
    'bert2.pem',
  );
  openssl(
    'verify',
    '-crl_check',
    '-CAfile',
    'roots.pem',
    '-CRLfile',
    'crl/sluis.pem',
    '-untrusted',
    'anna-chain.pem',
    'bert.pem',
  );
  await refused(
    4,
    /is not valid: it is mistyped/,
    'cert',
    'collect',
    code.code,
    '--key',
    'p256',
    '--out',
    at('twice.p12'),
    '--password-out',
    at('twice.txt'),
  );
  const [old] = (await json<CertificateView[]>('cert', 'list', '--account', 'bert@brug.test')).filter(
    (c) => c.serial === bert!.serial,
  );
  assert.equal(old!.state, 'replaced');
  await refused(4, /newer one/, 'cert', 'renew', old!.serial);
  const single = await json<EnrolledView[]>('cert', 'renew', got.serial);
  assert.equal(single[0]!.serial, got.serial);
  // The code from standard input, where nobody sees it.
  const first = await json<EnrolledView>('cert', 'issue', '--account', 'anna@brug.test', '--for', 'login', '--code');
  const collected = await sluisHere(
    ['cert', 'collect', '-', '--csr', at('own.csr'), '--out', at('by-code.pem'), '--config', config],
    `${first.code}\n`,
  );
  assert.equal(collected.code, 0, collected.stderr);
});

test('cert import registers a certificate of another authority', peer, async () => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'other-key.pem',
    '-subj',
    '/CN=UZI',
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-days',
    '90',
    '-out',
    'other.pem',
  );
  const made = await json<CertificateView>(
    'cert',
    'import',
    at('other.pem'),
    '--account',
    'bert@brug.test',
    '--for',
    'login',
  );
  assert.deepEqual([made.origin, made.state, made.issuer], ['imported', 'valid', 'CN=UZI']);
  await refused(
    4,
    /registered already/,
    'cert',
    'import',
    at('other.pem'),
    '--account',
    'bert@brug.test',
    '--for',
    'login',
  );
  await refused(4, /another authority/, 'cert', 'renew', made.serial);
});

test(
  'cert import takes a PKCS #12 file, with and without chain and key, and leaves the key where it is',
  peer,
  async () => {
    const root = ['-keyout', 'uzi-key.pem', '-out', 'uzi.pem', '-subj', '/CN=UZI root', '-days', '90'];
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...ec, ...root, '-addext', 'basicConstraints=critical,CA:TRUE');
    const make = (name: string): void => {
      const issuer = ['-CA', 'uzi.pem', '-CAkey', 'uzi-key.pem', '-addext', 'basicConstraints=critical,CA:FALSE'];
      const own = ['-keyout', `${name}-key.pem`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '90'];
      openssl('req', '-x509', ...ec, ...own, ...issuer);
    };
    const pack = (name: string, ...what: string[]): void => {
      openssl('pkcs12', '-export', '-out', `${name}.p12`, '-passout', 'pass:open-sesame', ...what);
    };
    for (const name of ['with-all', 'with-key', 'bare', 'pinned']) make(name);
    pack('with-all', '-in', 'with-all.pem', '-inkey', 'with-all-key.pem', '-certfile', 'uzi.pem');
    pack('with-key', '-legacy', '-in', 'with-key.pem', '-inkey', 'with-key-key.pem');
    pack('pinned', '-in', 'pinned.pem', '-inkey', 'pinned-key.pem');
    pack('bare', '-nokeys', '-in', 'bare.pem', '-certfile', 'uzi.pem');
    writeFileSync(at('sesame.txt'), 'open-sesame\n');
    writeFileSync(at('wrong.txt'), 'sesame\n');
    const add = (name: string, password = 'sesame.txt'): string[] => [
      ...['cert', 'import', at(`${name}.p12`), '--account', 'bert@brug.test', '--for', 'login'],
      ...['--password-file', at(password)],
    ];
    await refused(2, /password is wrong/, ...add('with-all', 'wrong.txt'));
    const told = await run(...add('with-all'));
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /Subject: +CN=with-all\n/);
    assert.match(told.stderr, /private key in .* was not taken: its owner keeps it/);
    assert.match(told.stderr, /1 more in the file not used/);
    for (const name of ['with-key', 'bare']) {
      const { subject, state } = await json<CertificateView>(...add(name));
      assert.deepEqual([subject, state], [`CN=${name}`, 'valid']);
    }
    pack('nobody', '-nokeys', '-in', 'uzi.pem');
    await refused(2, /no certificate that is somebody's own/, ...add('nobody'));
    pack('two', '-nokeys', '-in', 'bare.pem', '-certfile', 'with-key.pem');
    await refused(2, /which certificate .* "CN=bare", "CN=with-key"; export one alone/, ...add('two'));
    writeFileSync(at('noise.p12'), Buffer.from('30820004deadbeef', 'hex'));
    await refused(2, /neither a certificate nor a PKCS #7 or PKCS #12 file/, ...add('noise'));
    const register = ['account', 'certificate', 'add', 'anna@brug.test', '--file', at('pinned.p12')];
    const pinned = await run(...register, '--password-file', at('sesame.txt'));
    assert.equal(pinned.code, 0, pinned.stderr);
    assert.match(pinned.stderr, /private key .* was not taken/);
    // Neither the key nor the password of the file is anywhere in the data folder.
    const key = openssl('pkey', '-in', 'with-all-key.pem', '-outform', 'DER', '-out', 'key.der');
    assert.equal(key, '');
    const secret = readFileSync(at('key.der')).subarray(36, 68);
    for (const file of readdirSync(at('data'), { recursive: true, encoding: 'utf8' })) {
      const path = at(`data/${file}`);
      if (!statSync(path).isFile()) continue;
      const octets = readFileSync(path);
      assert.equal(octets.includes(secret) || octets.includes('open-sesame'), false, file);
    }
  },
);

test('a certificate that begins later is not valid yet, in the list and by itself', async () => {
  const day = 86_400_000;
  const { certificate } = await (
    await makeClientAuthority('later')
  ).issue('later', { notBefore: Date.now() + 2 * day });
  writeFileSync(at('later.pem'), certificate);
  await done('account', 'certificate', 'add', 'bert@brug.test', '--file', at('later.pem'), '--name', 'later');
  const all = await json<CertificateView[]>('cert', 'list');
  const later = all.filter(({ account, state }) => account === 'bert@brug.test' && state === 'not-yet-valid');
  assert.equal(later.length, 1, JSON.stringify(all));
  const fingerprint = later[0]?.fingerprint ?? '';
  assert.match(await done('cert', 'list'), /not-yet-valid/);
  assert.match(await done('cert', 'show', fingerprint), /not-yet-valid/);
  const begins = readableTime(later[0]?.begins) ?? '';
  for (const table of [
    ['account', 'certificate', 'list', 'bert@brug.test'],
    ['account', 'show', 'bert@brug.test'],
  ]) {
    const line = (await done(...table)).split('\n').find((each) => each.startsWith('later ')) ?? '';
    assert.match(line, new RegExp(`^later +pin +${begins} +20.* CES?T +not-yet-valid `));
  }
});

test('the key of the root goes off line; the issuing authority is renewed with the exported file', peer, async () => {
  const [root] = await trust();
  await done('ca', 'export-root', '--out', at('root.p12'), '--password-out', at('root.txt'), '--remove');
  assert.equal(existsSync(at(`keys/ca/${root!.fingerprint}.key`)), false);
  openssl('pkcs12', '-in', 'root.p12', '-passin', 'file:root.txt', '-noout');
  await refused(3, /--root FILE/, 'ca', 'renew-issuer', '--key', 'p256');
  writeFileSync(at('bad.txt'), 'not the passphrase\n');
  await refused(
    2,
    /Cannot open the file of the root/,
    'ca',
    'renew-issuer',
    '--key',
    'p256',
    '--root',
    at('root.p12'),
    '--root-password-file',
    at('bad.txt'),
  );
  const text = await done(
    'ca',
    'renew-issuer',
    '--key',
    'p256',
    '--root',
    at('root.p12'),
    '--root-password-file',
    at('root.txt'),
  );
  assert.match(text, /Issuing CA 2/);
  const made = await issue('anna', 'login', '--out', at('anna3.p12'), '--password-out', at('anna3.txt'));
  writeFileSync(at('anna3.pem'), made.pem);
  writeFileSync(at('anna3-chain.pem'), made.chain.join(''));
  const lists = ['-crl_check', '-CRLfile', 'crl/sluis.pem'];
  openssl('verify', ...lists, '-CAfile', 'roots.pem', '-untrusted', 'anna3-chain.pem', 'anna3.pem');
  assert.equal(
    readdirSync(at('crl')).filter((name) => name.endsWith('.crl')).length,
    2,
    'the old authority continues with its list',
  );
  openssl('verify', ...lists, '-CAfile', 'roots.pem', '-untrusted', 'anna-chain.pem', 'bert2.pem');
});

test(
  'roll-over of the root: who trusts the old one only, or the new one only, accepts old and new certificates',
  peer,
  async () => {
    const before = await trust();
    const old = before.find((a) => a.role === 'root')!;
    await done('ca', 'renew-root', '--key', 'p256', '--root', at('root.p12'), '--root-password-file', at('root.txt'));
    const now = await trust();
    const fresh = now.find((a) => a.role === 'root' && a.current)!;
    assert.notEqual(fresh.fingerprint, old.fingerprint);
    writeFileSync(at('old-root.pem'), old.pem);
    writeFileSync(at('new-root.pem'), fresh.pem);
    writeFileSync(at('ties.pem'), now.flatMap((a) => (a.role === 'cross' ? [a.pem] : [])).join(''));
    const made = await issue('bert', 'login', '--out', at('bert4.p12'), '--password-out', at('bert4.txt'));
    writeFileSync(at('bert4.pem'), made.pem);
    writeFileSync(at('bert4-chain.pem'), made.chain.join(''));
    // A new certificate comes with what ties its root to the old one.
    for (const root of ['old-root.pem', 'new-root.pem'])
      openssl('verify', '-x509_strict', '-CAfile', root, '-untrusted', 'bert4-chain.pem', 'bert4.pem');
    // An old one needs the tie, which "ca show --pem" prints.
    openssl('verify', '-CAfile', 'old-root.pem', '-untrusted', 'anna3-chain.pem', 'anna3.pem');
    openssl(
      'verify',
      '-CAfile',
      'new-root.pem',
      '-untrusted',
      'ties.pem',
      '-untrusted',
      'anna3-chain.pem',
      'anna3.pem',
    );
    const shown = await done('ca', 'show', '--pem');
    assert.equal(shown.match(/BEGIN CERTIFICATE/g)?.length, 4, 'two roots, two ties');
  },
);

test('an authority key of another place or role does not open', async () => {
  const { authorities } = await json<CaView>('ca', 'show');
  const [one, two] = authorities.filter((a) => a.role === 'issuing');
  const current = authorities.find((a) => a.role === 'issuing' && a.current)!;
  const path = at(`keys/ca/${current.fingerprint}.key`);
  const kept = readFileSync(path);
  const other = [one!, two!].find((a) => a.fingerprint !== current.fingerprint)!;
  writeFileSync(path, readFileSync(at(`keys/ca/${other.fingerprint}.key`)));
  await refused(
    3,
    /does not open/,
    'cert',
    'issue',
    '--account',
    'bert@brug.test',
    '--for',
    'login',
    '--key',
    'p256',
    '--out',
    at('x.p12'),
    '--password-out',
    at('x.txt'),
  );
  writeFileSync(path, kept);
});

test('all of it over the control socket of a running gateway, without a secret in its log', async () => {
  const codes: string[] = [];
  try {
    const made = await issue('anna', 'login', '--out', at('served.p12'), '--password-out', at('served.txt'));
    const { code } = await json<EnrolledView>(
      'cert',
      'issue',
      '--account',
      'anna@brug.test',
      '--for',
      'mail',
      '--code',
    );
    codes.push(code);
    await done(
      'cert',
      'collect',
      code,
      '--key',
      'p256',
      '--out',
      at('served2.p12'),
      '--password-out',
      at('served2.txt'),
    );
    await done('cert', 'revoke', made.serial);
    await refused(4, /revoked already/, 'cert', 'revoke', made.serial);
    assert.ok((await json<CaView>('ca', 'show')).authorities.length >= 2);
    await done('ca', 'export-root', '--out', at('root3.p12'), '--password-out', at('root3.txt'));
  } finally {
    assert.equal(await gateway?.end(), 0);
  }
  assert(gateway !== undefined);
  const log = gateway.stdout() + gateway.stderr();
  assert.deepEqual(
    codes.map((code) => log.includes(code)),
    [false],
    'no enrolment code',
  );
  assert.match(log, /"operation":"cert\.collect"/);
  for (const file of ['served.txt', 'served2.txt', 'root3.txt'])
    assert.ok(!log.includes(readFileSync(at(file), 'utf8').trim()), `no password of ${file}`);
});
