// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  isWeakKey,
  certificatePem,
  emailsOf,
  readCertificate,
  readCertificates,
} from '../../src/crypto/certificates/certificate.ts';
import {
  type CertificateMatch,
  credentialKey,
  credentialKeys,
  meets,
} from '../../src/crypto/certificates/certificate-credential.ts';
import { explicit, ia5, oid, sequence, value as tlv } from '../../src/crypto/certificates/der.ts';
import { formatName, parseName } from '../../src/crypto/certificates/distinguished-name.ts';
import { alternativeNames, extension } from '../../src/crypto/certificates/extensions.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { algorithmText, isWeak } from '../../src/crypto/certificates/signature.ts';
import { type Bench, craft, keyNamed, named, onBench, problem, value, withoutOpenssl } from './support.ts';

const peer = { skip: withoutOpenssl };
const selfSigned = (bench: Bench, key: string, ...more: readonly string[]): Buffer => {
  bench.openssl('req', '-x509', '-newkey', ...key.split(' '), '-nodes', '-keyout', 'k.pem', '-out', 'c.pem', ...more);
  return bench.get('c.pem');
};

test('a certificate made by openssl reads in every part as node:crypto reads it', peer, () =>
  onBench((bench) => {
    const pem = selfSigned(
      bench,
      'rsa:2048',
      ...['-subj', '/C=NL/O=Zorggroep/CN=Praktijk De Brug', '-days', '30', '-set_serial', '0x0123456789abcdef01'],
      ...['-addext', 'subjectAltName=email:lab@a.example,DNS:mail.a.example,URI:urn:x,IP:10.0.0.1'],
      ...[
        '-addext',
        'keyUsage=critical,digitalSignature,keyEncipherment',
        '-addext',
        'extendedKeyUsage=clientAuth,emailProtection',
      ],
      ...['-addext', 'crlDistributionPoints=URI:http://crl.example/a.crl'],
    );
    const c = value(readCertificate(pem));
    const node = new X509Certificate(pem);
    assert.equal(c.serial, '123456789abcdef01');
    assert.equal(c.fingerprint, node.fingerprint256.replace(/:/g, '').toLowerCase());
    assert.equal(formatName(c.subject), 'CN=Praktijk De Brug, O=Zorggroep, C=NL');
    assert.equal(c.notAfter, Date.parse(node.validTo));
    assert.equal(c.notBefore, Date.parse(node.validFrom));
    assert.deepEqual(c.key, { kind: 'rsa', bits: 2048 });
    assert.equal(algorithmText(c.signature), 'rsa-sha256');
    assert.deepEqual(c.alternativeNames, [
      { kind: 'email', value: 'lab@a.example' },
      { kind: 'dns', value: 'mail.a.example' },
      { kind: 'uri', value: 'urn:x' },
      { kind: 'ip', value: '10.0.0.1' },
    ]);
    assert.deepEqual([...(c.keyUsage ?? [])], ['digitalSignature', 'keyEncipherment']);
    assert.deepEqual(c.extendedKeyUsage, [Oid.clientAuth, Oid.emailProtection]);
    assert.deepEqual(c.basicConstraints, { ca: true });
    assert.deepEqual(c.crlUrls, ['http://crl.example/a.crl']);
    assert.deepEqual(c.unknownCritical, []);
    assert.ok(c.publicKey.equals(node.publicKey));
    assert.equal(certificatePem(c), pem.toString());
    assert.deepEqual(value(readCertificate(c.der)).fingerprint, c.fingerprint);
  }),
);

test('every kind of key and signature is named, and SHA-1 is called weak', peer, () =>
  onBench((bench) => {
    const cases = [
      [
        'ec -pkeyopt ec_paramgen_curve:P-256',
        [],
        'ecdsa-sha256',
        { kind: 'ec', bits: 256, curve: 'prime256v1' },
        false,
      ],
      [
        'ec -pkeyopt ec_paramgen_curve:P-384',
        ['-sha384'],
        'ecdsa-sha384',
        { kind: 'ec', bits: 384, curve: 'secp384r1' },
        false,
      ],
      [
        'ec -pkeyopt ec_paramgen_curve:brainpoolP256r1',
        [],
        'ecdsa-sha256',
        { kind: 'ec', bits: 256, curve: 'brainpoolP256r1' },
        false,
      ],
      ['ed25519', [], 'ed25519', { kind: 'ed25519', bits: 256 }, false],
      ['rsa:2048', ['-sha1'], 'rsa-sha1', { kind: 'rsa', bits: 2048 }, true],
      [
        'rsa:2048',
        ['-sigopt', 'rsa_padding_mode:pss', '-sha512'],
        'rsa-pss-sha512',
        { kind: 'rsa', bits: 2048 },
        false,
      ],
    ] as const;
    for (const [key, more, text, description, weak] of cases) {
      const c = value(readCertificate(selfSigned(bench, key, '-subj', '/CN=x', ...more)));
      assert.equal(algorithmText(c.signature), text);
      assert.deepEqual(c.key, description);
      assert.equal(isWeak(c.signature), weak);
      assert.equal(isWeakKey(c.key), false);
    }
    assert.ok(isWeakKey(value(readCertificate(selfSigned(bench, 'rsa:1024', '-subj', '/CN=x'))).key));
  }),
);

test('what is no certificate is refused with the reason', async () => {
  const c = await craft({
    subject: named('A'),
    issuer: named('A'),
    keys: await keyNamed('a'),
    signer: await keyNamed('a'),
  });
  const pem = certificatePem(c);
  for (const [input, text] of [
    ['', /found no PEM block, expected DER or one PEM block "CERTIFICATE"/],
    [pem + pem, /found 2 of them/],
    [pem.replace('END', 'EN'), /the line "-----END CERTIFICATE-----" is missing/],
    [pem.replace(/\n[A-Z]/i, '\n*'), /not base64/],
    [pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'), /found PRIVATE KEY/],
    [c.der.subarray(0, -1), /cut off/],
    [Buffer.from([...c.der, 0]), /followed by 1 unexpected/],
  ] as const)
    assert.match(problem(readCertificate(typeof input === 'string' ? input : Buffer.from(input))).text, text);
  assert.equal(value(readCertificates(`text\n${pem}\nmore\n${pem}`)).length, 2);
});

test('a name with a NUL in it, an extension that stands there twice, a changed outer algorithm: refused', async () => {
  const k = await keyNamed('a');
  const make = (...extensions: readonly ReturnType<typeof extension>[]) =>
    craft({ subject: named('A'), issuer: named('A'), keys: k, signer: k, extensions });
  await assert.rejects(make(alternativeNames(['a@b.example\0.evil.example'], [])), /not printable/);
  await assert.rejects(make(alternativeNames(['a@b'], []), alternativeNames(['c@d'], [])), /twice/);
  const c = await make();
  const changed = Buffer.from(c.der);
  const at = changed.lastIndexOf(Buffer.from('2a8648ce3d040302', 'hex'));
  changed[at + 7] = 3;
  assert.match(problem(readCertificate(changed)).text, /algorithm inside differs/);
});

test('a registration by fingerprint, subject or alternative name meets its certificate in any spelling, and no other', async () => {
  const k = await keyNamed('a');
  const uzi = tlv(
    0xa0,
    oid('2.5.5.5'),
    explicit(0, ia5('2.16.528.1.1003.1.3.5.5.2-1-12345678-S-90000123-00.000-00000000')),
  );
  const names = extension(Oid.subjectAltName, sequence(ia5('Lab@A.example', 0x81), ia5('mail.a.example', 0x82), uzi));
  const c = await craft({
    subject: named('Praktijk'),
    issuer: named('Issuer'),
    keys: k,
    signer: k,
    extensions: [names],
  });
  const other = await craft({ subject: named('Praktijk 2'), issuer: named('Issuer'), keys: k, signer: k });
  const issuer = value(parseName('cn=ISSUER, o=zorggroep, c=NL'));
  const turned = value(parseName('C=NL, O=Zorggroep, CN=issuer'));
  const matches: readonly CertificateMatch[] = [
    { kind: 'fingerprint', sha256: c.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:') },
    { kind: 'subject', issuer, subject: value(parseName('CN=praktijk,O=ZORGGROEP,C=NL')) },
    { kind: 'subject', issuer: turned, subject: named('Praktijk') },
    { kind: 'alternative-name', issuer, type: 'email', value: 'lab@a.EXAMPLE' },
    { kind: 'alternative-name', issuer, type: 'dns', value: 'MAIL.a.example' },
    {
      kind: 'alternative-name',
      issuer,
      type: 'other',
      value: '2.5.5.5:2.16.528.1.1003.1.3.5.5.2-1-12345678-S-90000123-00.000-00000000',
    },
  ];
  for (const match of matches) {
    assert.ok(meets(c, match, 'trusted'), JSON.stringify(match));
    assert.equal(meets(c, match, 'untrusted'), match.kind === 'fingerprint', 'names count only on a trusted path');
    assert.equal(meets(other, match, 'trusted'), false);
  }
  assert.equal(credentialKeys(c, 'trusted').length, 5);
  const foreign = { kind: 'alternative-name', issuer: named('Other'), type: 'email', value: 'lab@a.example' } as const;
  assert.equal(meets(c, foreign, 'trusted'), false, 'the same name from another issuer');
  assert.equal(meets(c, { ...foreign, issuer, type: 'dns' }, 'trusted'), false, 'an address is not a host');
  assert.equal(credentialKey({ kind: 'fingerprint', sha256: 'abc' }), undefined);
  assert.equal(credentialKey({ kind: 'subject', issuer, subject: [] }), undefined, 'no name is nobody');
  assert.deepEqual(emailsOf(c), ['Lab@A.example']);
});

test('reading a certificate is quick enough for every handshake', async () => {
  const k = await keyNamed('a');
  const { der } = await craft({
    subject: named('A'),
    issuer: named('A'),
    keys: k,
    signer: k,
    extensions: [alternativeNames(['a@b'], [])],
  });
  const begin = process.cpuUsage();
  for (let i = 0; i < 200; i++) value(readCertificate(der));
  const { user, system } = process.cpuUsage(begin);
  assert.ok((user + system) / 200 < 5000, `${(user + system) / 200} us each`);
});
