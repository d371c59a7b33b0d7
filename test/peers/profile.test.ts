/**
 * curl fetches the profile for Apple's devices from a gateway, and openssl verifies who signed it:
 * today's certificate of the listener, and nobody else.
 */
// @beside
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { withoutProgram } from '../support/require.ts';
import { startSelfService } from '../support/self-service.ts';
import { type Ran, attempt, run } from './run.ts';

const skip = withoutProgram('openssl', 'openssl') || withoutProgram('curl', 'curl');

test(
  'openssl verifies a profile by the authority of the listener, also after its certificate was renewed',
  { skip },
  async (t) => {
    const { gateway, port, loggedIn } = await startSelfService(t);
    const { cookies } = await loggedIn('anna');
    const at = (name: string): string => join(gateway.folder, name);
    const home = gateway.folder;
    writeFileSync(at('web-ca.pem'), gateway.ca);
    const fetched = async (ca: string): Promise<void> => {
      const to = ['--resolve', `mail.test:${port}:127.0.0.1`, '--cacert', at(ca), '--output', at('profile')];
      const cookie = `Cookie: ${[...cookies].map(([name, value]) => `${name}=${value}`).join('; ')}`;
      const url = `https://mail.test:${port}/program/apple.mobileconfig`;
      await run('curl', ['--silent', '--show-error', '--fail', '-H', cookie, ...to, url], { home });
    };
    const verified = (program: 'cms' | 'smime', ca: string): Promise<Ran> =>
      attempt(
        'openssl',
        [program, '-verify', '-purpose', 'any', '-inform', 'DER', '-binary', '-in', at('profile'), '-CAfile', at(ca)],
        { home },
      );

    await fetched('web-ca.pem');
    for (const program of ['cms', 'smime'] as const) {
      const { status, out, err } = await verified(program, 'web-ca.pem');
      assert.equal(status, 0, err);
      assert.match(out.toString(), /^<\?xml[^]*<key>EmailAddress<\/key><string>anna@group\.test<[^]*<\/plist>\n$/);
      assert.match(out.toString(), /<key>PayloadType<\/key><string>com\.apple\.mail\.managed</);
    }

    const renewed = await makeDevelopmentCertificates(['mail.test'], systemClock.now());
    const rsa = await renewed.rsa();
    writeFileSync(at('server-key.pem'), rsa.key, { mode: 0o600 });
    writeFileSync(at('server.pem'), rsa.certificate);
    writeFileSync(at('renewed-ca.pem'), renewed.ca.certificate);
    await gateway.reloadTls();
    await fetched('renewed-ca.pem');
    assert.equal((await verified('cms', 'renewed-ca.pem')).status, 0);
    assert.notEqual((await verified('cms', 'web-ca.pem')).status, 0, 'the one before does not vouch for it');
  },
);
