/**
 * CMS both ways with NSS (`cmsutil`), the library of Thunderbird: every combination that it
 * supports. It reads no AuthEnvelopedData (SEC_ERROR_UNRECOGNIZED_OID, 3.110) and no Ed25519 in
 * CMS.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withoutProgram } from '../support/require.ts';
import { CONTENTS, NoticeWriter, PASSWORD } from './cms-parts.ts';

const options = { skip: withoutProgram('cmsutil', 'libnss3-tools') };
const NAMES = ['rsa2048', 'p256', 'p384'] as const;
let noticeWriter: NoticeWriter;
before(async () => {
  noticeWriter = await NoticeWriter.open();
  if (options.skip !== false) return;
  noticeWriter.makeFolder('nss');
  const must = async (program: string, ...args: readonly string[]): Promise<void> => {
    const ran = await noticeWriter.run(program, ...args, '-d', 'sql:nss');
    assert.equal(ran.status, 0, `${program}: ${ran.err}`);
  };
  await must('certutil', '-N', '--empty-password');
  await must('certutil', '-A', '-n', 'root', '-t', 'CT,C,C', '-a', '-i', 'root.pem');
  for (const name of NAMES) await must('pk12util', '-i', `${name}.p12`, '-W', PASSWORD, '-K', '');
});
after(() => noticeWriter.close());

const cmsutil = (...args: readonly string[]): ReturnType<NoticeWriter['run']> =>
  noticeWriter.run('cmsutil', '-d', 'sql:nss', ...args);
const status = async (...args: readonly string[]): Promise<string> => {
  const ran = await cmsutil('-D', '-n', '-h', '1', ...args);
  return /signer0\.status=(\w+)/.exec(ran.out.toString() + ran.err)?.[1] ?? ran.err;
};

test('NSS verifies our signatures, opaque and detached', options, async () => {
  for (const [name, signer] of noticeWriter.signers())
    for (const [file, content] of CONTENTS) {
      if (name === 'ed25519') continue;
      await noticeWriter.sign([signer], content, { identifyBy: file === 'short' ? 'key-id' : 'issuer' });
      assert.equal(await status('-i', 'opaque'), 'GoodSignature', `${name} ${file}`);
      assert.equal(await status('-i', 'detached', '-c', file), 'GoodSignature', `${name} ${file}`);
      const other = file === 'short' ? 'long' : 'short';
      assert.equal(await status('-i', 'detached', '-c', other), 'DigestMismatch', `${name} ${other}`);
    }
});

test('we verify the signatures of NSS', options, async () => {
  for (const name of NAMES)
    for (const [i, hash] of ['SHA1', 'SHA256', 'SHA384', 'SHA512'].entries())
      for (const [j, form] of (['opaque', 'detached'] as const).entries()) {
        const [file, content] = CONTENTS[(i + j) % 2]!;
        const shape = form === 'detached' ? ['-T'] : [];
        const made = await cmsutil('-S', '-G', '-N', name, '-H', hash, '-i', file, '-o', 'theirs', ...shape);
        assert.equal(made.status, 0, made.err);
        const wrong = await noticeWriter.wrongWith('theirs', noticeWriter.circle.people[name], content, form);
        assert.deepEqual(wrong, hash === 'SHA1' ? ['strength'] : [], `${name} ${hash} ${form} ${file}`);
      }
});

test('NSS decrypts our messages with CBC', options, async () => {
  for (const name of NAMES)
    for (const transport of name === 'rsa2048' ? (['oaep', 'pkcs1'] as const) : ([undefined] as const))
      for (const [file, content] of CONTENTS)
        for (const cipher of ['aes-128-cbc', 'aes-256-cbc'] as const) {
          const { certificate } = noticeWriter.circle.people[name];
          const identifyBy = cipher === 'aes-128-cbc' ? 'key-id' : 'issuer';
          await noticeWriter.encrypt([{ certificate, identifyBy, ...(transport && { transport }) }], cipher, content);
          const ran = await cmsutil('-D', '-i', 'encrypted', '-o', 'out');
          assert.equal(ran.status, 0, `${name} ${transport ?? ''} ${cipher} ${file}: ${ran.err}`);
          assert.ok(noticeWriter.get('out').equals(content));
        }
});

test('we decrypt the messages of NSS, with PKCS #1 v1.5 and with agreed keys', options, async () => {
  for (const name of NAMES)
    for (const [file, content] of CONTENTS) {
      const who = noticeWriter.circle.people[name];
      const made = await cmsutil('-E', '-r', who.address, '-i', file, '-o', 'theirs');
      assert.equal(made.status, 0, made.err);
      assert.equal(await noticeWriter.opened('theirs', who, content), name === 'p384' ? 'aes-256-cbc' : 'aes-128-cbc');
    }
});
