import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExternal, readLogin, readPlain } from '../../src/smtp/sasl.ts';
import { seeded } from '../support/seeded.ts';

const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');

test('readPlain() takes one login, with an identity only where it is the login itself', () => {
  const expected = { kind: 'credentials', credentials: { login: 'alice', password: 'pw é' } };
  assert.deepEqual(readPlain(base64('\0alice\0pw é')), expected);
  assert.deepEqual(readPlain(base64('alice\0alice\0pw é')), expected);
  assert.equal(readPlain(base64('ALICE\0alice\0pw')).kind, 'credentials');
  assert.equal(readPlain(base64('bob\0alice\0pw')).kind, 'foreign');
  // An old program that knows Latin-1 only.
  assert.deepEqual(readPlain(base64('\0alice\0pw \xe9', 'latin1')), expected);
});

test('readPlain() refuses everything else', () => {
  for (const text of [
    '',
    '=',
    'AAAA',
    '!!!!',
    'AGFsaWNl',
    base64('\0alice\0pw\0'),
    base64('alice\0\0pw'),
    base64('\0\0pw'),
    base64('\0alice\0'),
  ])
    assert.equal(readPlain(text).kind, 'malformed', text);
  assert.equal(readPlain('*').kind, 'cancelled');
  assert.equal(readPlain(base64(`\0alice\0${'x'.repeat(2000)}`)).kind, 'malformed');
});

test('readLogin() gives the text, undefined when malformed and null when cancelled', () => {
  assert.equal(readLogin(base64('alice')), 'alice');
  assert.equal(readLogin('*'), null);
  for (const text of ['', 'YQ', 'Y===', base64('a\0b')]) assert.equal(readLogin(text), undefined, text);
});

test('readExternal() gives the identity, empty or not, undefined when malformed and null when cancelled', () => {
  for (const empty of ['', '=']) assert.equal(readExternal(empty), '');
  assert.equal(readExternal(base64('andré')), 'andré');
  assert.equal(readExternal('*'), null);
  for (const text of ['YQ', 'Y===', base64('a\0b'), base64('a'.repeat(2000))])
    assert.equal(readExternal(text), undefined, text);
});

test('no text throws (5,000 random ones, seeded)', () => {
  for (let seed = 1; seed <= 5000; seed++) {
    const random = seeded(seed);
    const octets = Buffer.from(
      Array.from({ length: random.below(40) }, () => random.pick([0, 0, 65, 97, 255, random.below(256)])),
    );
    for (const text of [octets.toString('base64'), octets.toString('latin1')]) {
      const plain = readPlain(text);
      if (plain.kind === 'credentials') assert.ok(plain.credentials.login !== '' && plain.credentials.password !== '');
      readLogin(text);
      readExternal(text);
    }
  }
});
