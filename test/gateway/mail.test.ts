/**
 * Authorities and lists for mail in a whole gateway: read at the start, read again when told, and
 * never replaced by what cannot be used.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeCrl } from '../../src/crypto/certificates/crl-issue.ts';
import { days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { startTestGateway } from '../support/gateway.ts';

test('authorities and revocation lists for mail hold from the start, and from a reload on', async (t) => {
  const now = systemClock.now();
  const [first, second] = [await makeClientAuthority('First', now), await makeClientAuthority('Second', now)];
  const { leaf } = await first.issue('anna');
  const issuer = first.issuing.certificate;
  const list = (number: number, revoked: readonly string[]): Promise<Buffer> =>
    makeCrl(first.issuing, {
      number,
      thisUpdate: instant(now + number),
      nextUpdate: instant(now + days(1)),
      revoked: revoked.map((serial) => ({ serial, at: instant(now) })),
    });
  let folder = '';
  const before = await list(1, []);
  const gateway = await startTestGateway({
    prepare: (made) => {
      folder = made;
      mkdirSync(join(made, 'lists'));
      writeFileSync(join(made, 'mail-ca.pem'), certificatePem(issuer));
      writeFileSync(join(made, 'lists/first.crl'), before);
    },
    configuration: '[smime]\nauthorities = ["mail-ca.pem"]\nrevocation-lists = ["lists"]\n',
  });
  t.after(() => gateway.remove());
  const { keys } = gateway.admin.mail;
  const stands = async (): Promise<unknown[]> => {
    const { anchors, revocation } = await keys.trust();
    return [anchors.length, revocation(leaf, issuer).kind];
  };
  assert.deepEqual(await stands(), [1, 'good']);
  // Lists were given, so every authority must have one.
  assert.equal((await keys.trust()).revocation(leaf, second.issuing.certificate).kind, 'unknown');

  writeFileSync(join(folder, 'lists/first.crl'), await list(2, [leaf.serial]));
  writeFileSync(join(folder, 'mail-ca.pem'), certificatePem(issuer) + certificatePem(second.issuing.certificate));
  await gateway.reloadTls();
  assert.deepEqual(await stands(), [2, 'revoked']);
  assert(gateway.log.names.includes('smime.reloaded'));

  writeFileSync(join(folder, 'mail-ca.pem'), certificatePem(leaf));
  await assert.rejects(gateway.reloadTls(), /smime\.authorities: .* is not an authority; .*"sluis cert import"/);
  assert.deepEqual(await stands(), [2, 'revoked']);
});
