/**
 * Seeded fuzz of every reader of this folder: changed, cut, doubled and shuffled octets end in a
 * value or in the typed error, and soon.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issue, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { readCertificate, readCertificates } from '../../src/crypto/certificates/certificate.ts';
import { makeCertificateRequest, readCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { credentialKeys } from '../../src/crypto/certificates/certificate-credential.ts';
import { findPath } from '../../src/crypto/certificates/certificate-path.ts';
import { readCrl, verifyCrl } from '../../src/crypto/certificates/crl.ts';
import { makeCrl } from '../../src/crypto/certificates/crl-issue.ts';
import { formatName, parseName } from '../../src/crypto/certificates/distinguished-name.ts';
import { decodePem, encodePem } from '../../src/crypto/certificates/pem.ts';
import { makePkcs12 } from '../../src/crypto/key-files/pkcs12-export.ts';
import { readPkcs12 } from '../../src/crypto/key-files/pkcs12-import.ts';
import type { Result } from '../../src/domain/result.ts';
import { days, instant } from '../../src/domain/units.ts';
import { effort } from '../support/effort.ts';
import { mutate } from './mutate.ts';
import { NOW, keyNamed, named, seeded, seededBytes } from './support.ts';

const context = { now: NOW, random: seededBytes(9) };

/** Either a value, or an error with a known kind and a text of one line. */
function settled<T>(result: Result<T, { readonly kind: string; readonly text: string }>): T | undefined {
  if (result.ok) return result.value;
  assert.match(result.error.kind, /^(malformed|limit|unsupported|no-proof|weak-signature|weak-key|wrong-password)$/);
  assert.match(result.error.text, /^[^\r\n]{10,600}$/);
  return undefined;
}

async function samples() {
  const keys = await keyNamed('root');
  const root = await makeRoot({ subject: named('Root'), keys, lifetime: days(999) }, context);
  const leafKeys = await keyNamed('leaf');
  const leaf = await issue(
    root,
    {
      use: 'mail',
      subject: named('Praktijk'),
      publicKey: leafKeys.publicKey,
      emails: ['a@b.example'],
      notAfter: instant(NOW + days(99)),
      crlUrls: ['http://c.example/x'],
    },
    context,
  );
  return { root, leaf, leafKeys };
}

test('fuzz: certificates', async () => {
  const { root, leaf } = await samples();
  const next = seeded(101);
  let read = 0;
  for (let round = 0; round < effort(800, 3000); round++) {
    const certificate = settled(readCertificate(mutate(leaf.der, next)));
    if (!certificate) continue;
    read++;
    formatName(certificate.subject);
    credentialKeys(certificate, 'trusted');
    const result = findPath(certificate, { anchors: [root.certificate], purpose: 'mail-signing', now: NOW });
    if (result.kind === 'trusted') assert.ok(certificate.signed.equals(leaf.signed), 'only what was signed is trusted');
  }
  assert.ok(read > 20, `${read} could be read: the fuzz reaches the inside`);
});

test('fuzz: requests', async () => {
  const { leafKeys } = await samples();
  const der = await makeCertificateRequest(leafKeys, {
    subject: named('P'),
    emails: ['a@b.example'],
    hosts: ['h.example'],
  });
  const next = seeded(102);
  for (let round = 0; round < effort(800, 3000); round++) {
    const request = settled(readCertificateRequest(mutate(der, next)));
    if (request) assert.ok(request.publicKey.equals(leafKeys.publicKey), 'a changed request has no proof');
  }
});

test('fuzz: revocation lists', async () => {
  const { root } = await samples();
  const revoked = Array.from({ length: 40 }, (_, i) => ({
    serial: (i * 7919 + 1).toString(16),
    at: NOW,
    reason: 'superseded' as const,
  }));
  const der = await makeCrl(root, { number: 3, thisUpdate: NOW, nextUpdate: instant(NOW + days(1)), revoked });
  const next = seeded(103);
  let read = 0;
  for (let round = 0; round < effort(400, 1500); round++) {
    const octets = mutate(der, next);
    const crl = settled(await readCrl(octets));
    if (!crl) continue;
    read++;
    for (const { serial } of revoked) crl.find(serial);
    if (round % 10 === 0 && !octets.equals(der)) {
      const verified = await verifyCrl(crl, root.certificate);
      if (verified.ok) assert.equal(crl.size, 40);
    }
  }
  assert.ok(read > 20, `${read} could be read`);
});

test('fuzz: PKCS #12 files', async () => {
  const { leaf, leafKeys } = await samples();
  const file = await makePkcs12(leafKeys.privateKey, leaf, {
    password: 'x',
    scheme: 'legacy',
    friendlyName: 'n',
    random: context.random,
  });
  const next = seeded(104);
  for (let round = 0; round < effort(100, 300); round++) settled(await readPkcs12(mutate(file, next), 'x'));
});

test('fuzz: PEM and typed names', async () => {
  const { leaf } = await samples();
  const text = Buffer.from(encodePem('CERTIFICATE', leaf.der).repeat(2));
  const next = seeded(105);
  for (let round = 0; round < effort(600, 2000); round++) {
    const changed = mutate(text, next).toString('latin1');
    settled(decodePem(changed));
    settled(readCertificates(changed));
    settled(readCertificate(changed));
  }
  const name = Buffer.from('CN=Praktijk \\"De Brug\\", O=Zorg + OU=x\\2c, C=NL');
  for (let round = 0; round < effort(1500, 5000); round++) {
    const parsed = parseName(mutate(name, next).toString('latin1'));
    if (parsed.ok) formatName(parsed.value);
    else assert.ok(parsed.error.length > 5);
  }
  const begin = performance.now();
  for (const hostile of [
    'CN=' + '\\'.repeat(4000),
    'CN=' + ' '.repeat(4000) + '"',
    'CN=a'.repeat(1000),
    ' '.repeat(4096),
    'CN=' + 'a '.repeat(2000) + '<',
  ])
    parseName(hostile);
  assert.ok(performance.now() - begin < 1000, 'no text makes the parser slow');
});
