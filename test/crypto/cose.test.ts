/**
 * Public keys of passkeys, as authenticators write them: the three kinds that are registered, and
 * what is none.
 */
import assert from 'node:assert/strict';
import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { verifyCose } from '../../src/crypto/trail/cose.ts';

const octets = (text = ''): Buffer => Buffer.from(text, 'base64url');
/** A byte string of CBOR. */
const bytes = (of: Buffer): Buffer =>
  Buffer.concat([of.length < 256 ? Buffer.of(0x58, of.length) : Buffer.of(0x59, of.length >> 8, of.length & 255), of]);

const SIGNED = Buffer.from('authenticator data and a hash');

interface Kind {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly hash: 'sha256' | null;
  readonly cose: Buffer;
}

function kinds(): readonly Kind[] {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [p, q, r] = [ec, ed, rsa].map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
  const map = (head: string, ...parts: readonly Buffer[]): Buffer =>
    Buffer.concat([Buffer.from(head, 'hex'), ...parts]);
  // Labels: kty 01, alg 03, crv 20, x 21, y 22; for RSA n 20 and e 21.
  return [
    {
      name: 'ES256',
      ...ec,
      hash: 'sha256',
      cose: map('a501020326200121', bytes(octets(p?.x)), Buffer.of(0x22), bytes(octets(p?.y))),
    },
    { name: 'EdDSA', ...ed, hash: null, cose: map('a401010327200621', bytes(octets(q?.x))) },
    {
      ...{ name: 'RS256', ...rsa, hash: 'sha256' as const },
      cose: map('a4010303390100', Buffer.of(0x20), bytes(octets(r?.n)), Buffer.from('2143', 'hex'), octets(r?.e)),
    },
  ];
}

test('a signature of each kind holds under its own key, and under no other or over no other octets', () => {
  const all = kinds();
  for (const { name, privateKey, hash, cose } of all) {
    const signature = sign(hash, SIGNED, privateKey);
    assert(verifyCose(cose, SIGNED, signature), name);
    assert(!verifyCose(cose, Buffer.concat([SIGNED, Buffer.of(0)]), signature), name);
    for (const other of all.filter((one) => one.name !== name))
      assert(!verifyCose(other.cose, SIGNED, signature), name);
  }
});

test('what is no such key verifies nothing: cut short, with something behind it, another curve, a label twice', () => {
  for (const { name, privateKey, hash, cose } of kinds()) {
    const signature = sign(hash, SIGNED, privateKey);
    const not = (changed: Buffer, why: string): void =>
      assert(!verifyCose(changed, SIGNED, signature), `${name} ${why}`);
    for (let end = 0; end < cose.length; end += 1) not(cose.subarray(0, end), `cut at ${end}`);
    not(Buffer.concat([cose, Buffer.of(0)]), 'with something behind it');
    not(Buffer.concat([Buffer.of((cose[0] ?? 0) + 1), cose.subarray(1), Buffer.from('0101', 'hex')]), 'a label twice');
    not(Buffer.concat([Buffer.from('bf', 'hex'), cose.subarray(1), Buffer.of(0xff)]), 'of no length');
    const curved = Buffer.from(cose);
    curved.writeUInt8((curved[6] ?? 0) ^ 2, 6);
    not(curved, 'another curve');
  }
  assert(!verifyCose(Buffer.alloc(10_000), SIGNED, SIGNED));
});
