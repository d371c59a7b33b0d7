import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopCutter } from '../../src/pop3/top.ts';

const message = 'From: a\r\nSubject: b\r\n c\r\n\r\none\r\n\r\nthree\r\nfour\r\n';

const cut = (text: string, lines: number, size: number): string => {
  const cutter = new TopCutter(lines);
  const body = Buffer.from(text);
  let taken = '';
  for (let from = 0; from < body.length && !cutter.done; from += size) {
    const piece = body.subarray(from, from + size);
    taken += piece.subarray(0, cutter.take(piece)).toString();
  }
  return taken;
};

test('TOP takes the header, the blank line and so many lines of the body, wherever the pieces are cut', () => {
  const header = 'From: a\r\nSubject: b\r\n c\r\n\r\n';
  const expected: [number, string][] = [
    [0, header],
    [1, `${header}one\r\n`],
    [2, `${header}one\r\n\r\n`],
    [3, `${header}one\r\n\r\nthree\r\n`],
    [4, message],
    [99, message],
  ];
  for (let size = 1; size <= message.length; size += 1)
    for (const [lines, top] of expected) assert.equal(cut(message, lines, size), top, `${lines} lines, cut at ${size}`);
});

test('a message without a body, or one that starts with a blank line, is its own top', () => {
  assert.equal(cut('From: a\r\n', 5, 4), 'From: a\r\n');
  assert.equal(cut('\r\nbody\r\nmore\r\n', 1, 3), '\r\nbody\r\n');
});
