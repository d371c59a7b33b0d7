import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldText, fieldsNamed, headerEnd, readHeader } from '../../src/mime/header.ts';
import { seeded } from '../support/seeded.ts';

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

test('headerEnd() finds the empty line, also when the search goes on from the middle of it', () => {
  const text = octets('A: b\r\nC: d\r\n\r\nbody\r\n\r\n');
  for (let from = 0; from < 14; from++) assert.equal(headerEnd(text, from), 14, String(from));
  assert.equal(headerEnd(octets('\r\nbody')), 2);
  assert.equal(headerEnd(octets('A: b\r\nC: d\r\n')), -1);
});

test('readHeader() gives names in lower case and values unfolded, in the order they stand', () => {
  const header = readHeader(octets('From:\r\n Alice\r\n\t<a@b>\r\nX-Odd : \r\nfrom:x\r\n\r\n'));
  assert.ok(header.ok);
  assert.deepEqual(
    header.value.fields.map((f) => [f.name, fieldText(header.value, f), f.spaced]),
    [
      ['from', 'Alice\t<a@b>', false],
      ['x-odd', '', true],
      ['from', 'x', false],
    ],
  );
  assert.equal(fieldsNamed(header.value, 'from').length, 2);
});

test('readHeader() refuses what two programs would read differently, and names the line', () => {
  for (const [text, line] of [
    ['no colon here\r\n', 1],
    ['From alice Wed Nov 25\r\nFrom: a@b\r\n', 1],
    [' From: a@b\r\n', 1],
    [': value\r\n', 1],
    ['A: b\r\n c\r\n d\r\nnonsense\r\n', 4],
    ['A: b\r\nSubj\xe9ct: c\r\n', 2],
    ['A: b\r\nFrom\x00: c\r\n', 2],
  ] as const) {
    const header = readHeader(octets(text));
    assert.deepEqual(header, { ok: false, error: `header line ${line} is not a field` }, text);
  }
});

test('fields are offsets that cover every octet of the header (5,000 random headers, seeded)', () => {
  const atoms = ['From: a@b', 'X', ':', ' ', '\t', '\r\n', '\r\n ', 'Subject', 'a'.repeat(300), '\xe9', '\x7f', 'é'];
  for (let seed = 1; seed <= 5000; seed++) {
    const random = seeded(seed);
    let text = '';
    for (let n = random.below(20); n > 0; n--) text += random.pick(atoms);
    const source = octets(text);
    const header = readHeader(source);
    if (!header.ok) continue;
    let at = 0;
    for (const field of header.value.fields) {
      assert.equal(field.start, at, `seed ${seed}`);
      assert.ok(field.value > field.start && field.value <= field.end, `seed ${seed}`);
      at = field.end;
    }
    assert.ok(at === source.length || source.toString('latin1', at, at + 2) === '\r\n', `seed ${seed}`);
  }
});
