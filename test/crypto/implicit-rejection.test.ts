import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { rejectsImplicitly } from '../../src/crypto/certificates/implicit-rejection.ts';

const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 1024 });

test('the OpenSSL of this Node answers wrong paddings with a key', () => assert.equal(rejectsImplicitly(), true));

test('one that refuses them, and one whose keys differ each time, are told apart from it', () => {
  // As Node 20 does with OpenSSL 3.0, as an OpenSSL without implicit rejection does, and as one
  // would that makes a new key each time.
  const refuses = () => {
    throw new Error('RSA_PKCS1_PADDING is no longer supported for private decryption');
  };
  const takesOff = (encrypted: Buffer): Buffer => {
    const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted);
    if (block[0] !== 0 || block[1] !== 2) throw new Error('wrong padding');
    return block.subarray(block.indexOf(0, 2) + 1);
  };
  for (const [name, decrypts] of Object.entries({ refuses, takesOff, differs: () => randomBytes(16) }))
    assert.equal(rejectsImplicitly(decrypts), false, name);
});
