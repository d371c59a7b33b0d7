import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServedLines } from '../../src/takeover/served-lines.ts';

/** In slices of every size, which must not change what comes out. */
function served(text: string): string {
  const all = [1, 2, 3, 1000].map((size) => {
    const lines = new ServedLines();
    const out: Buffer[] = [];
    const octets = Buffer.from(text, 'latin1');
    for (let at = 0; at < octets.length; at += size) out.push(lines.write(octets.subarray(at, at + size)));
    out.push(lines.end());
    return Buffer.concat(out).toString('latin1');
  });
  assert.equal(new Set(all).size, 1);
  return all[0]!;
}

test('what comes out is what a POP3 server sent of the file', () => {
  for (const [file, wire] of [
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\r\nb\nc', 'a\r\nb\r\nc\r\n'],
    ['\n\n', '\r\n\r\n'],
    ['a\rb\r\r\n', 'a\rb\r\r\n'],
    ['a\r', 'a\r\r\n'],
    ['.\n..\n', '.\r\n..\r\n'],
    ['a\0b\n', 'a\x80b\r\n'],
    ['\xe9\xff\n', '\xe9\xff\r\n'],
    ['', '\r\n'],
  ])
    assert.equal(served(file!), wire);
});

test('what had to be changed is known', () => {
  const changes = (text: string): [boolean, boolean] => {
    const lines = new ServedLines();
    lines.write(Buffer.from(text, 'latin1'));
    return [lines.changedLineEnds, lines.changedNul];
  };
  assert.deepEqual(['a\r\n', 'a\r', 'a\n', 'a\0\r\n', '\n'].map(changes), [
    [false, false],
    [false, false],
    [true, false],
    [false, true],
    [true, false],
  ]);
});
