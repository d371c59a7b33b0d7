/**
 * CMS both ways with gpgsm, the S/MIME of KMail and Gpg4win: every combination that it supports. It
 * reads no key identifiers, no OAEP and no AuthEnvelopedData (2.4.7).
 */
// @beside
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { withoutProgram } from '../support/require.ts';
import { CONTENTS, NoticeWriter, PASSWORD } from './cms-parts.ts';
import { type Ran, attempt } from './run.ts';

const options = { skip: withoutProgram('gpgsm', 'gpgsm') };
const NAMES = ['rsa2048', 'p256', 'p384'] as const;
let noticeWriter: NoticeWriter;
let home = '';

const gpgsm = (...args: readonly string[]): Promise<Ran> =>
  attempt(
    'gpgsm',
    [
      '--batch',
      '--yes',
      '--disable-dirmngr',
      '--pinentry-mode',
      'loopback',
      '--passphrase-fd',
      '0',
      '--status-fd',
      '2',
      ...args,
    ],
    { home: noticeWriter.folder, input: Buffer.from(`${PASSWORD}\n`), env: { GNUPGHOME: home } },
  );

before(async () => {
  noticeWriter = await NoticeWriter.open();
  if (options.skip !== false) return;
  home = noticeWriter.makeFolder('gnupg');
  const root = createHash('sha1').update(noticeWriter.circle.authority.certificate.der).digest('hex').toUpperCase();
  noticeWriter.put('gnupg/trustlist.txt', `${root} S relax\n`);
  noticeWriter.put('gnupg/gpg-agent.conf', 'allow-loopback-pinentry\ns2k-count 65536\n');
  noticeWriter.put('gnupg/gpgsm.conf', 'disable-crl-checks\ndisable-policy-checks\n');
  for (const file of ['root.pem', ...NAMES.map((name) => `${name}.p12`)]) {
    const ran = await gpgsm('--import', file);
    assert.equal(ran.status, 0, `${file}: ${ran.err}`);
  }
});
after(async () => {
  // The agent stays behind and would hold the folder.
  if (home !== '') await attempt('gpgconf', ['--kill', 'all'], { home: noticeWriter.folder, env: { GNUPGHOME: home } });
  noticeWriter.close();
});

test('gpgsm verifies our signatures, opaque and detached', options, async () => {
  for (const [name, signer] of noticeWriter.signers())
    for (const [file, content] of CONTENTS) {
      if (name === 'ed25519') continue;
      await noticeWriter.sign([signer], content);
      for (const args of [['opaque'], ['detached', file]]) {
        const ran = await gpgsm('--verify', ...args);
        assert.equal(ran.status, 0, `${name} ${file}: ${ran.err}`);
        assert.match(ran.err, /GOODSIG/);
      }
    }
});

/** gpgsm signs with a hash as strong as the curve at least. */
const HASHES = {
  rsa2048: ['SHA1', 'SHA256', 'SHA384', 'SHA512'],
  p256: ['SHA256', 'SHA512'],
  p384: ['SHA384', 'SHA512'],
} as const;

test('we verify the signatures of gpgsm', options, async () => {
  for (const name of NAMES)
    for (const [i, hash] of HASHES[name].entries())
      for (const [j, form] of (['opaque', 'detached'] as const).entries()) {
        const [file, content] = CONTENTS[(i + j) % 2]!;
        const who = noticeWriter.circle.people[name];
        const shape = form === 'detached' ? ['--detach-sign'] : ['--sign'];
        const made = await gpgsm('-u', who.address, '--digest-algo', hash, '-o', 'theirs', ...shape, file);
        assert.equal(made.status, 0, `${name} ${hash}: ${made.err}`);
        const wrong = await noticeWriter.wrongWith('theirs', who, content, form);
        assert.deepEqual(wrong, hash === 'SHA1' ? ['strength'] : [], `${name} ${hash} ${form} ${file}`);
      }
});

test('gpgsm decrypts our messages with CBC, also where others get another kind of key', options, async () => {
  const { people } = noticeWriter.circle;
  const all = NAMES.map((name) => ({ certificate: people[name].certificate, transport: 'pkcs1' as const }));
  for (const name of NAMES)
    for (const [file, content] of CONTENTS)
      for (const recipients of [all, [{ certificate: people[name].certificate, transport: 'pkcs1' as const }]]) {
        await noticeWriter.encrypt(recipients, 'aes-256-cbc', content);
        const ran = await gpgsm('-o', 'out', '--decrypt', 'encrypted');
        assert.equal(ran.status, 0, `${name} ${file}, ${recipients.length} recipients: ${ran.err}`);
        assert.ok(noticeWriter.get('out').equals(content));
      }
});

test('we decrypt the messages of gpgsm', options, async () => {
  for (const name of NAMES)
    for (const [file, content] of CONTENTS)
      for (const [theirs, ours] of [
        ['AES256', 'aes-256-cbc'],
        ['AES', 'aes-128-cbc'],
        ['3DES', 'des-ede3-cbc'],
      ] as const) {
        const who = noticeWriter.circle.people[name];
        const made = await gpgsm('-r', who.address, '--cipher-algo', theirs, '-o', 'theirs', '-e', file);
        assert.equal(made.status, 0, made.err);
        assert.equal(await noticeWriter.opened('theirs', who, content), ours, `${name} ${theirs} ${file}`);
      }
});
