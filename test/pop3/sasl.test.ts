import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64 } from '../../src/auth/client-text.ts';
import { parseExternal, parseLoginText, parsePlain } from '../../src/pop3/sasl.ts';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

test('parsePlain() takes an empty authorization identity or the same one', () => {
  const expected = { ok: true, value: { login: 'jan', password: 'p w' } };
  assert.deepEqual(parsePlain(base64('\0jan\0p w')), expected);
  assert.deepEqual(parsePlain(base64('jan\0jan\0p w')), expected);
});

test('parsePlain() refuses a foreign identity, further NULs, empty parts and what is no base64', () => {
  for (const [text, expected] of [
    [base64('piet\0jan\0p'), /as another one/],
    [base64('\0jan\0p\0'), /exactly two NULs/],
    [base64('\0jan\0p\0q'), /exactly two NULs/],
    [base64('jan\0p'), /exactly two NULs/],
    [base64('\0\0p'), /empty/],
    [base64('\0jan\0'), /empty/],
    ['', /exactly two NULs/],
    ['AGphbgBw!', /not base64/],
    ['AGphbgB', /not base64/],
    ['AG phbgBw', /not base64/],
  ] as const) {
    const parsed = parsePlain(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.error, expected);
  }
});

test('a SASL text is UTF-8, or Latin-1 where it is none', () => {
  assert.deepEqual(parseLoginText(base64('andré')), { ok: true, value: 'andré' });
  assert.deepEqual(parseLoginText(Buffer.from('andré', 'latin1').toString('base64')), { ok: true, value: 'andré' });
  assert.ok(!parseLoginText('').ok);
  assert.ok(!parseLoginText(base64('a\0b')).ok);
});

test('parseExternal() reads the identity, empty or not', () => {
  for (const empty of ['', '=']) assert.deepEqual(parseExternal(empty), { ok: true, value: '' });
  assert.deepEqual(parseExternal(base64('andré')), { ok: true, value: 'andré' });
  for (const text of ['YQ', 'Y===', base64('a\0b')]) assert.ok(!parseExternal(text).ok, text);
});

test('decodeBase64() is strict about padding and alphabet', () => {
  assert.equal(decodeBase64('YQ==')?.toString(), 'a');
  for (const text of ['YQ=', 'YQ', 'Y===', 'YQ==YQ==', 'YQ\r\n', '-_-_'])
    assert.equal(decodeBase64(text), undefined, text);
});
