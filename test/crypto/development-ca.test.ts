/** Certificates for development, as TLS and other programs see them. */
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { days } from '../../src/domain/units.ts';
import { NOW, attime, onBench, withoutOpenssl } from './support.ts';

const NAMES = ['mail.test', 'localhost', '127.0.0.1', '::1', '2001:db8::192.0.2.7'];
const crlUrl = 'http://crl.test/ca.crl';

test('a development certificate stands for its host names and addresses, and no others, for 90 days', async () => {
  const { ca, server, rsa } = await makeDevelopmentCertificates(NAMES, NOW);
  const root = new X509Certificate(ca.certificate);
  assert(root.ca && root.checkPrivateKey(createPrivateKey(ca.key)) && root.verify(root.publicKey));
  for (const [made, kind] of [
    [server, 'ec'],
    [await rsa(), 'rsa'],
  ] as const) {
    const certificate = new X509Certificate(made.certificate);
    assert.equal(certificate.publicKey.asymmetricKeyType, kind);
    assert(!certificate.ca && certificate.checkPrivateKey(createPrivateKey(made.key)));
    assert(certificate.checkIssued(root) && certificate.verify(root.publicKey));
    for (const name of NAMES.slice(0, 2)) assert.equal(certificate.checkHost(name), name);
    for (const address of NAMES.slice(2)) assert(certificate.checkIP(address) !== undefined, address);
    assert.equal(certificate.checkHost('other.test'), undefined);
    assert.equal(certificate.checkIP('::2'), undefined);
    assert.equal(Date.parse(certificate.validTo), NOW + days(90));
    assert.equal(Date.parse(root.validTo), NOW + days(90));
    assert(Date.parse(certificate.validFrom) < NOW);
  }
});

test('openssl takes it for a server and for nothing else', { skip: withoutOpenssl }, () =>
  onBench(async (bench) => {
    const { ca, server } = await makeDevelopmentCertificates(NAMES, NOW, { crlUrl });
    bench.put('ca.pem', ca.certificate);
    bench.put('server.pem', server.certificate);
    const verified = (purpose: string): number | null =>
      bench.run('verify', '-x509_strict', ...attime, '-purpose', purpose, '-CAfile', 'ca.pem', 'server.pem').status;
    assert.equal(verified('sslserver'), 0);
    assert.notEqual(verified('sslclient'), 0);
    assert.notEqual(verified('smimesign'), 0);
    const text = bench.openssl('x509', '-in', 'server.pem', '-noout', '-text');
    assert.match(text, /Key Usage: critical\s+Digital Signature\n/);
    assert.match(text, new RegExp(`URI:${crlUrl}`));
    assert.match(
      text,
      /DNS:mail\.test, DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:0:C000:207/,
    );
  }),
);
