import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, domainOf, needsUtf8, parseAddress } from '../../src/domain/address.ts';

const parsed = (text: string) => {
  const result = parseAddress(text);
  assert.ok(result.ok, `expected "${text}" to be an address`);
  return result.value;
};

test('parseAddress() takes what the group may register, in the spelling it was written', () => {
  for (const text of [
    'a@b.example',
    'Dr.Jansen+lab@Praktijk.example',
    "o'brien@x.example",
    'müller@klinik.example',
    '500012345@lms.example',
  ])
    assert.equal(parsed(text), text);
});

test('parseAddress() refuses what could be a second spelling of an address, a control character or an injection', () => {
  for (const text of [
    '',
    'a',
    '@b.example',
    'a@',
    'a@@b',
    '"a b"@c.example',
    'a@[127.0.0.1]',
    '.a@b.example',
    'a.@b.example',
    'a..b@c.example',
    'a b@c.example',
    'a\r\n@b.example',
    'a\0@b.example',
    'a@b_c.example',
    'a@-b.example',
    'a@b..example',
    'a\u200b@b.example',
    'a\u00a0@b.example',
    '<a@b.example>',
  ])
    assert.equal(parseAddress(text).ok, false, JSON.stringify(text));
});

test('parseAddress() takes off quotes that a local part does not need, and refuses those that it needs', () => {
  for (const [written, plain] of [
    ['"a"@b.example', 'a@b.example'],
    ['"Dr.Jansen+lab"@Praktijk.example', 'Dr.Jansen+lab@Praktijk.example'],
    ['"müller"@klinik.example', 'müller@klinik.example'],
  ] as const) {
    assert.equal(parsed(written), plain);
    assert.equal(addressKey(parsed(written)), addressKey(parsed(plain)));
    assert.equal(domainOf(parsed(written)), domainOf(parsed(plain)));
  }
  for (const text of [
    '""@b.example',
    '" a"@b.example',
    '"a b"@c.example',
    '"a\\b"@c.example',
    '"a\\"b"@c.example',
    '"a@b.example"@c.example',
    '"a@b.example',
    '"a"b@c.example',
    'a"b"@c.example',
    '"a"."b"@c.example',
    '"a".b@c.example',
    '"".a@b.example',
    '""a""@b.example',
    '".a"@b.example',
    '"a..b"@c.example',
    '"a,b"@c.example',
    '"a>"@b.example',
    '"a\r\nRCPT"@b.example',
    '"a\0"@b.example',
    '"a\u200b"@b.example',
    '"a"@',
    '"a"@"b.example"',
    '"a" @b.example',
    '\'a"@b.example',
    '"a"@[127.0.0.1]',
  ])
    assert.equal(parseAddress(text).ok, false, JSON.stringify(text));
  const long = 'a'.repeat(64);
  assert.equal(parsed(`"${long}"@b.example`), `${long}@b.example`);
  assert.equal(parseAddress(`"${long}a"@b.example`).ok, false);
});

test('parseAddress() counts octets, not characters', () => {
  assert.ok(parseAddress(`${'a'.repeat(64)}@b.example`).ok);
  assert.equal(parseAddress(`${'a'.repeat(65)}@b.example`).ok, false);
  assert.equal(parseAddress(`${'é'.repeat(33)}@b.example`).ok, false);
  assert.equal(parseAddress(`a@${'b.'.repeat(200)}example`).ok, false);
});

test('addressKey() is equal exactly for one address in two spellings', () => {
  assert.equal(addressKey(parsed('Jan@Praktijk.Example')), addressKey(parsed('jan@praktijk.example')));
  assert.equal(addressKey(parsed('caf\u00e9@b.example')), addressKey(parsed('cafe\u0301@b.example')));
  assert.notEqual(addressKey(parsed('jan@b.example')), addressKey(parsed('j.an@b.example')));
});

test('domainOf() and needsUtf8() read the parts', () => {
  assert.equal(domainOf(parsed('a@B.Example')), 'b.example');
  assert.equal(needsUtf8(parsed('a@b.example')), false);
  assert.equal(needsUtf8(parsed('ä@b.example')), true);
});
