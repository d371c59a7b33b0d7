import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPrivateKey, sealPrivateKey } from '../../src/crypto/keys/sealed-key.ts';
import { keyNamed, problem, seededBytes, value } from './support.ts';

const master = Buffer.alloc(32, 7);
const random = seededBytes(1);
const place = { purpose: 'issuing-authority', id: 'a1' } as const;

test('a sealed key opens with its key, purpose and id, and with nothing else', async () => {
  for (const kind of ['p256', 'rsa2048'] as const) {
    const { privateKey } = await keyNamed(kind, kind);
    const sealed = sealPrivateKey(master, privateKey, { ...place, random });
    assert.ok(value(openPrivateKey(master, sealed, place)).equals(privateKey));
    for (const [key, where] of [
      [Buffer.alloc(32, 8), place],
      [master, { ...place, id: 'a2' }],
      [master, { ...place, purpose: 'account-mail' }],
      [master, { ...place, purpose: 'root-authority' }],
    ] as const)
      assert.match(
        problem(openPrivateKey(key, sealed, where)),
        /does not open: it was sealed with another key or for another use/,
      );
  }
});

test('a changed octet anywhere, or a cut, keeps a sealed key shut', async () => {
  const { privateKey } = await keyNamed('p256');
  const sealed = sealPrivateKey(master, privateKey, { ...place, random });
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(openPrivateKey(master, changed, place).ok, false, `octet ${at}`);
    if (at % 10 === 0) assert.equal(openPrivateKey(master, sealed.subarray(0, at), place).ok, false);
  }
});

test('nothing of the key can be seen in what is sealed, and a short master key is refused', async () => {
  const { privateKey } = await keyNamed('p256');
  const sealed = sealPrivateKey(master, privateKey, { ...place, random });
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
  assert.equal(sealed.length, plain.length + 4 + 12 + 16);
  for (let at = 0; at + 8 < plain.length; at++) assert.equal(sealed.includes(plain.subarray(at, at + 8)), false);
  const short = Buffer.alloc(16);
  assert.throws(() => sealPrivateKey(short, privateKey, { ...place, random }), /no 32 octets/);
});
