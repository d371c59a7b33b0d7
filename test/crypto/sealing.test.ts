/** At-rest sealing: what is sealed opens to the same octets, and everything else is noticed. */
import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import test from 'node:test';
import {
  SealBroken,
  deriveKey,
  openChunk,
  openWhole,
  sealChunk,
  sealWhole,
  unwrapKey,
  wrapKey,
} from '../../src/crypto/keys/sealing.ts';

const key = createSecretKey(randomBytes(32));
const id = 4_000_000_000_000_000_001n;

test('a sealed chunk opens to the same octets, at any length', () => {
  for (const length of [0, 1, 15, 16, 17, 10_000, 256 * 1024]) {
    const plain = randomBytes(length);
    const sealed = sealChunk(key, id, 3, true, plain);
    assert.deepEqual([sealed.octets.length, sealed.tag.length], [length, 16]);
    assert.deepEqual(openChunk(key, id, 3, true, sealed), plain);
    const whole = sealWhole(key, id, plain);
    assert.equal(whole.length, length + 16);
    assert.deepEqual(openWhole(key, id, whole), plain);
  }
});

test('a sealed chunk owns its memory, so that it can be handed to another thread', () => {
  const { octets } = sealChunk(key, id, 0, false, randomBytes(256 * 1024));
  assert.equal(octets.buffer.byteLength, octets.length);
});

test('a chunk opens only as what it was sealed for', () => {
  const sealed = sealChunk(key, id, 3, false, Buffer.from('octets'));
  const wrong: [string, () => unknown][] = [
    ['another key', () => openChunk(createSecretKey(randomBytes(32)), id, 3, false, sealed)],
    ['another message', () => openChunk(key, id + 1n, 3, false, sealed)],
    ['another place', () => openChunk(key, id, 2, false, sealed)],
    ['the end', () => openChunk(key, id, 3, true, sealed)],
    ['cut off', () => openChunk(key, id, 3, false, { ...sealed, octets: sealed.octets.subarray(1) })],
    ['a short tag', () => openChunk(key, id, 3, false, { ...sealed, tag: sealed.tag.subarray(0, 12) })],
    ['a piece of a whole', () => openWhole(key, id, sealWhole(key, id, Buffer.from('octets')).subarray(0, 10))],
  ];
  for (const [what, open] of wrong) assert.throws(open, SealBroken, what);
});

test('every flipped bit of a sealed chunk is noticed', () => {
  const sealed = sealWhole(key, id, randomBytes(40));
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = new Uint8Array(sealed);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => openWhole(key, id, changed), SealBroken);
  }
});

test('the same content is sealed to other octets in each chunk', () => {
  const plain = Buffer.alloc(64);
  const seen = new Set(
    [0, 1, 2, 256].map((n) => Buffer.from(sealChunk(key, id, n, false, plain).octets).toString('hex')),
  );
  assert.equal(seen.size, 4);
});

test('a wrapped key opens under the same key for the same purpose only', () => {
  const secret = randomBytes(32);
  const wrapped = wrapKey(key, secret, 'a', randomBytes);
  assert.deepEqual(unwrapKey(key, wrapped, 'a').export(), secret);
  assert.throws(() => unwrapKey(key, wrapped, 'b'), SealBroken);
  assert.throws(() => unwrapKey(createSecretKey(randomBytes(32)), wrapped, 'a'), SealBroken);
  assert.throws(() => unwrapKey(key, wrapped.subarray(1), 'a'), SealBroken);
  assert.notDeepEqual(wrapKey(key, secret, 'a', randomBytes), wrapped);
});

test('keys for different purposes differ', () => {
  const master = randomBytes(32);
  assert.deepEqual(deriveKey(master, 'a').export(), deriveKey(master, 'a').export());
  assert.notDeepEqual(deriveKey(master, 'a').export(), deriveKey(master, 'b').export());
});
