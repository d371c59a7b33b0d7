/**
 * What the authority issues, in a real TLS handshake: Node's server is the judge, our own path
 * search must agree with it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type TLSSocket, connect, createServer } from 'node:tls';
import { type KeyPair, issue, issueAuthority, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { type Certificate, certificatePem, readCertificate } from '../../src/crypto/certificates/certificate.ts';
import { type Purpose, findPath } from '../../src/crypto/certificates/certificate-path.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { makeCrl } from '../../src/crypto/certificates/crl-issue.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { days, instant } from '../../src/domain/units.ts';
import { testCertificates } from '../support/certificates.ts';
import { keyNamed, named, seededBytes, value } from './support.ts';

test('a login certificate passes mutual TLS with its intermediate; a mail certificate, a revoked one and a stranger do not', async () => {
  const now = systemClock.now();
  const context = { now, random: seededBytes(77) };
  const root = await makeRoot({ subject: named('Root'), keys: await keyNamed('root'), lifetime: days(99) }, context);
  const middle = await keyNamed('middle');
  const certificate = await issueAuthority(
    root,
    { subject: named('Issuing'), publicKey: middle.publicKey, lifetime: days(90) },
    context,
  );
  const issuing = { certificate, privateKey: middle.privateKey };
  const entity = { subject: named('Praktijk'), emails: ['a@b.example'], notAfter: instant(now + days(30)) };
  const rsa = await keyNamed('rsa', 'rsa2048');
  const ec = await keyNamed('leaf');
  const login = await issue(issuing, { ...entity, use: 'login', publicKey: rsa.publicKey }, context);
  const mail = await issue(issuing, { ...entity, use: 'mail', publicKey: ec.publicKey }, context);
  const revoked = await issue(issuing, { ...entity, use: 'login', publicKey: ec.publicKey }, context);
  const foreign = await makeRoot(
    { subject: named('Root'), keys: await keyNamed('foreign'), lifetime: days(99) },
    context,
  );
  const stranger = await issue(foreign, { ...entity, use: 'login', publicKey: ec.publicKey }, context);
  const dates = { number: 1, thisUpdate: now, nextUpdate: instant(now + days(1)) };
  const lists = await Promise.all([
    makeCrl(issuing, { ...dates, revoked: [{ serial: revoked.serial, at: now }] }),
    makeCrl(root, { ...dates, revoked: [] }),
  ]);

  const { server: own } = await testCertificates();
  const server = createServer({
    key: own.key,
    cert: own.certificate,
    ca: certificatePem(root.certificate),
    crl: lists.map((der) => encodePem('X509 CRL', der)),
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const show = async (leaf: Certificate, keys: KeyPair): Promise<string> => {
    const client = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: certificatePem(leaf) + certificatePem(certificate),
    });
    const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
    const error = socket.authorized ? 'ok' : String(socket.authorizationError);
    assert.equal(value(readCertificate(socket.getPeerX509Certificate()!.raw)).fingerprint, leaf.fingerprint);
    socket.destroy();
    client.destroy();
    return error;
  };
  const ours = (leaf: Certificate, purpose: Purpose = 'login'): string => {
    const result = findPath(leaf, { anchors: [root.certificate], intermediates: [certificate], purpose, now });
    return result.kind === 'trusted' ? 'ok' : result.reason;
  };
  try {
    assert.deepEqual([await show(login, rsa), ours(login)], ['ok', 'ok']);
    assert.deepEqual([await show(mail, ec), ours(mail)], ['INVALID_PURPOSE', 'extended-key-usage']);
    assert.equal(await show(revoked, ec), 'CERT_REVOKED');
    assert.match(await show(stranger, ec), /SIGNATURE/);
    assert.equal(ours(stranger), 'bad-signature');
  } finally {
    server.close();
  }
});
