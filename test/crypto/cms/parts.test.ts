/** The parts by themselves, against published values and against node:crypto. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash, createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { ContentDigests } from '../../../src/crypto/cms/content-digests.ts';
import { tagWithout } from '../../../src/crypto/cms/ghash.ts';
import { deriveX963 } from '../../../src/crypto/cms/key-agreement.ts';
import { coalesced } from '../../../src/crypto/cms/slices.ts';
import { seeded, seededBytes } from '../support.ts';
import { sliced } from './support.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test('the key derivation of X9.63 gives the values of NIST', () => {
  // ansx963_2001.rsp, SHA-256, first vector.
  const secret = hex('96c05619d56c328ab95fe84b18264b08725b85e33fd34f08');
  assert.equal(deriveX963('sha256', secret, Buffer.alloc(0), 16).toString('hex'), '443024c3dae66b95e6f5670601558f71');
  // More than one block of the hash: the counter goes on.
  const long = deriveX963('sha1', secret, hex('00ff'), 50);
  const blocks = [1, 2, 3].map((n) =>
    createHash('sha1')
      .update(secret)
      .update(Buffer.from([0, 0, 0, n]))
      .update(hex('00ff'))
      .digest(),
  );
  assert.ok(Buffer.concat(blocks).subarray(0, 50).equals(long));
});

test('AES key wrap gives the value of RFC 3394 section 4.6', () => {
  const kek = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  const data = hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f');
  const wrapped = createCipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6)).update(data);
  assert.equal(
    wrapped.toString('hex'),
    '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
  );
});

test('a tag with additional data is brought back to the tag without, at every length', () => {
  const random = seededBytes(21);
  for (const [octets, additional, key] of [
    [0, 1, 16],
    [1, 16, 32],
    [16, 17, 16],
    [100, 48, 24],
    [5000, 300, 32],
    [70_000, 20, 16],
  ] as const) {
    const [secret, iv, content, extra] = [random(key), random(12), random(octets), random(additional)];
    const tag = (aad: Uint8Array | undefined): Buffer => {
      const cipher = createCipheriv(`aes-${(key * 8) as 128 | 192 | 256}-gcm`, secret, iv);
      if (aad) cipher.setAAD(aad);
      cipher.update(content);
      cipher.final();
      return cipher.getAuthTag();
    };
    const without = tagWithout(Buffer.from(extra), tag(extra), octets, Buffer.from(secret));
    assert.ok(without.equals(tag(undefined)), `${octets} octets, ${additional} additional`);
    assert.ok(
      tagWithout(Buffer.from(extra), tag(extra).subarray(0, 12), octets, createSecretKey(secret)).equals(
        tag(undefined).subarray(0, 12),
      ),
    );
  }
});

test('digests are the same for every cut, in the exact and in the canonical form', () => {
  const next = seeded(17);
  const alphabet = Buffer.from('ab\r\n\n\r');
  for (let round = 0; round < 200; round++) {
    const text = Buffer.from(
      Array.from({ length: Math.floor(next() * 80) }, () => alphabet[Math.floor(next() * alphabet.length)]!),
    );
    const digests = new ContentDigests(['sha256', 'sha512'], 'exact-and-canonical');
    for (let at = 0; at < text.length;) {
      const end = Math.min(text.length, at + 1 + Math.floor(next() * 9));
      digests.update(text.subarray(at, end));
      at = end;
    }
    const { exact, canonical } = digests.finish();
    const expected = Buffer.from(text.toString('latin1').replace(/(?<!\r)\n/g, '\r\n'), 'latin1');
    for (const hash of ['sha256', 'sha512'] as const) {
      const digest = (octets: Buffer): string => createHash(hash).update(octets).digest('hex');
      assert.equal(exact.get(hash)?.toString('hex'), digest(text));
      assert.equal(
        (canonical ?? exact).get(hash)?.toString('hex'),
        digest(expected),
        JSON.stringify(text.toString('latin1')),
      );
    }
  }
});

test('coalesced() keeps every octet in order, joins what is small and copies nothing large', () => {
  const next = seeded(8);
  const octets = Buffer.from(seededBytes(9)(900_000));
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length;) {
    const end = Math.min(octets.length, at + Math.floor(next() < 0.9 ? next() * 100 : next() * 60_000));
    pieces.push(octets.subarray(at, end));
    at = end;
  }
  const made = coalesced(pieces);
  assert.ok(Buffer.concat(made).equals(octets));
  assert.ok(made.length < pieces.length / 3);
  assert.ok(made.some((piece) => piece.buffer === octets.buffer));
  assert.equal(coalesced(sliced(Buffer.alloc(0), 1) as Buffer[]).length, 0);
});
