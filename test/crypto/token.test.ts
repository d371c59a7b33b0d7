/** Tokens of programs: what is compared with what is kept, and how. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { isSameToken, tokensOf } from '../../src/crypto/keys/token.ts';

const tokens = tokensOf('sluis_');

test('a token is its own, and no other: not one whose hash differs in one bit at either end, nor a part of it', () => {
  const { token, id, hash } = tokens.make();
  const read = tokens.read(token) ?? assert.fail();
  assert.deepEqual(read, { id, hash });
  assert(isSameToken(read, { hash }));
  for (const at of [0, 5, 31]) {
    const other = Uint8Array.from(hash);
    other[at]! ^= 1;
    assert(!isSameToken(read, { hash: other }), String(at));
  }
  assert(!isSameToken(read, { hash: hash.subarray(0, 31) }));
  assert(!isSameToken(read, { hash: new Uint8Array(0) }));
});

test('whole digests are compared, in a time that does not tell where they differ', (t) => {
  const compared = t.mock.method(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  t.after(() => {
    compared.mock.restore();
    syncBuiltinESMExports();
  });
  const [one, other] = [tokens.make(), tokens.make()];
  isSameToken(one, other);
  assert.deepEqual(
    compared.mock.calls.map(({ arguments: [a, b] }) => [Buffer.from(a as Uint8Array), Buffer.from(b as Uint8Array)]),
    [[Buffer.from(one.hash), Buffer.from(other.hash)]],
  );
  assert.equal(one.hash.length, 32);
});

test('what has not the form is no token: another prefix, one character more or less, another alphabet', () => {
  const { token } = tokens.make();
  for (const text of [`x${token}`, token.slice(0, -1), `${token}A`, token.replace('sluis_', 'sluis-'), `${token}\n`])
    assert.equal(tokens.read(text), undefined, JSON.stringify(text));
  assert.equal(tokens.read(`${token.slice(0, -1)}=`), undefined);
});
