import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BER_LIMITS,
  BerError,
  DER_LIMITS,
  type Element,
  type ReadLimits,
  parse,
  parseFirst,
} from '../../src/crypto/certificates/ber.ts';
import {
  booleanValue,
  integerHex,
  namedBitNumbers,
  oidValue,
  smallInteger,
  textValue,
  timeValue,
} from '../../src/crypto/certificates/ber-values.ts';
import * as der from '../../src/crypto/certificates/der.ts';
import { type Instant, MiB, instant } from '../../src/domain/units.ts';
import { effort } from '../support/effort.ts';
import { type Bench, onBench, seeded, withoutOpenssl } from './support.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const failure = (
  octets: Buffer,
  limits: ReadLimits = DER_LIMITS,
  walk: (e: Element) => unknown = walkAll,
): BerError => {
  try {
    walk(parse(octets, limits));
  } catch (error) {
    assert.ok(error instanceof BerError, String(error));
    return error;
  }
  return assert.fail('expected a BerError');
};
function walkAll(element: Element): number {
  let count = 1;
  if (element.constructed) for (const child of element.children()) count += walkAll(child);
  return count;
}

test('values are written as X.690 shows them', () => {
  const table: readonly (readonly [der.Encoded, string])[] = [
    [der.integer(0), '02 01 00'],
    [der.integer(127), '02 01 7f'],
    [der.integer(128), '02 02 00 80'],
    [der.integer(256), '02 02 01 00'],
    [der.integer(hex('0000ff')), '02 02 00 ff'],
    [der.integer(hex('00')), '02 01 00'],
    [der.boolean(true), '01 01 ff'],
    [der.nothing(), '05 00'],
    [der.oid('1.2.840.113549'), '06 06 2a 86 48 86 f7 0d'],
    [der.oid('2.999.3'), '06 03 88 37 03'],
    [der.oid('2.16.528.1.1003.1.3.5'), '06 09 60 84 10 01 87 6b 01 03 05'],
    [der.utf8('é'), '0c 02 c3 a9'],
    [der.bmp('Aé'), '1e 04 00 41 00 e9'],
    [der.bitString(hex('0a')), '03 02 00 0a'],
    [der.namedBits([0]), '03 02 07 80'],
    [der.namedBits([5, 6]), '03 02 01 06'],
    [der.namedBits([0, 8]), '03 03 07 80 80'],
    [der.namedBits([]), '03 01 00'],
    [der.time(instant(Date.UTC(2049, 11, 31, 23, 59, 59))), `17 0d ${Buffer.from('491231235959Z').toString('hex')}`],
    [der.time(instant(Date.UTC(2050, 0, 1))), `18 0f ${Buffer.from('20500101000000Z').toString('hex')}`],
    [der.setOf([der.integer(2), der.integer(1)]), '31 06 02 01 01 02 01 02'],
    [der.explicit(0, der.integer(2)), 'a0 03 02 01 02'],
    [der.sequence(der.octetString(Buffer.alloc(200))), `30 81 cb 04 81 c8 ${'00'.repeat(200)}`],
  ];
  for (const [value, expected] of table)
    assert.equal(der.encode(value).toString('hex'), hex(expected).toString('hex'), expected);
});

test('a value keeps the pieces it was made from, and joins to the same octets', () => {
  const payload = Buffer.alloc(70_000, 7);
  const value = der.sequence(der.integer(1), der.explicit(0, der.octetString(payload)));
  const pieces = [...der.pieces(value)];
  assert.ok(pieces.includes(payload), 'the payload is handed on, not copied');
  assert.equal(
    pieces.reduce((n, p) => n + p.length, 0),
    value.length,
  );
  const joined = der.encode(value);
  let at = 0;
  for (const piece of pieces) {
    assert.ok(joined.subarray(at, at + piece.length).equals(piece));
    at += piece.length;
  }
  assert.equal(joined.length, value.length);
});

test('what cannot be encoded is a RangeError that names the value', () => {
  assert.throws(() => der.integer(-1), /Cannot encode -1/);
  assert.throws(() => der.integer(1.5), RangeError);
  for (const bad of ['', '1', '3.1', '1.40', '1.2.x', '1.-2']) assert.throws(() => der.oid(bad), RangeError, bad);
  assert.throws(() => der.time(instant(Date.UTC(1949, 0, 1))), /1949/);
});

test('plain values read back', () => {
  const read = (value: der.Encoded): Element => parse(der.encode(value));
  for (const n of [0, 1, 127, 128, 255, 256, 65535, 0x7fffffff])
    assert.equal(smallInteger(read(der.integer(n)), 'n'), n);
  assert.equal(integerHex(read(der.integer(hex('00ff'))), 'n'), 'ff');
  for (const dotted of ['2.5.4.3', '0.9.2342.19200300.100.1.25', '2.999', '1.3.6.1.4.1.99999999'])
    assert.equal(oidValue(read(der.oid(dotted)), 'oid'), dotted);
  for (const bits of [[], [0], [5, 6], [0, 2, 8]])
    assert.deepEqual(namedBitNumbers(read(der.namedBits(bits)), 'bits'), bits);
  assert.equal(booleanValue(read(der.boolean(true)), 'b'), true);
  assert.equal(textValue(read(der.bmp('Žižka')), 's'), 'Žižka');
  assert.equal(textValue(read(der.utf8('Žižka 🚑')), 's'), 'Žižka 🚑');
  assert.equal(textValue(parse(hex('1c 08 00 01 f6 91 00 00 00 41')), 's'), '🚑A');
  assert.equal(textValue(parse(hex('14 01 e9')), 's'), 'é');
  const at: Instant = instant(Date.UTC(2031, 1, 28, 23, 59, 58));
  assert.equal(timeValue(read(der.time(at)), 't'), at);
});

test('times that do not exist, texts that are none and numbers with a second spelling are refused', () => {
  const utc = (text: string): Buffer => der.ia5(text, der.Tag.utcTime);
  for (const text of ['300229000000Z', '301301000000Z', '3001010000Z', '300101000000+0100', '300101240000Z', ''])
    failure(utc(text), DER_LIMITS, (e) => timeValue(e, 't'));
  failure(hex('02 02 00 01'), DER_LIMITS, (e) => integerHex(e, 'n'));
  failure(hex('02 00'), DER_LIMITS, (e) => integerHex(e, 'n'));
  failure(hex('02 01 80'), DER_LIMITS, (e) => integerHex(e, 'n'));
  failure(hex('0c 02 c3 28'), DER_LIMITS, (e) => textValue(e, 's'));
  failure(hex('1e 01 00'), DER_LIMITS, (e) => textValue(e, 's'));
  failure(hex('1c 04 00 11 00 00'), DER_LIMITS, (e) => textValue(e, 's'));
  failure(hex('06 02 80 01'), DER_LIMITS, (e) => oidValue(e, 'o'));
  failure(hex('06 01 81'), DER_LIMITS, (e) => oidValue(e, 'o'));
  failure(hex('06 09 2a ff ff ff ff ff ff ff 7f'), DER_LIMITS, (e) => oidValue(e, 'o'));
  failure(hex('03 01 03'), DER_LIMITS, (e) => namedBitNumbers(e, 'b'));
  failure(hex('01 02 ff ff'), DER_LIMITS, (e) => booleanValue(e, 'b'));
});

test('errors tell where and why', () => {
  const table: readonly (readonly [string, BerError['kind'], number, RegExp])[] = [
    ['', 'malformed', 0, /missing/],
    ['30', 'malformed', 0, /cut off in its head/],
    ['30 03 02 05 00', 'malformed', 2, /5 octets is cut off after 1/],
    ['30 82 01', 'malformed', 0, /cut off in its length/],
    ['30 85 01 00 00 00 00', 'limit', 0, /5 octets, expected at most 4/],
    ['30 81 05 00 00 00 00 00', 'malformed', 0, /longer than DER/],
    ['30 82 00 80', 'malformed', 0, /longer than DER/],
    ['30 80 00 00', 'malformed', 0, /DER forbids/],
    ['05 00 00', 'malformed', 2, /followed by 1 unexpected/],
    ['3f 81 01 00', 'unsupported', 0, /tag number/],
    ['30 02 00 00', 'malformed', 2, /end mark/],
  ];
  for (const [octets, kind, offset, text] of table) {
    const error = failure(hex(octets));
    assert.deepEqual([error.kind, error.offset], [kind, offset], octets);
    assert.match(error.message, text);
    assert.match(error.message, new RegExp(`at offset ${offset}`));
  }
});

test('BER: indefinite lengths and strings in parts read to the same octets', () => {
  const nested = parse(hex('30 80 24 80 04 02 01 02 24 05 04 01 03 04 00 00 00 02 01 05 00 00'), BER_LIMITS);
  const inside = nested.children();
  const text = inside.next('string');
  assert.deepEqual(
    [...text.octetPieces()].map((p) => p.toString('hex')),
    ['0102', '03', ''],
  );
  assert.equal(smallInteger(inside.next('number'), 'number'), 5);
  assert.ok(inside.done);
  assert.equal(nested.raw.length, 22);
  const streamed = [der.indefinite(0x30), der.integer(9), der.END_OF_CONTENTS].map((p) => p.toString('hex')).join('');
  assert.equal(smallInteger(parse(hex(streamed), BER_LIMITS).children().next('n'), 'n'), 9);
  for (const bad of ['30 80', '30 80 00', '30 80 02 01', '04 80 00 00', '30 80 05 00 00', '24 80 02 01 05 00 00'])
    failure(hex(bad), BER_LIMITS, (e) => [walkAll(e), ...e.octetPieces()]);
});

test('parseFirst() stops after the first value', () => {
  assert.equal(smallInteger(parseFirst(hex('02 01 07 ff ff')), 'n'), 7);
});

test('size, depth and number of values are limited', () => {
  assert.equal(failure(Buffer.alloc(MiB + 1, 5)).kind, 'limit');
  let deep: der.Encoded = der.nothing();
  for (let i = 0; i < DER_LIMITS.maxDepth; i++) deep = der.sequence(deep);
  assert.equal(walkAll(parse(der.encode(deep))), DER_LIMITS.maxDepth + 1);
  assert.match(failure(der.encode(der.sequence(deep))).message, /deeper than 24/);
  const many = der.encode(der.sequenceOf(Array.from({ length: DER_LIMITS.maxElements }, der.nothing)));
  assert.match(failure(many).message, /more than 20000 values/);
});

test('a bomb of nested indefinite lengths costs no more than the limit of values', () => {
  const bomb = Buffer.alloc(MiB, hex('30 80'));
  assert.equal(failure(bomb, BER_LIMITS).kind, 'limit');
  // The deepest legal nesting around many values: every level looks for its own end.
  const wide = Buffer.alloc(2 * 30 + 2 * 10_000 + 2 * 30, 0);
  wide.fill(hex('30 80'), 0, 60);
  wide.fill(hex('05 00'), 60, 60 + 20_000);
  assert.match(failure(wide, BER_LIMITS).message, /more than 20000 values/);
});

test('fuzz: any octets end in a value or a BerError, within the limit of values', () => {
  const next = seeded(20261125);
  const tags = [0x30, 0x31, 0xa0, 0x24, 0x04, 0x02, 0x06, 0x00, 0x1f, 0x80];
  for (let round = 0; round < effort(5000, 20_000); round++) {
    const octets = Buffer.alloc(Math.floor(next() * 40));
    for (let i = 0; i < octets.length; i++)
      octets[i] =
        next() < 0.5 ? tags[Math.floor(next() * tags.length)]! : Math.floor(next() * (next() < 0.5 ? 16 : 256));
    for (const limits of [BER_LIMITS, DER_LIMITS]) {
      try {
        const element = parse(octets, limits);
        walkAll(element);
        assert.ok([...element.octetPieces()].length < 1000);
      } catch (error) {
        assert.ok(error instanceof BerError, `${octets.toString('hex')}: ${String(error)}`);
        assert.ok(error.offset <= octets.length);
      }
    }
  }
});

test('fuzz: whatever is written reads back, and openssl agrees on its shape', { skip: withoutOpenssl }, () =>
  onBench((bench: Bench) => {
    const next = seeded(7);
    const make = (depth: number): der.Encoded => {
      const pick = Math.floor(next() * (depth > 4 ? 5 : 8));
      if (pick === 0) return der.integer(Math.floor(next() * 2 ** 40));
      if (pick === 1) return der.octetString(Buffer.alloc(Math.floor(next() * 300), 1));
      if (pick === 2) return der.utf8('é'.repeat(Math.floor(next() * 100)));
      if (pick === 3) return der.boolean(next() < 0.5);
      if (pick === 4) return der.nothing();
      const parts = Array.from({ length: Math.floor(next() * 5) }, () => make(depth + 1));
      return pick === 5 ? der.sequence(...parts) : pick === 6 ? der.setOf(parts) : der.value(0xa1, ...parts);
    };
    for (let round = 0; round < 300; round++) {
      const value = make(0);
      const octets = der.encode(value);
      assert.equal(octets.length, value.length);
      assert.ok(parse(octets).raw.equals(octets));
      const count = walkAll(parse(octets));
      if (round % 20 !== 0) continue;
      bench.put('value', octets);
      assert.equal(bench.openssl('asn1parse', '-inform', 'DER', '-in', 'value').trim().split('\n').length, count);
    }
  }),
);
