import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateCache } from '../../src/crypto/certificates/certificate-cache.ts';
import { person, everybody } from './cms/support.ts';
import { problem, value } from './support.ts';

test('a certificate is read once, and the one that was not used longest is dropped', async () => {
  const cache = new CertificateCache(2);
  const [a, b, c] = (await everybody()).map((who) => Buffer.from(who.certificate.der));
  const first = value(cache.read(a!));
  assert.equal(value(cache.read(Buffer.from(a!))), first, 'the same value for the same octets');
  const second = value(cache.read(b!));
  assert.equal(value(cache.read(a!)), first);
  cache.read(c!);
  assert.equal(cache.size, 2);
  assert.equal(value(cache.read(a!)), first, 'it was used last and stays');
  assert.notEqual(value(cache.read(b!)), second, 'it was dropped and is read again');
});

test('what cannot be read is not remembered', async () => {
  const cache = new CertificateCache();
  const changed = Buffer.from((await person('p256')).certificate.der).subarray(0, -1);
  assert.equal(problem(cache.read(changed)).kind, 'malformed');
  assert.equal(cache.size, 0);
});
