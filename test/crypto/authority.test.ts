import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import {
  type Authority,
  type EndEntity,
  type KeyKind,
  type KeyPair,
  allowedEmails,
  crossSign,
  issue,
  issueAuthority,
  makeKeyPair,
  makeRoot,
  spreadEnd,
} from '../../src/crypto/certificates/authority.ts';
import { type Certificate, certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { findPath } from '../../src/crypto/certificates/certificate-path.ts';
import { makeCertificateRequest, readCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { formatName, makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { days, instant } from '../../src/domain/units.ts';
import {
  type Bench,
  NOW,
  attime,
  goldenText,
  keyNamed,
  named,
  onBench,
  problem,
  seededBytes,
  value,
  withoutOpenssl,
} from './support.ts';

const peer = { skip: withoutOpenssl };
const context = { now: NOW, random: seededBytes(1) };
const crlUrls = ['http://crl.sluis.example/issuing.crl'];

interface Tree {
  readonly root: Authority;
  readonly issuing: Authority;
}
// RSA keys take long to make: every tree of RSA has the same two.
const rootOf = (kind: KeyKind, role: string, label: string): Promise<KeyPair> =>
  keyNamed(kind === 'rsa3072' ? `${kind} ${role}` : `${kind} ${role} ${label}`, kind);
async function plant(kind: KeyKind, label = 'A'): Promise<Tree> {
  const root = await makeRoot(
    { subject: named(`Root ${label}`), keys: await rootOf(kind, 'root', label), lifetime: days(3650) },
    context,
  );
  const keys = await rootOf(kind, 'issuing', label);
  const options = { subject: named(`Issuing ${label}`), publicKey: keys.publicKey, lifetime: days(1825), crlUrls };
  return { root, issuing: { certificate: await issueAuthority(root, options, context), privateKey: keys.privateKey } };
}
const entity = (use: EndEntity['use'], keys: KeyPair, more: Partial<EndEntity> = {}): EndEntity => ({
  use,
  subject: named('Praktijk De Brug'),
  publicKey: keys.publicKey,
  emails: ['lab@brug.example'],
  notAfter: instant(NOW + days(730)),
  crlUrls,
  ...more,
});
function verifies(
  bench: Bench,
  purpose: string,
  leaf: Certificate,
  root: Certificate,
  ...between: readonly Certificate[]
): string {
  bench.put('root.pem', certificatePem(root));
  bench.put('between.pem', between.map(certificatePem).join(''));
  bench.put('leaf.pem', certificatePem(leaf));
  const { status, output } = bench.run(
    'verify',
    '-x509_strict',
    ...attime,
    '-purpose',
    purpose,
    '-CAfile',
    'root.pem',
    '-untrusted',
    'between.pem',
    'leaf.pem',
  );
  return status === 0 ? 'ok' : output;
}

for (const kind of ['p256', 'p384', 'rsa3072'] as const)
  test(`openssl accepts root, intermediate, login and mail certificates (${kind})`, peer, () =>
    onBench(async (bench) => {
      const { root, issuing } = await plant(kind);
      for (const keys of [await keyNamed('entity'), await keyNamed('entity rsa', 'rsa2048')]) {
        const login = await issue(issuing, entity('login', keys), context);
        const mail = await issue(issuing, entity('mail', keys), context);
        const between = issuing.certificate;
        assert.equal(verifies(bench, 'sslclient', login, root.certificate, between), 'ok');
        assert.match(verifies(bench, 'smimesign', login, root.certificate, between), /unsuitable certificate purpose/);
        assert.match(verifies(bench, 'sslserver', login, root.certificate, between), /unsuitable certificate purpose/);
        assert.equal(verifies(bench, 'smimesign', mail, root.certificate, between), 'ok');
        assert.match(verifies(bench, 'sslclient', mail, root.certificate, between), /unsuitable certificate purpose/);
        if (keys === (await keyNamed('entity rsa')))
          assert.equal(verifies(bench, 'smimeencrypt', mail, root.certificate, between), 'ok');
        assert.equal(new X509Certificate(mail.der).checkEmail('lab@brug.example'), 'lab@brug.example');
        for (const [leaf, purpose] of [
          [login, 'login'],
          [mail, 'mail-signing'],
          [mail, 'mail-encryption'],
        ] as const)
          assert.equal(
            findPath(leaf, { anchors: [root.certificate], intermediates: [between], purpose, now: NOW }).kind,
            'trusted',
          );
      }
    }),
  );

test('a certificate shows in openssl what was put in, and reads in Node', peer, () =>
  onBench(async (bench) => {
    const { issuing } = await plant('p256');
    const leaf = await issue(issuing, entity('mail', await keyNamed('entity rsa', 'rsa2048')), context);
    bench.put('c.pem', certificatePem(leaf));
    const text = bench.openssl(
      'x509',
      '-in',
      'c.pem',
      '-noout',
      '-text',
      '-certopt',
      'no_pubkey,no_sigdump',
      '-nameopt',
      'RFC2253',
    );
    for (const part of [
      /Version: 3 \(0x2\)/,
      /Issuer: CN=Issuing A,O=Zorggroep,C=NL/,
      /Subject: CN=Praktijk De Brug,O=Zorggroep,C=NL/,
      /Not Before: Nov 25 11:00:00 2026 GMT\s+Not After : Nov 24 12:00:00 2028 GMT/,
      /X509v3 Basic Constraints: critical\s+CA:FALSE/,
      /X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment\n/,
      /X509v3 Extended Key Usage: \s+E-mail Protection\n/,
      /X509v3 Subject Alternative Name: \s+email:lab@brug.example\n/,
      /X509v3 CRL Distribution Points: \s+Full Name:\s+URI:http:\/\/crl.sluis.example\/issuing.crl/,
      /X509v3 Authority Key Identifier: \s+[0-9A-F:]{59}\n/,
      /Signature Algorithm: ecdsa-with-SHA256/,
    ])
      assert.match(text, part);
    assert.equal(new X509Certificate(leaf.der).serialNumber.toLowerCase(), leaf.serial);
    assert.equal(leaf.authorityKeyId, issuing.certificate.subjectKeyId);
  }),
);

test('what is signed in a certificate is exactly the golden octets', async () => {
  // The private key 1, whose public key is the generator of P-256: known to everyone, so that the
  // file can be made again.
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: Buffer.alloc(32).fill(1, 31).toString('base64url'),
      x: Buffer.from('6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296', 'hex').toString('base64url'),
      y: Buffer.from('4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5', 'hex').toString('base64url'),
    },
  });
  const keys = { privateKey, publicKey: createPublicKey(privateKey) };
  const fixed = { now: NOW, random: seededBytes(42) };
  const root = await makeRoot({ subject: named('Root'), keys, lifetime: days(3650) }, fixed);
  const made = [
    ['root', root.certificate],
    [
      'intermediate',
      await issueAuthority(
        root,
        { subject: named('Issuing'), publicKey: keys.publicKey, lifetime: days(1825), crlUrls },
        fixed,
      ),
    ],
    ['login', await issue(root, entity('login', keys), fixed)],
    ['mail', await issue(root, entity('mail', keys), fixed)],
  ] as const;
  const text = made
    .map(([name, { signed }]) => `${name}\n${signed.toString('hex').replace(/.{1,100}/g, '$&\n')}`)
    .join('\n');
  assert.equal(text, goldenText('certificates.txt'));
});

test('serial numbers are 16 octets, positive, and never the same', async () => {
  const { issuing } = await plant('p256');
  const keys = await keyNamed('entity');
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++)
    seen.add((await issue(issuing, entity('login', keys), { now: NOW, random: seededBytes(i + 1) })).serial);
  assert.equal(seen.size, 50);
  for (const random of [() => new Uint8Array(16), () => new Uint8Array(16).fill(255)])
    assert.match((await issue(issuing, entity('login', keys), { now: NOW, random })).serial, /^[4-7][0-9a-f]{31}$/);
});

test('no certificate outlives its issuer, and none is issued that has ended or lacks what it needs', async () => {
  const { issuing } = await plant('p256');
  const keys = await keyNamed('entity');
  const long = await issue(issuing, entity('login', keys, { notAfter: instant(NOW + days(9999)) }), context);
  assert.equal(long.notAfter, issuing.certificate.notAfter);
  assert.throws(() => issue(issuing, entity('login', keys, { notAfter: NOW }), context), /which is past/);
  assert.throws(() => issue(issuing, entity('mail', keys, { emails: [] }), context), /without an address/);
  for (const email of ['a b@c.example', 'é@c.example', 'a@c.example\0', 'a', 'a@b@c'])
    assert.throws(
      () => issue(issuing, entity('mail', keys, { emails: [email] }), context),
      /expected an ASCII address/,
      email,
    );
});

test('roll-over of the root: whoever trusts the old or the new root accepts old and new certificates', peer, () =>
  onBench(async (bench) => {
    const old = await plant('rsa3072', 'old');
    const fresh = await plant('p384', 'new');
    // 1. Before: one leaf of each tree. 2. The new root is certified by the old one, and the old
    //    one by the new one.
    const keys = await keyNamed('entity');
    const oldLeaf = await issue(old.issuing, entity('login', keys), context);
    const newLeaf = await issue(fresh.issuing, entity('login', keys), context);
    const newByOld = await crossSign(old.root, fresh.root.certificate, context);
    const oldByNew = await crossSign(fresh.root, old.root.certificate, context);
    const between = [old.issuing.certificate, fresh.issuing.certificate, newByOld, oldByNew];
    for (const root of [old.root, fresh.root])
      for (const leaf of [oldLeaf, newLeaf]) {
        assert.equal(verifies(bench, 'sslclient', leaf, root.certificate, ...between), 'ok');
        assert.equal(
          findPath(leaf, { anchors: [root.certificate], intermediates: between, purpose: 'login', now: NOW }).kind,
          'trusted',
        );
      }
    // Without the cross certificates neither side accepts the other: the steps above are what does
    // it.
    const plain = [old.issuing.certificate, fresh.issuing.certificate];
    assert.notEqual(verifies(bench, 'sslclient', newLeaf, old.root.certificate, ...plain), 'ok');
    assert.equal(
      findPath(newLeaf, { anchors: [old.root.certificate], intermediates: plain, purpose: 'login', now: NOW }).kind,
      'untrusted',
    );
    assert.ok(
      newByOld.notAfter <= old.root.certificate.notAfter && newByOld.notAfter <= fresh.root.certificate.notAfter,
    );
  }),
);

test('roll-over of the intermediate: the same name with a new key, the old one signed again by a new root', peer, () =>
  onBench(async (bench) => {
    const { root, issuing } = await plant('p256', 'a');
    const keys = await keyNamed('second issuing');
    const options = { subject: issuing.certificate.subject, publicKey: keys.publicKey, lifetime: days(1825), crlUrls };
    const second = { certificate: await issueAuthority(root, options, context), privateKey: keys.privateKey };
    const leafKeys = await keyNamed('entity');
    const before = await issue(issuing, entity('login', leafKeys), context);
    const after = await issue(second, entity('login', leafKeys), context);
    const both = [issuing.certificate, second.certificate];
    for (const leaf of [before, after]) {
      assert.equal(verifies(bench, 'sslclient', leaf, root.certificate, ...both), 'ok');
      assert.equal(
        findPath(leaf, { anchors: [root.certificate], intermediates: both, purpose: 'login', now: NOW }).kind,
        'trusted',
      );
    }
    const newRoot = (await plant('p384', 'b')).root;
    const moved = await crossSign(newRoot, issuing.certificate, context);
    assert.equal(verifies(bench, 'sslclient', before, newRoot.certificate, moved), 'ok');
    assert.equal(moved.basicConstraints?.pathLength, 0);
  }),
);

test('an authority of ours may have none below it, and a leaf can be no authority', async () => {
  const { root, issuing } = await plant('p256');
  const keys = await keyNamed('third');
  const third = {
    certificate: await issueAuthority(
      issuing,
      { subject: named('Third'), publicKey: keys.publicKey, lifetime: days(9) },
      context,
    ),
    privateKey: keys.privateKey,
  };
  const leaf = await issue(third, entity('login', await keyNamed('entity')), context);
  const result = findPath(leaf, {
    anchors: [root.certificate],
    intermediates: [issuing.certificate, third.certificate],
    purpose: 'login',
    now: NOW,
  });
  assert.equal(result.kind === 'untrusted' && result.reason, 'path-length');
  assert.throws(() => crossSign(root, leaf, context), /is not an authority/);
});

test('a request of ours or of openssl is read, its proof is checked, and openssl accepts ours', peer, () =>
  onBench(async (bench) => {
    for (const [kind, keys] of [
      ['ec', await keyNamed('entity')],
      ['rsa', await keyNamed('entity rsa', 'rsa2048')],
    ] as const) {
      const der = await makeCertificateRequest(keys, {
        subject: named('Praktijk'),
        emails: ['lab@brug.example'],
        hosts: ['a.example'],
      });
      bench.put('r.pem', encodePem('CERTIFICATE REQUEST', der));
      assert.match(
        bench.openssl('req', '-in', 'r.pem', '-verify', '-noout', '-text'),
        /email:lab@brug.example, DNS:a.example/,
        kind,
      );
      const read = value(readCertificateRequest(der));
      assert.equal(formatName(read.subject), 'CN=Praktijk, O=Zorggroep, C=NL');
      assert.deepEqual(read.alternativeNames, [
        { kind: 'email', value: 'lab@brug.example' },
        { kind: 'dns', value: 'a.example' },
      ]);
      assert.ok(read.publicKey.equals(keys.publicKey));
    }
    const bare = await makeCertificateRequest(await keyNamed('entity'), { subject: [] });
    bench.put('r.der', bare);
    bench.openssl('req', '-inform', 'DER', '-in', 'r.der', '-verify', '-noout');
    assert.deepEqual(value(readCertificateRequest(bare)).alternativeNames, []);
    for (const key of ['rsa:2048', 'ec -pkeyopt ec_paramgen_curve:P-384', 'ed25519']) {
      bench.openssl(
        'req',
        '-new',
        '-newkey',
        ...key.split(' '),
        '-nodes',
        '-keyout',
        'k.pem',
        '-out',
        'o.pem',
        '-subj',
        '/emailAddress=old@a.example/CN=x',
        '-addext',
        'basicConstraints=critical,CA:true',
      );
      assert.equal(value(readCertificateRequest(bench.get('o.pem'))).alternativeNames.length, 0, key);
    }
  }),
);

test('a request without proof, with SHA-1 or with a weak key is refused with its reason', peer, () =>
  onBench(async (bench) => {
    const der = await makeCertificateRequest(await keyNamed('entity'), { subject: named('Praktijk') });
    const stolen = Buffer.from(der);
    const at = stolen.indexOf('Praktijk');
    stolen.write('Praktyk!', at);
    assert.equal(problem(readCertificateRequest(stolen)).kind, 'no-proof');
    for (const [key, hash, kind] of [
      ['rsa:1024', '-sha256', 'weak-key'],
      ['rsa:2048', '-sha1', 'weak-signature'],
    ] as const) {
      bench.openssl(
        'req',
        '-new',
        '-newkey',
        key,
        hash,
        '-nodes',
        '-keyout',
        'k.pem',
        '-out',
        'o.pem',
        '-subj',
        '/CN=x',
      );
      assert.equal(problem(readCertificateRequest(bench.get('o.pem'))).kind, kind);
    }
    assert.match(problem(readCertificateRequest('nothing')).text, /CERTIFICATE REQUEST/);
  }),
);

test('from a request come only the key and the names its owner may have', async () => {
  const keys = await keyNamed('entity');
  const der = await makeCertificateRequest(keys, {
    subject: makeName({ commonName: 'Administrator' }),
    emails: ['lab@brug.example'],
  });
  const request = value(readCertificateRequest(der));
  assert.deepEqual(value(allowedEmails(request, (e) => e === 'lab@brug.example')), ['lab@brug.example']);
  assert.match(problem(allowedEmails(request, () => false)).text, /"lab@brug.example", which is not an active address/);
  const { issuing } = await plant('p256');
  const leaf = await issue(issuing, entity('mail', { ...keys, publicKey: request.publicKey }), context);
  assert.equal(formatName(leaf.subject), 'CN=Praktijk De Brug, O=Zorggroep, C=NL');
  assert.ok(verify('sha256', leaf.signed, issuing.certificate.publicKey, leaf.signatureValue));
});

test('end dates of a batch are spread over the window, the same for one id, never later than asked', () => {
  const latest = instant(NOW + days(730));
  const ends = Array.from({ length: 1000 }, (_, i) => spreadEnd(latest, days(90), `account ${i}`));
  assert.ok(ends.every((end) => end <= latest && end > latest - days(92)));
  assert.ok(new Set(ends).size > 80, 'about every day of the window');
  const busiest = Math.max(...[...new Set(ends)].map((day) => ends.filter((end) => end === day).length));
  assert.ok(busiest < 40, `${busiest} of 1000 end on one day`);
  assert.equal(spreadEnd(latest, days(90), 'a'), spreadEnd(latest, days(90), 'a'));
});

test('key pairs are made off the main thread, of the kind that was asked for', async () => {
  for (const [kind, type, detail] of [
    ['p256', 'ec', 'prime256v1'],
    ['p384', 'ec', 'secp384r1'],
    ['rsa2048', 'rsa', 2048],
  ] as const) {
    const { publicKey } = await makeKeyPair(kind);
    assert.equal(publicKey.asymmetricKeyType, type);
    assert.equal(publicKey.asymmetricKeyDetails?.namedCurve ?? publicKey.asymmetricKeyDetails?.modulusLength, detail);
  }
});
