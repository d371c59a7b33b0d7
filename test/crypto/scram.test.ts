import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  SCRAM_ITERATIONS,
  checkScramProof,
  readScramVerifier,
  saslprep,
  scramSalt,
  scramVerifier,
} from '../../src/crypto/passwords/scram.ts';

// RFC 7677 section 3.
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const MESSAGE = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${NONCE},s=${SALT.toString('base64')},i=4096,c=biws,r=${NONCE}`;
const PROOF = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
const SIGNATURE = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

const made = async (password: string, salt: Uint8Array = SALT, iterations = 4096): Promise<string> => {
  const result = await scramVerifier(password, salt, iterations);
  assert.ok(result.ok);
  return result.value;
};

test('the example of RFC 7677 section 3: the proof is right, and so is our signature', async () => {
  const verifier = readScramVerifier(await made('pencil'));
  assert.ok(verifier !== undefined);
  assert.equal(checkScramProof(verifier, MESSAGE, PROOF)?.toString('base64'), SIGNATURE);
});

test('any other proof, message or password is wrong', async () => {
  const verifier = readScramVerifier(await made('pencil'))!;
  const other = readScramVerifier(await made('pencils'))!;
  const changed = Buffer.from(PROOF);
  changed[31]! ^= 1;
  assert.equal(checkScramProof(verifier, MESSAGE, changed), undefined);
  assert.equal(checkScramProof(verifier, `${MESSAGE} `, PROOF), undefined);
  assert.equal(checkScramProof(other, MESSAGE, PROOF), undefined);
  for (const length of [0, 31, 33])
    assert.equal(checkScramProof(verifier, MESSAGE, Buffer.alloc(length, PROOF)), undefined, String(length));
});

test('a verifier has the form of RFC 5803, and only that form is read', async () => {
  const text = await made('pencil');
  assert.match(text, /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/);
  assert.deepEqual(readScramVerifier(text)?.salt, SALT);
  for (const wrong of ['', text.slice(1), `${text}=`, text.replace('4096', '0'), text.replace('SHA-256', 'SHA-1')])
    assert.equal(readScramVerifier(wrong), undefined, wrong);
});

test('a verifier costs 600,000 iterations unless told otherwise', async () => {
  const result = await scramVerifier('pencil', SALT);
  assert.ok(result.ok);
  assert.equal(readScramVerifier(result.value)?.iterations, SCRAM_ITERATIONS);
});

test('the salt of a login is the same each time, and another for each login and store', () => {
  const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  assert.deepEqual(scramSalt(key, 'jan'), scramSalt(key, 'jan'));
  assert.equal(new Set([scramSalt(key, 'jan'), scramSalt(key, 'piet'), scramSalt(other, 'jan')].map(String)).size, 3);
  assert.equal(scramSalt(key, 'jan').length, 16);
});

test('saslprep() spells as RFC 4013 section 3 shows', () => {
  for (const [text, expected] of [
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b\u3000c', 'a b c'],
    ['e\u0301', '\u00e9'],
    ['\u0627\u0644\u0633\u0631', '\u0627\u0644\u0633\u0631'],
  ] as const)
    assert.deepEqual(saslprep(text), { ok: true, value: expected }, text);
  for (const text of [
    '\u0007',
    'a\u0085b',
    '',
    '\u00ad',
    'a\ue000',
    'a\ud800',
    'a\u202eb',
    'a\ufffd',
    'a\u{e0041}',
    'a\uffff',
  ])
    assert.ok(!saslprep(text).ok, JSON.stringify(text));
});

test('a password that SASLprep prohibits gets no verifier, and the reason does not repeat it', async () => {
  const result = await scramVerifier('geheim\u202eje', SALT, 4096);
  assert.ok(!result.ok);
  assert.ok(!result.error.includes('geheim'));
});
