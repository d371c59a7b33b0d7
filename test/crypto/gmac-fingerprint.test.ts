import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { GmacFingerprint } from '../../src/crypto/keys/gmac-fingerprint.ts';
import { seeded } from '../support/seeded.ts';

const KEY = createSecretKey(Uint8Array.from({ length: 32 }, (_, n) => n));

function fingerprint(octets: Uint8Array, cuts: () => number = () => Infinity, key = KEY): string {
  const made = new GmacFingerprint(key);
  for (let at = 0; at < octets.length;) {
    const slice = Uint8Array.prototype.slice.call(octets, at, at + cuts());
    made.update(slice);
    at += slice.length;
    // Nothing of a slice may be kept.
    slice.fill(0x55);
  }
  return made.digest().toString('hex');
}

test('it is the GMAC of another program: what a store holds stays true', () => {
  // openssl mac -cipher AES-256-GCM -macopt hexkey:000102..1f -macopt
  // hexiv:000000000000000000000000 GMAC, OpenSSL 3.0
  assert.equal(fingerprint(Buffer.from('the octets of a message\r\n')), 'a70807940d841c32f4da7155fdc448f1');
  assert.equal(fingerprint(Buffer.alloc(0)), 'f05d76ae4ab99fe5a6f69b3148c2363d');
});

test('the same octets have the same one wherever they are cut; each changed, lost or added octet makes another', () => {
  const random = seeded(1);
  const octets = random.octets(2000);
  const known = fingerprint(octets);
  for (const most of [1, 15, 17, 300])
    assert.equal(
      fingerprint(octets, () => 1 + random.below(most)),
      known,
    );
  const seen = new Set([known, fingerprint(octets, undefined, createSecretKey(Buffer.alloc(32, 1)))]);
  for (let at = 0; at < octets.length; at++) {
    const changed = Buffer.from(octets);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    for (const other of [changed, octets.subarray(0, at)]) seen.add(fingerprint(other));
  }
  seen.add(fingerprint(Buffer.concat([octets, Buffer.alloc(1)])));
  assert.equal(seen.size, 2 * octets.length + 3);
});
