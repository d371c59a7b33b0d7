/**
 * Messages that fail one check each: openssl and NSS refuse what we refuse.
 *
 * What each of them lets pass is listed: both take SHA-1 and short keys unless told otherwise, and
 * neither knows CMSAlgorithmProtection.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { isValid } from '../../src/crypto/cms/verdict.ts';
import { verifyOpaque } from '../../src/crypto/cms/verify.ts';
import { type Mutant, mutants, soundMessage } from '../crypto/cms/mutants.ts';
import { signerOf, trust } from '../crypto/cms/support.ts';
import { value } from '../crypto/support.ts';
import { withoutProgram } from '../support/require.ts';
import { NoticeWriter } from './cms-parts.ts';

let noticeWriter: NoticeWriter;
let cases: readonly Mutant[] = [];
before(async () => {
  noticeWriter = await NoticeWriter.open();
  cases = await mutants(noticeWriter.circle);
});
after(() => noticeWriter.close());

const OPENSSL_ACCEPTS = ['changed type', 'changed algorithm parameters', 'SHA-1', 'RSA-1024'];

/** Whether openssl says valid, with the lists it is given and the sender it is told. */
async function opensslSays(message: Buffer, { address, crl }: Pick<Mutant, 'address' | 'crl'>): Promise<boolean> {
  noticeWriter.put('message', message);
  if (crl) noticeWriter.put('crl.pem', encodePem('X509 CRL', crl));
  const lists = crl ? ['-CRLfile', 'crl.pem', '-crl_check'] : [];
  const who = ['-CAfile', 'root.pem', '-verify_email', address, '-purpose', 'smimesign', ...lists];
  return (
    (
      await noticeWriter.run(
        'openssl',
        'cms',
        '-verify',
        '-binary',
        '-inform',
        'DER',
        '-in',
        'message',
        '-out',
        'out',
        ...who,
      )
    ).status === 0
  );
}

test(
  'openssl agrees on every mutant, and on the sound message',
  { skip: withoutProgram('openssl', 'openssl') },
  async () => {
    const anna = noticeWriter.circle.people.rsa2048;
    const sound = await soundMessage(noticeWriter.circle, signerOf(anna));
    assert.ok(await opensslSays(sound, anna));
    assert.ok(
      isValid(
        value(
          await verifyOpaque(
            () => [sound],
            () => undefined,
            await trust(anna.address, {}, noticeWriter.circle),
          ),
        ),
      ),
    );
    const accepted: string[] = [];
    for (const mutant of cases) if (await opensslSays(mutant.message, mutant)) accepted.push(mutant.name);
    assert.deepEqual(accepted, OPENSSL_ACCEPTS);
  },
);

/**
 * `cmsutil` knows no sender and, here, no list, and looks at neither the protected algorithms nor,
 * unless told, the strength.
 */
const NSS_ACCEPTS = ['changed algorithm parameters', 'another sender', 'revoked', 'SHA-1', 'RSA-1024'];

test('NSS agrees on every mutant', { skip: withoutProgram('cmsutil', 'libnss3-tools') }, async () => {
  noticeWriter.makeFolder('nss');
  for (const args of [
    ['-N', '--empty-password'],
    ['-A', '-n', 'root', '-t', 'CT,C,C', '-a', '-i', 'root.pem'],
  ])
    assert.equal((await noticeWriter.run('certutil', '-d', 'sql:nss', ...args)).status, 0);
  const accepted: string[] = [];
  for (const { name, message } of cases) {
    noticeWriter.put('message', message);
    const ran = await noticeWriter.run('cmsutil', '-d', 'sql:nss', '-D', '-n', '-h', '1', '-i', 'message');
    if ((ran.out.toString() + ran.err).includes('signer0.status=GoodSignature')) accepted.push(name);
  }
  assert.deepEqual(accepted, NSS_ACCEPTS);
});
