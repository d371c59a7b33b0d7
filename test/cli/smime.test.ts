/**
 * `sluis smime` and the mail certificates of `sluis cert`, with files of OpenSSL: against a running
 * gateway, and what inspects also while nobody serves.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JudgedView } from '../../src/commands/cert/params.ts';
import type { CertificateView, EnrolledView, IssuedView } from '../../src/admin/cert-views.ts';
import type { ProtectionView } from '../../src/commands/smime/views.ts';
import type { InspectView } from '../../src/commands/smime/views.ts';
import { type Ran, type Running, serving as servingOf, sluis, sluisHere, start } from '../support/command-line.ts';
import { withoutOpenssl } from '../crypto/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-smime-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const config = at('sluis.toml');

/** How commands are run: in this process, or as a person does. */
let how: typeof sluisHere = sluisHere;
const run = (...args: string[]): Promise<Ran> => how([...args, '--config', config]);
async function done(...args: string[]): Promise<string> {
  const ran = await run(...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}
let gateway: Running | undefined;
const serves = async (): Promise<void> => {
  gateway = await servingOf(config);
};
const rests = async (): Promise<void> => {
  const ending = gateway;
  gateway = undefined;
  if (ending !== undefined) assert.equal(await ending.end(), 0);
};
/** Both, in this order: what came of it, and what is said beside it. */
async function told(...args: string[]): Promise<string> {
  const ran = await run(...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout + ran.stderr;
}
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run(...args, '--json')).stdout) as T;
async function ends(code: number, text: RegExp, ...args: string[]): Promise<void> {
  const ran = await run(...args);
  assert.match(ran.stdout + ran.stderr, text);
  assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
}
function openssl(...args: string[]): void {
  const ran = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8', input: '' });
  assert.equal(ran.status, 0, `openssl ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
}

/** A certificate of the foreign authority, with its key in a PKCS #12 file. */
function person(name: string, email: string, ...pkcs12: string[]): void {
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
  );
  const extensions = `keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection\nsubjectAltName=email:${email}\n`;
  writeFileSync(at(`${name}.ext`), extensions);
  openssl(
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'foreign.pem', '-CAkey', 'foreign.key', '-days', '300'],
    ...['-extfile', `${name}.ext`, '-out', `${name}.pem`],
  );
  openssl(
    ...['pkcs12', '-export', '-in', `${name}.pem`, '-inkey', `${name}.key`, '-certfile', 'foreign.pem'],
    ...['-passout', 'pass:open sesame', '-out', `${name}.p12`, ...pkcs12],
  );
}

const LETTER = 'Content-Type: text/plain\n\nUitslag volgt.\n';
/** Headers around what openssl wrote, with its line ends. */
const letter = (name: string, from: string): string => {
  const headers = `From: Anna <${from}>\nTo: bert@brug.test\nSubject: uitslag\nMIME-Version: 1.0\n`;
  const entity = readFileSync(at(name), 'latin1').replace(/^MIME-Version: 1.0\r?\n/m, '');
  writeFileSync(at(name), headers + entity, 'latin1');
  return at(name);
};

/** Of the section smime: others have authorities too. */
const withAuthority = (text: string, file: string): string =>
  text.replace(/^(\[smime\][^[]*)#authorities = \[\]/m, `$1authorities = ["${file}"]`);

describe('S/MIME on the command line', { skip: withoutOpenssl }, () => {
  before(async () => {
    await done('init', '--hostname', 'mail.group.test', '--dev-certificates');
    await serves();
    await done('organisation', 'add', 'brug', '--title', 'Praktijk De Brug');
    for (const name of ['anna', 'bert', 'carla'])
      await done('account', 'add', `${name}@brug.test`, '--organisation', 'brug', '--kind', 'mail', '--no-password');
    await done('ca', 'init', '--name', 'Zorggroep', '--key', 'p256');
    openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'foreign.key',
        '-out',
        'foreign.pem',
        '-days',
        '900',
      ],
      ...['-subj', '/O=Ander/CN=Foreign CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    );
    person('anna', 'anna@brug.test');
    person('old', 'Anna@Brug.test', '-legacy');
    person('other', 'other@elsewhere.test');
    writeFileSync(at('password.txt'), 'open sesame\n');
    person('carla', 'carla@brug.test');
    const bundle = (name: string, form: string, ...of: string[]): void =>
      openssl(
        ...['crl2pkcs7', '-nocrl', '-outform', form, '-out', name],
        ...of.flatMap((file) => ['-certfile', `${file}.pem`]),
      );
    bundle('carla.p7b', 'DER', 'carla', 'foreign');
    bundle('carla-pem.p7b', 'PEM', 'foreign', 'carla');
    bundle('both.p7b', 'DER', 'anna', 'carla');
    writeFileSync(at('broken.p7b'), '-----BEGIN PKCS7-----\nMIIBAA==\n-----END PKCS7-----\n');
  });

  after(rests);

  test('a certificate comes in a PKCS #7 file too, DER or PEM, with its authority beside it', async () => {
    const text = await told(...importing('carla.p7b', '--address', 'carla@brug.test'));
    assert.match(text, /Registered certificate [0-9a-f]+ of carla@brug\.test/);
    assert.match(text, /1 more in the file not used: authorities are in /);
    await ends(4, /registered already/, ...importing('carla-pem.p7b', '--address', 'carla@brug.test'));
    await ends(
      2,
      /PKCS #12 file with one/,
      ...importing('carla-pem.p7b', '--address', 'carla@brug.test', '--keep-key'),
    );
  });

  const importing = (file: string, ...rest: string[]): string[] => [
    ...['cert', 'import', at(file), '--for', 'mail', '--password-file', at('password.txt'), ...rest],
  ];

  test('a certificate for mail is imported for an address that it names, and its key only when told', async () => {
    await ends(2, /either --account or --address/, ...importing('anna.p12'));
    await ends(2, /does not name that address/, ...importing('other.p12', '--address', 'anna@brug.test'));
    await ends(
      2,
      /names no address of account "anna@brug.test"/,
      ...importing('other.p12', '--account', 'anna@brug.test'),
    );
    await ends(3, /never registered/, ...importing('other.p12', '--address', 'other@elsewhere.test'));
    await ends(2, /expected a PKCS #12 file/, ...importing('anna.pem', '--address', 'anna@brug.test', '--keep-key'));
    await ends(2, /is not a PKCS #7 file that can be read/, ...importing('broken.p7b', '--address', 'anna@brug.test'));
    await ends(2, /Cannot tell which certificate/, ...importing('both.p7b', '--address', 'anna@brug.test'));
    const text = await told(...importing('old.p12', '--address', 'ANNA@brug.test'));
    assert.match(text, /The private key in ".*" was not taken/);
    assert.match(text, /Warning: it cannot be used: .*"CN=Foreign CA, O=Ander", which is not trusted here/);
    await ends(4, /registered already/, ...importing('old.p12', '--account', 'anna@brug.test', '--keep-key'));
    const [listed] = await json<CertificateView[]>('cert', 'list', '--address', 'anna@brug.test');
    assert.deepEqual([listed?.account, listed?.keyHeld, listed?.origin], ['anna@brug.test', false, 'imported']);
    await ends(2, /expected a PKCS #12 file/, 'cert', 'key', 'add', at('password.txt'));
    await done('cert', 'key', 'add', at('old.p12'), '--password-file', at('password.txt'));
    await ends(4, /held here already/, 'cert', 'key', 'add', at('old.p12'), '--password-file', at('password.txt'));
  });

  test('what an authority of the configuration vouches for can be used, and check names a file that is none', async () => {
    await rests();
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, withAuthority(text, 'anna.pem'));
    await ends(5, /smime\.authorities: "CN=anna" is not an authority/, 'check');
    writeFileSync(config, withAuthority(text, 'foreign.pem'));
    await done('check');
    await serves();
    const anna = await json<CertificateView & JudgedView>(
      ...importing('anna.p12', '--address', 'anna@brug.test', '--keep-key'),
    );
    assert.deepEqual([anna.keyHeld, anna.problems, anna.addresses], [true, undefined, ['anna@brug.test']]);
    assert.match(await done('cert', 'show', anna.serial), /Private key: +held by the gateway/);
    assert.match(await done('cert', 'list'), /KEY +NAME\n(?:.*\n)*?.*held here/);
  });

  test('the gateway keeps a key that it issues a certificate for, alone or beside a file', async () => {
    const issue = (login: string, ...rest: string[]): string[] => [
      ...['cert', 'issue', '--account', login, '--key', 'p256', ...rest],
    ];
    await ends(
      2,
      /--keep-key with --csr/,
      ...issue('postmaster', '--for', 'mail', '--keep-key', '--csr', at('anna.csr')),
    );
    await ends(2, /--keep-key: they belong/, ...issue('postmaster', '--for', 'mail', '--keep-key', '--code'));
    await ends(2, /only keys for mail are held/, ...issue('postmaster', '--for', 'login', '--keep-key'));
    assert.match(
      await done(...issue('postmaster', '--for', 'mail', '--keep-key')),
      /The gateway holds its private key/,
    );
    const both = await done(
      ...issue('bert@brug.test', '--for', 'mail', '--keep-key', '--out', at('bert.p12')),
      ...['--password-out', at('bert.txt')],
    );
    assert.match(both, /The gateway holds the private key as well/);
    openssl('pkcs12', '-in', 'bert.p12', '-passin', 'file:bert.txt', '-nodes', '-out', 'bert.pem');
    const code = async (use: string): Promise<string> =>
      (await json<EnrolledView>('cert', 'issue', '--account', 'bert@brug.test', '--for', use, '--code')).code;
    await ends(
      2,
      /its key stays with its owner/,
      'cert',
      'collect',
      await code('login'),
      '--keep-key',
      '--key',
      'p256',
    );
    const collected = await json<IssuedView>('cert', 'collect', await code('mail'), '--keep-key', '--key', 'p256');
    await done('cert', 'revoke', collected.serial);
    const all = await json<CertificateView[]>('cert', 'list');
    const held = all.filter((c) => c.account !== '' && c.keyHeld && c.state === 'valid').map((c) => c.account);
    assert.deepEqual(held.sort(), ['anna@brug.test', 'anna@brug.test', 'bert@brug.test', 'postmaster']);
  });

  test('smime test says what would happen, by whose key, and why', async () => {
    const of = (...from: string[]): Promise<ProtectionView> =>
      json<ProtectionView>('smime', 'test', 'bert@brug.test', ...from.flatMap((f) => ['--from', f]));
    assert.deepEqual([(await of()).outcome, (await of()).reason], ['plain', 'encrypt is never']);
    const signed = await of('anna@brug.test');
    assert.deepEqual([signed.outcome, signed.signer?.whose], ['signed', 'sender']);
    await done('address', 'set', 'bert@brug.test', 'encrypt=required');
    const system = await of();
    assert.deepEqual(
      [system.outcome, system.cipher, system.transport, system.signer?.whose],
      ['interop', 'aes-256-cbc', 'agreed', 'gateway'],
    );
    // In any order: their times are equal where both were made in one second.
    assert.deepEqual(
      system.certificates
        .map((c) => [c.used, c.keyHeld, c.problem?.includes('was revoked') === true])
        .sort(([a], [b]) => Number(a) - Number(b)),
      [
        [false, true, true],
        [true, true, false],
      ],
    );
    assert.match(await done('cert', 'capability', 'show', 'bert@brug.test'), /Reads: +nothing is known/);
    await ends(2, /"aes-1" as capabilities.*aes-256-gcm/, 'cert', 'capability', 'set', 'bert@brug.test', 'aes-1');
    await done('cert', 'capability', 'set', 'bert@brug.test', 'aes-256-gcm', 'rsa-pss');
    assert.equal((await of('anna@brug.test')).outcome, 'strong');
    assert.match(await done('smime', 'test', 'bert@brug.test'), /Reads: +aes-256-gcm rsa-pss \(operator\)/);
    await done('cert', 'capability', 'set', 'bert@brug.test', '--forget');
    const only = system.certificates.find((c) => c.used);
    assert(only !== undefined);
    await done('cert', 'revoke', only.serial, '--why', 'keyCompromise');
    await ends(
      5,
      /550 5\.7\.5 <bert@brug\.test> accepts only encrypted messages.*it was revoked/,
      'smime',
      'test',
      'bert@brug.test',
    );
    await done('address', 'set', 'bert@brug.test', 'encrypt=when-possible');
    const fallen = await of();
    assert.deepEqual([fallen.outcome, fallen.reason], ['plain', 'no certificate to encrypt to: it was revoked']);
    assert.match(fallen.certificates[0]?.problem ?? '', /was revoked/);
    await done('address', 'set', 'bert@brug.test', 'encrypt=default');
  });

  const inspecting = (): void => {
    test('inspect names every check of a signature, valid or not', async () => {
      writeFileSync(at('letter.txt'), LETTER);
      openssl('cms', '-sign', '-in', 'letter.txt', '-signer', 'anna.pem', '-inkey', 'anna.key', '-out', 'signed.eml');
      const file = letter('signed.eml', 'anna@brug.test');
      const view = await json<InspectView>('smime', 'inspect', file);
      assert.deepEqual([view.form, view.standing, view.from], ['clear-signed', 'valid', 'anna@brug.test']);
      assert.match(
        await done('smime', 'inspect', file),
        /Verdict: +valid[\s\S]*signature: passed[\s\S]*address: passed/,
      );
      const text = readFileSync(file, 'latin1');
      writeFileSync(file, text.replace('volgt', 'VOLGT'), 'latin1');
      await ends(
        5,
        /not valid[\s\S]*message-digest: FAILED: the content is not what was signed/,
        'smime',
        'inspect',
        file,
      );
      writeFileSync(file, text.replace('<anna@', '<bert@'), 'latin1');
      await ends(5, /address: FAILED/, 'smime', 'inspect', file);
    });

    test('inspect tells whom a message is encrypted to, and looks inside with a key of the gateway or of a file', async () => {
      const encrypt = (from: string, to: string, ...rest: string[]): void =>
        openssl('cms', '-encrypt', '-in', from, '-out', to, ...rest, 'anna.pem');
      encrypt('letter.txt', 'closed.eml', '-aes-256-cbc');
      const file = letter('closed.eml', 'anna@brug.test');
      const unopened = await run('smime', 'inspect', file);
      assert.equal(unopened.code, 9, 'nothing was found valid');
      const closed = unopened.stdout;
      assert.match(closed, /encrypted; look inside with --as or --key/);
      assert.match(
        closed,
        /aes-256-cbc, to:\n.*"CN=Foreign CA, O=Ander" \(pkcs1\): of account anna@brug\.test, key held here/,
      );
      await ends(5, /not proven/, 'smime', 'inspect', file, '--as', 'anna@brug.test');
      await ends(3, /never registered/, 'smime', 'inspect', file, '--as', 'nobody@brug.test');
      await ends(5, /encrypted to none of the keys/, 'smime', 'inspect', file, '--as', 'bert@brug.test');

      openssl('cms', '-sign', '-in', 'letter.txt', '-signer', 'anna.pem', '-inkey', 'anna.key', '-out', 'inner.eml');
      encrypt('inner.eml', 'both.eml', '-aes-256-cbc');
      const both = letter('both.eml', 'anna@brug.test');
      const key = ['--key', at('anna.p12'), '--password-file', at('password.txt')];
      const opened = await json<InspectView>('smime', 'inspect', both, ...key);
      assert.deepEqual(
        opened.layers.map((l) => l.kind),
        ['encrypted', 'signed'],
      );
      assert.deepEqual([opened.standing, opened.flagged, opened.problem], ['valid', false, undefined]);

      encrypt('letter.txt', 'bare.p7m', '-aes-256-cbc', '-outform', 'DER', '-binary');
      const bare = await json<InspectView>('smime', 'inspect', at('bare.p7m'), '--as', 'anna@brug.test');
      assert.deepEqual([bare.form, bare.layers.length, bare.flagged], ['encrypted', 1, true]);
      assert.equal(JSON.stringify([opened, bare]).includes('Uitslag'), false, 'content is shown to nobody');
    });

    test('inspect takes what is no S/MIME for what it is', async () => {
      writeFileSync(at('plain.eml'), 'From: a@b.test\r\n\r\nhallo\r\n');
      await ends(9, /not protected by S\/MIME[\s\S]*nobody signed it/, 'smime', 'inspect', at('plain.eml'));
      await ends(2, /ENOENT/, 'smime', 'inspect', at('nowhere.eml'));
      writeFileSync(at('broken.p7m'), Buffer.from('3080060100', 'hex'));
      await ends(5, /cannot be read/, 'smime', 'inspect', at('broken.p7m'));
    });
  };

  describe('while nobody serves', () => {
    before(rests);
    inspecting();
  });

  describe('against a running gateway, with the real program', () => {
    let serving: Running | undefined;
    before(async () => {
      const text = readFileSync(config, 'utf8');
      writeFileSync(
        config,
        text.replace(/^#?port = \d+$/gm, 'port = 0').replace(/^#?enabled = "yes"$/m, 'enabled = "no"'),
      );
      serving = start(['serve', '--config', config]);
      await serving.until('gateway.started');
    });
    after(async () => {
      assert.equal(await serving?.end(), 0);
    });

    inspecting();

    test('a message of 20 MB is inspected as it is sent', async () => {
      const lines = `${'x'.repeat(74)}\n`.repeat(270_000);
      writeFileSync(at('large.txt'), `Content-Type: text/plain\n\n${lines}`);
      openssl('cms', '-sign', '-in', 'large.txt', '-signer', 'anna.pem', '-inkey', 'anna.key', '-out', 'large.eml');
      // As a person does: a process of its own, and the pipes of it.
      how = (args, input) => sluis(args, input === undefined ? {} : { input });
      const view = await json<InspectView>('smime', 'inspect', letter('large.eml', 'anna@brug.test'));
      how = sluisHere;
      assert.deepEqual([view.standing, view.octets > 20_000_000], ['valid', true]);
    });

    test('a key that is removed opens nothing any more', async () => {
      const held = (await json<CertificateView[]>('cert', 'list', '--address', 'anna@brug.test')).filter(
        (c) => c.keyHeld,
      );
      assert.equal(held.length, 2);
      for (const { fingerprint } of held) await done('cert', 'key', 'remove', fingerprint, '--yes', '--reason', 'test');
      await ends(3, /no private key is held/, 'smime', 'inspect', at('both.eml'), '--as', 'anna@brug.test');
      assert.equal(
        (await json<ProtectionView>('smime', 'test', 'bert@brug.test', '--from', 'anna@brug.test')).outcome,
        'plain',
      );
    });

    test('no private key is in the log', () => {
      const log = `${serving?.stdout() ?? ''}${serving?.stderr() ?? ''}`;
      assert.match(log, /smime\.inspect/);
      assert.doesNotMatch(log, /PRIVATE KEY|open sesame|Uitslag/);
    });
  });

  test('the view of an issued certificate has no key in it', async () => {
    const made = await json<IssuedView>(
      'cert',
      'issue',
      '--account',
      'postmaster',
      '--for',
      'mail',
      '--keep-key',
      '--key',
      'p256',
    );
    assert.doesNotMatch(JSON.stringify(made), /PRIVATE/);
  });
});
