import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decrypt } from '../../../src/crypto/cms/decrypt.ts';
import { encrypt, type EncryptionOptions } from '../../../src/crypto/cms/encrypt.ts';
import { signDetached, signOpaque, type Signer } from '../../../src/crypto/cms/sign.ts';
import { failures, isValid } from '../../../src/crypto/cms/verdict.ts';
import { verifyDetached, verifyOpaque } from '../../../src/crypto/cms/verify.ts';
import { NOW, seededBytes, value } from '../support.ts';
import { bucket, collect, everybody, person, random, signerOf, sliced, trust } from './support.ts';

/** Sizes around every border: empty, one block, the largest DER, and several parts. */
const SIZES = [0, 1, 15, 16, 17, 10_240, 262_144, 262_145, 3_000_000];
const content = seededBytes(11)(3_000_000);

const variants = async (): Promise<readonly (readonly [string, Signer])[]> => {
  const rsa = signerOf(await person('rsa2048'));
  const named = (await everybody()).map((who) => [who.name, signerOf(who)] as const);
  return [
    ...named,
    ['rsa sha384', { ...rsa, hash: 'sha384' }],
    ['rsa pss sha256', { ...rsa, rsa: 'pss' }],
    ['rsa pss sha512', { ...rsa, rsa: 'pss', hash: 'sha512' }],
  ];
};

test('every kind of signature verifies, opaque and detached, at every size', async () => {
  for (const [name, signer] of await variants())
    for (const size of name.includes('rsa2048') ? SIZES : [10_240, 300_000]) {
      const octets = content.subarray(0, size);
      const from = (await everybody()).find((p) => p.certificate === signer.certificate)?.address;
      const options = { signers: [signer], signingTime: NOW };
      const opaque = await collect(signOpaque(sliced(octets, 65_536), options));
      const into = bucket();
      const verdict = value(await verifyOpaque(() => sliced(opaque, 50_000), into.take, await trust(from)));
      assert.deepEqual(verdict.signers.map(failures), [[]], `${name}, ${size} octets`);
      assert.ok(isValid(verdict));
      assert.ok(into.octets().equals(octets), 'octet for octet');
      const detached = await signDetached(sliced(octets, 65_536), options);
      const beside = value(await verifyDetached([detached], () => sliced(octets, 100_000), await trust(from)));
      assert.ok(isValid(beside), `${name}, ${size} octets, detached`);
    }
});

test('every way of encryption comes out octet for octet, at every size', async () => {
  const [rsa, p256, p384] = [await person('rsa2048'), await person('p256'), await person('p384')];
  const recipients: EncryptionOptions['recipients'] = [
    { certificate: rsa.certificate, transport: 'oaep' },
    { certificate: p256.certificate },
    { certificate: p384.certificate, identifyBy: 'key-id' },
  ];
  const pkcs1: EncryptionOptions['recipients'] = [
    { certificate: rsa.certificate, transport: 'pkcs1', identifyBy: 'key-id' },
  ];
  for (const cipher of ['aes-128-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm'] as const)
    for (const size of SIZES) {
      const octets = content.subarray(0, size);
      const message = await collect(encrypt(sliced(octets, 30_000), { recipients, cipher, random }));
      for (const { certificate, privateKey } of [rsa, p256, p384]) {
        const into = bucket();
        const opened = value(
          await decrypt(sliced(message, 70_001), into.take, { keys: [{ certificate, privateKey }] }),
        );
        assert.ok(into.octets().equals(octets), `${cipher}, ${size} octets`);
        assert.equal(opened.authenticated, cipher.endsWith('gcm'));
        assert.equal(opened.octets, cipher.endsWith('gcm') ? size : size + 16 - (size % 16));
      }
      const old = await collect(encrypt([octets], { recipients: pkcs1, cipher, random }));
      const into = bucket();
      value(await decrypt([old], into.take, { keys: [rsa] }));
      assert.ok(into.octets().equals(octets));
    }
});
