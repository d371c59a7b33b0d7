import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerError, parse } from '../../src/crypto/certificates/ber.ts';
import {
  type Encoded,
  Tag,
  bmp,
  encode,
  ia5,
  oid,
  printable,
  sequence,
  setOf,
  utf8,
} from '../../src/crypto/certificates/der.ts';
import {
  type Name,
  encodeName,
  formatName,
  looseNameKey,
  makeName,
  parseName,
  readName,
  sameName,
} from '../../src/crypto/certificates/distinguished-name.ts';
import { problem, value } from './support.ts';

const C = '2.5.4.6';
const O = '2.5.4.10';
const CN = '2.5.4.3';
const raw = (...rdns: readonly (readonly (readonly [string, Encoded])[])[]): Name =>
  readName(parse(encode(sequence(...rdns.map((rdn) => setOf(rdn.map(([type, v]) => sequence(oid(type), v))))))));

test('names are the same whatever their string type, letter case and spaces', () => {
  const one = raw([[C, printable('NL')]], [[O, utf8('Zorggroep De Brug')]], [[CN, utf8('Praktijk Noord')]]);
  for (const other of [
    raw([[C, utf8('NL')]], [[O, printable('ZORGGROEP  DE BRUG')]], [[CN, bmp(' praktijk noord ')]]),
    raw(
      [[C, printable('nl')]],
      [[O, ia5('zorggroep de brug', Tag.teletexString)]],
      [[CN, utf8('Praktijk\u00adNoord'.replace('\u00ad', '\u00ad '))]],
    ),
  ])
    assert.ok(sameName(one, other), formatName(other));
  assert.ok(sameName(raw([[CN, utf8('Caf\u00e9')]]), raw([[CN, utf8('Cafe\u0301')]])), 'composed and decomposed');
});

test('the order inside a multi-valued step does not count; the order of steps does, unless a person typed them', () => {
  const one = raw(
    [[C, printable('NL')]],
    [
      [O, utf8('A')],
      [CN, utf8('B')],
    ],
  );
  assert.ok(
    sameName(
      one,
      raw(
        [[C, printable('NL')]],
        [
          [CN, utf8('b')],
          [O, utf8('a')],
        ],
      ),
    ),
  );
  const turned = raw(
    [
      [O, utf8('A')],
      [CN, utf8('B')],
    ],
    [[C, printable('NL')]],
  );
  assert.equal(sameName(one, turned), false);
  assert.equal(looseNameKey(one), looseNameKey(turned));
});

test('different names stay different', () => {
  const base = raw([[O, utf8('A')]], [[CN, utf8('B')]]);
  for (const other of [
    raw([[O, utf8('A')]]),
    raw([[O, utf8('B')]], [[CN, utf8('A')]]),
    raw([
      [O, utf8('A')],
      [CN, utf8('B')],
    ]),
    raw([[O, utf8('A",2.5.4.3=B')]]),
    raw([[O, utf8('A')]], [[CN, utf8('B')]], [[CN, utf8('B')]]),
  ]) {
    assert.equal(sameName(base, other), false, formatName(other));
    assert.notEqual(looseNameKey(base), looseNameKey(other));
  }
});

test('a name is shown most specific first, escaped, and what is shown parses to the same name', () => {
  const name = makeName({
    commonName: 'Praktijk "De Brug", Noord + Zuid',
    organisation: ' x#',
    country: 'NL',
    serialNumber: '00000001',
  });
  assert.equal(
    formatName(name),
    String.raw`serialNumber=00000001, CN=Praktijk \"De Brug\"\, Noord \+ Zuid, O=\ x#, C=NL`,
  );
  assert.ok(sameName(value(parseName(formatName(name))), name));
  assert.equal(formatName(raw([[CN, utf8('a\r\nb\u202e')]])), String.raw`CN=a\ufffd\ufffdb\ufffd`);
});

test('parseName() says what it could not read', () => {
  for (const [text, expected] of [
    ['', /cannot read the name/],
    ['Praktijk', /expected a text like CN=/],
    ['XX=1', /"XX" is not a known attribute/],
    ['C=Nederland', /country code/],
    ['CN=', /is empty/],
    ['CN=a,', /cannot read/],
    ['CN=a\\', /cannot read/],
    ['CN="a"', /cannot read/],
    ['1.99=a', /"1.99" is not a known attribute/],
    [`CN=${'x'.repeat(65)}`, /more than 64/],
    [`CN=a${', O=b'.repeat(40)}`, /too many parts/],
    [`CN=${'a'.repeat(5000)}`, /longer than 4096/],
  ] as const)
    assert.match(problem(parseName(text)), expected, text);
  assert.equal(formatName(value(parseName('cn = a , 1.2.3.4=b+OU=c,C=NL'))), 'CN=a, 1.2.3.4=b+OU=c, C=NL');
  assert.ok(sameName(value(parseName(String.raw`CN=Zo\c3\ab\2c x`)), value(parseName(String.raw`CN=Zoë\, x`))));
});

test('a name with an empty step, a huge value or too many parts is refused', () => {
  const many = Array.from({ length: 33 }, () => [[CN, utf8('x')]] as const);
  for (const make of [() => raw([]), () => raw([[CN, utf8('x'.repeat(2000))]]), () => raw(...many)])
    assert.throws(make, BerError);
});

test('names are encoded in the string types of RFC 5280', () => {
  const octets = encode(encodeName(makeName({ commonName: 'é', country: 'NL' })));
  assert.equal(octets.toString('hex'), '301a310b3009060355040613024e4c310b300906035504030c02c3a9');
  assert.throws(() => makeName({ commonName: 'a\nb' }), /control character/);
});
