import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { type Authority, issue, issueAuthority, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { type Certificate, certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { encode, explicit, integer, octetString, oid, sequence } from '../../src/crypto/certificates/der.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { derivePkcs12, passwordOctets } from '../../src/crypto/key-files/pkcs5.ts';
import { makePkcs12 } from '../../src/crypto/key-files/pkcs12-export.ts';
import { readPkcs12 } from '../../src/crypto/key-files/pkcs12-import.ts';
import { decryptRc2 } from '../../src/crypto/key-files/rc2.ts';
import { days, instant } from '../../src/domain/units.ts';
import { NOW, keyNamed, named, onBench, problem, seededBytes, value, withoutOpenssl } from './support.ts';

const peer = { skip: withoutOpenssl };
const random = seededBytes(11);
const context = { now: NOW, random };
const PASSWORD = 'Geheim-é-€-1';

interface Holder {
  readonly keys: Awaited<ReturnType<typeof keyNamed>>;
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
}
async function holder(kind: 'p256' | 'p384' | 'rsa2048'): Promise<Holder> {
  const root: Authority = await makeRoot(
    { subject: named('Root'), keys: await keyNamed('root'), lifetime: days(999) },
    context,
  );
  const middle = await keyNamed('middle');
  const certificate = await issueAuthority(
    root,
    { subject: named('Issuing'), publicKey: middle.publicKey, lifetime: days(500) },
    context,
  );
  const keys = await keyNamed(kind, kind);
  const entity = {
    use: 'login',
    subject: named('Praktijk'),
    publicKey: keys.publicKey,
    emails: [],
    notAfter: instant(NOW + days(99)),
  } as const;
  return {
    keys,
    certificate: await issue({ certificate, privateKey: middle.privateKey }, entity, context),
    chain: [certificate, root.certificate],
  };
}

for (const kind of ['p256', 'p384', 'rsa2048'] as const)
  test(`a file of ours opens in openssl and in Node's TLS, and reads back: ${kind}, AES-256 and legacy`, peer, () =>
    onBench(async (bench) => {
      const { keys, certificate, chain } = await holder(kind);
      bench.put('password', PASSWORD);
      for (const scheme of ['aes256', 'legacy'] as const) {
        const file = await makePkcs12(keys.privateKey, certificate, {
          password: PASSWORD,
          scheme,
          friendlyName: 'Praktijk é',
          chain,
          random,
        });
        bench.put('f.p12', file);
        const info = bench.openssl('pkcs12', '-in', 'f.p12', '-passin', 'file:password', '-info', '-noenc');
        if (scheme === 'aes256')
          assert.match(
            info,
            /MAC: sha256, Iteration 50000[^]*PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/,
          );
        else assert.match(info, /MAC: sha1, Iteration 2000[^]*pbeWithSHA1And3-KeyTripleDES-CBC/);
        assert.equal(info.match(/BEGIN CERTIFICATE/g)?.length, 3);
        assert.match(info, /friendlyName: /);
        assert.ok(
          createPublicKey(createPrivateKey(/-----BEGIN PRIVATE KEY[^]*?END PRIVATE KEY-----/.exec(info)![0])).equals(
            keys.publicKey,
          ),
        );
        createSecureContext({ pfx: file, passphrase: PASSWORD });
        const read = value(await readPkcs12(file, PASSWORD));
        assert.equal(read.keys.length, 1);
        assert.ok(read.keys[0]!.privateKey.equals(keys.privateKey));
        assert.equal(read.keys[0]!.certificate?.fingerprint, certificate.fingerprint);
        assert.equal(read.keys[0]!.friendlyName, 'Praktijk é');
        assert.equal(read.certificates.length, 3);
        assert.equal(problem(await readPkcs12(file, `${PASSWORD} `)).kind, 'wrong-password');
      }
    }),
  );

test('files of openssl are read: its default, -legacy, PBMAC1, other ciphers and hashes; RSA and EC', peer, () =>
  onBench(async (bench) => {
    const { status: hasLegacy } = bench.run('list', '-providers', '-provider', 'legacy');
    if (hasLegacy !== 0)
      console.log('*** openssl has no legacy provider: RC2 files of a real program are not tried ***');
    const pbmac1 = bench.run('pkcs12', '-help').output.includes('pbmac1');
    const variants = [
      [],
      ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha512'],
      ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'NONE', '-macalg', 'sha1'],
      ['-iter', '1', '-macalg', 'sha384'],
      ...(hasLegacy === 0 ? [['-legacy']] : []),
      ...(pbmac1 ? [['-pbmac1_pbkdf2']] : []),
    ];
    for (const kind of ['p256', 'rsa2048'] as const) {
      const { keys, certificate, chain } = await holder(kind);
      bench.put('k.pem', keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      bench.put('c.pem', certificatePem(certificate));
      bench.put('chain.pem', chain.map(certificatePem).join(''));
      for (const variant of variants)
        for (const password of variant.length === 0 ? ['secret', ''] : ['secret']) {
          bench.put('password', `${password}\n`);
          bench.openssl(
            'pkcs12',
            '-export',
            '-inkey',
            'k.pem',
            '-in',
            'c.pem',
            '-certfile',
            'chain.pem',
            '-name',
            'lab',
            '-out',
            'f.p12',
            '-passout',
            'file:password',
            ...variant,
          );
          const read = value(await readPkcs12(bench.get('f.p12'), password));
          assert.ok(read.keys[0]!.privateKey.equals(keys.privateKey), variant.join(' '));
          assert.equal(read.keys[0]!.certificate?.fingerprint, certificate.fingerprint);
          assert.equal(read.keys[0]!.friendlyName, 'lab');
          assert.equal(read.certificates.length, 3);
          assert.equal(
            problem(await readPkcs12(bench.get('f.p12'), 'Secret')).kind,
            'wrong-password',
            variant.join(' '),
          );
        }
      bench.openssl(
        'pkcs12',
        '-export',
        '-inkey',
        'k.pem',
        '-in',
        'c.pem',
        '-out',
        'f.p12',
        '-passout',
        'pass:x',
        '-nomac',
      );
      assert.match(
        problem(await readPkcs12(bench.get('f.p12'), 'x')).text,
        /no MAC, so nothing shows that it is whole/,
      );
    }
  }),
);

test('a changed octet anywhere is an error, never another key', async () => {
  const { keys, certificate } = await holder('p256');
  const file = await makePkcs12(keys.privateKey, certificate, { password: 'x', scheme: 'legacy', random });
  for (let at = 0; at < file.length; at += 7) {
    const changed = Buffer.from(file);
    changed[at] = (changed[at] ?? 0) ^ 0x41;
    const read = await readPkcs12(changed, 'x');
    if (read.ok) assert.ok(read.value.keys[0]!.privateKey.equals(keys.privateKey), `octet ${at}`);
  }
});

test('a file that asks for hours of work, one that is no PKCS #12 and one too large are refused at once', async () => {
  const safe = encode(sequence());
  const file = (iterations: number, content: string = Oid.data): Buffer =>
    encode(
      sequence(
        integer(3),
        sequence(oid(content), explicit(0, octetString(safe))),
        sequence(
          sequence(sequence(oid(Oid.sha256)), octetString(Buffer.alloc(32))),
          octetString(Buffer.alloc(8)),
          integer(iterations),
        ),
      ),
    );
  assert.match(
    problem(await readPkcs12(file(2_000_000_000), 'x')).text,
    /2000000000 iterations are asked for, expected 1 to 1000000/,
  );
  assert.equal(problem(await readPkcs12(file(0), 'x')).kind, 'limit');
  assert.match(problem(await readPkcs12(file(1, '1.2.840.113549.1.7.2'), 'x')).text, /public key/);
  assert.equal(problem(await readPkcs12(file(1), 'x')).kind, 'wrong-password');
  assert.match(problem(await readPkcs12(Buffer.from('hello'), 'x')).text, /^Cannot read the PKCS #12 file: .*offset/);
  assert.equal(problem(await readPkcs12(Buffer.alloc(300_000, 0x30), 'x')).kind, 'limit');
});

test('an empty password or an endless friendly name protects and names nothing', async () => {
  const { keys, certificate } = await holder('p256');
  await assert.rejects(makePkcs12(keys.privateKey, certificate, { password: '', random }), /empty password/);
  await assert.rejects(
    makePkcs12(keys.privateKey, certificate, { password: 'x', friendlyName: 'x'.repeat(201), random }),
    /200 characters/,
  );
});

test('RC2 gives the plain texts of RFC 2268 section 5', () => {
  // The RFC shows single blocks; CBC with a zero vector is the same, and the block must end in
  // padding to be accepted: two blocks are made of a known one by its vector, so that only the last
  // one carries padding.
  const vectors = [
    ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
    ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
    ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
    ['88', 64, '0000000000000000', '61a8a244adacccf0'],
    ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
    ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
    ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
    ['88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e', 129, '0000000000000000', '5b78d3a43dfff1f1'],
  ] as const;
  for (const [key, bits, plain, cipher] of vectors) {
    // vector = plain xor eight octets of padding: the decrypted block is all padding, and nothing
    // is left of it.
    const vector = Buffer.from(plain, 'hex').map((octet) => octet ^ 8);
    const block = Buffer.from(cipher, 'hex');
    assert.equal(decryptRc2(Buffer.from(key, 'hex'), bits, Buffer.from(vector), block)?.length, 0, `${key} ${bits}`);
    assert.equal(decryptRc2(Buffer.from(key, 'hex'), bits, Buffer.alloc(8, 0x55), block), undefined);
  }
  assert.equal(decryptRc2(Buffer.alloc(5), 40, Buffer.alloc(8), Buffer.alloc(7)), undefined);
});

test('the old key derivation gives what openssl kdf gives, over more than one block', peer, () =>
  onBench(async (bench) => {
    for (const [hash, length] of [
      ['sha1', 24],
      ['sha256', 80],
      ['sha512', 64],
    ] as const) {
      const password = passwordOctets('smeg');
      const salt = Buffer.from('0a58cf64530d823f', 'hex');
      const ours = await derivePkcs12(hash, password, { salt, iterations: 1000 }, 1, length);
      const theirs = bench.openssl(
        'kdf',
        '-keylen',
        String(length),
        '-kdfopt',
        `digest:${hash}`,
        '-kdfopt',
        `hexpass:${password.toString('hex')}`,
        '-kdfopt',
        `hexsalt:${salt.toString('hex')}`,
        '-kdfopt',
        'iter:1000',
        '-kdfopt',
        'id:1',
        'PKCS12KDF',
      );
      assert.equal(ours.toString('hex'), theirs.trim().replace(/:/g, '').toLowerCase());
    }
  }),
);
