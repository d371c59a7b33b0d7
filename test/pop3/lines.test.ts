import assert from 'node:assert/strict';
import { test } from 'node:test';
import { octets } from '../../src/domain/units.ts';
import { LineReader } from '../../src/pop3/lines.ts';

const limits = { commandLine: octets(20), authLine: octets(60) };

const readAll = (reader: LineReader, sasl = false): string[] => {
  const lines: string[] = [];
  for (let line = reader.next(sasl); line !== undefined; line = reader.next(sasl))
    lines.push(typeof line === 'string' ? `<${line}>` : line.toString('latin1'));
  return lines;
};

test('lines are the same wherever the packets are cut', () => {
  const input = Buffer.from(
    'STAT\r\nNOOP\n\r\nLIST 1\r\n' + 'x'.repeat(30) + ' QUIT\r\nQUIT\r\nAUTH ' + 'a'.repeat(40) + '\r\n',
  );
  const expected = ['STAT', 'NOOP', '', 'LIST 1', '<overlong>', 'QUIT', `AUTH ${'a'.repeat(40)}`];
  for (let size = 1; size <= input.length; size += 1) {
    const reader = new LineReader(limits);
    const lines: string[] = [];
    for (let from = 0; from < input.length; from += size) {
      reader.push(input.subarray(from, from + size));
      lines.push(...readAll(reader));
    }
    assert.deepEqual(lines, expected, `cut every ${size}`);
    assert.equal(reader.waiting, 0);
  }
});

test('a line of the limit with its CRLF is taken, one octet more is not', () => {
  const reader = new LineReader(limits);
  reader.push(Buffer.from(`${'a'.repeat(18)}\r\n${'b'.repeat(19)}\r\n`));
  assert.deepEqual(readAll(reader), ['a'.repeat(18), '<overlong>']);
});

test('a SASL response may be as long as the AUTH limit, and not longer', () => {
  const reader = new LineReader(limits);
  reader.push(Buffer.from(`${'a'.repeat(58)}\r\n${'b'.repeat(59)}\r\n`));
  assert.deepEqual(readAll(reader, true), ['a'.repeat(58), '<overlong>']);
});

test('a line without an end is held to no more than the limit and reported in the end', () => {
  const reader = new LineReader(limits);
  const seen: string[] = [];
  for (let sent = 0; sent <= 64 * 1024; sent += 1024) {
    reader.push(Buffer.alloc(1024, 'x'));
    seen.push(...readAll(reader));
    assert.equal(reader.waiting, 0);
  }
  assert.deepEqual(seen, ['<flood>']);
});

test('clear() forgets what waits and says how much that was', () => {
  const reader = new LineReader(limits);
  reader.push(Buffer.from('STLS\r\nUSER x\r\nPA'));
  assert.equal(String(reader.next(false)), 'STLS');
  assert.equal(reader.clear(), 10);
  assert.equal(reader.next(false), undefined);
});
