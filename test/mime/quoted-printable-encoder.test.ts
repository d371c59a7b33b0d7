import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuotedPrintableDecoder } from '../../src/mime/quoted-printable-decoder.ts';
import { QuotedPrintableEncoder } from '../../src/mime/quoted-printable-encoder.ts';
import { seeded } from '../support/seeded.ts';

function encoded(octets: Buffer, size = octets.length + 1): string {
  const encoder = new QuotedPrintableEncoder();
  const made: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) made.push(Buffer.from(encoder.push(octets.subarray(at, at + size))));
  return Buffer.concat([...made, Buffer.from(encoder.end())]).toString('latin1');
}

function decoded(text: string): Buffer {
  const decoder = new QuotedPrintableDecoder();
  const octets = Buffer.from(decoder.push(Buffer.from(text, 'latin1')));
  return Buffer.concat([octets, Buffer.from(decoder.end())]);
}

test('text stays readable, and what a road may change is written as digits', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['caf\xe9 = 1\r\n', 'caf=E9 =3D 1\r\n'],
    ['blank at the end \r\n\tand in front\t\r\n', 'blank at the end=20\r\n\tand in front=09\r\n'],
    ['no line end ', 'no line end=20'],
    ['\r\n\r\n', '\r\n\r\n'],
    ['one\rtwo\nthree\r', 'one=0Dtwo=0Athree=0D'],
    ['\0\x7f', '=00=7F'],
    ['a'.repeat(75), 'a'.repeat(75)],
    ['a'.repeat(77), `${'a'.repeat(75)}=\r\naa`],
  ];
  for (const [text, expected] of cases) {
    assert.equal(encoded(Buffer.from(text, 'latin1')), expected);
    assert.equal(decoded(expected).toString('latin1'), text);
  }
});

test('decoded it is the same, lines are short and of 7 bits, wherever the slices are cut (seed 2045)', () => {
  const random = seeded(2045);
  for (let round = 0; round < 300; round += 1) {
    const octets = Buffer.from(
      Array.from({ length: random.below(400) }, () =>
        random.pick([13, 10, 32, 9, 61, 65, 66, 126, 0xe9, random.below(256)]),
      ),
    );
    const whole = encoded(octets);
    assert.equal(encoded(octets, 1 + random.below(40)), whole, `round ${round}`);
    assert.ok(decoded(whole).equals(octets), `round ${round}`);
    for (const line of whole.split('\r\n')) {
      assert.ok(line.length <= 76, line);
      assert.match(line, /^[\t\x20-\x7e]*$/);
      assert.doesNotMatch(line, /[ \t]$/);
    }
  }
});
