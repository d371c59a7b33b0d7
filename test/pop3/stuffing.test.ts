import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DotStuffer } from '../../src/pop3/stuffing.ts';

/** RFC 1939 section 3 read back to front: what every client does with an answer. */
const unstuff = (wire: string): string => wire.replace(/(^|\r\n)\.\./g, '$1.');

const stuffAll = (pieces: readonly Buffer[]): { wire: string; stuffer: DotStuffer } => {
  const stuffer = new DotStuffer();
  return { wire: pieces.map((p) => stuffer.stuff(p).toString('latin1')).join(''), stuffer };
};

/** A small generator with a seed, so that a failure can be repeated. */
const random = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

test('stuffing out and un-stuffing gives the same octets, wherever the pieces are cut', () => {
  const alphabet = ['.', '.', '\r\n', '\r\n', '\r', '\n', 'a', '\xe9', '\r\n.', '\r\n..\r\n'];
  for (let seed = 1; seed <= 2000; seed += 1) {
    const next = random(seed);
    const body = Buffer.from(
      `${Array.from({ length: 1 + Math.floor(next() * 40) }, () => alphabet[Math.floor(next() * alphabet.length)]).join('')}\r\n`,
      'latin1',
    );
    const pieces: Buffer[] = [];
    for (let from = 0; from < body.length;) {
      const size = 1 + Math.floor(next() * 5);
      pieces.push(body.subarray(from, from + size));
      from += size;
    }
    const { wire, stuffer } = stuffAll(pieces);
    assert.equal(unstuff(wire), body.toString('latin1'), `seed ${seed}`);
    assert.doesNotMatch(wire, /(^|\r\n)\.(?!\.)/, `seed ${seed}: a line begins with a single dot`);
    assert.ok(stuffer.atLineStart, `seed ${seed}`);
  }
});

test('a piece without a dot at the start of a line is passed on uncopied', () => {
  const stuffer = new DotStuffer();
  const piece = Buffer.from('Subject: a.b\r\n\r\ntext.\r\n');
  assert.equal(stuffer.stuff(piece), piece);
});

test('atLineStart tells whether the message may end', () => {
  for (const [pieces, expected] of [
    [[], true],
    [['a'], false],
    [['a\r'], false],
    [['a\r', '\n'], true],
    [['a\n'], false],
    [['a\r\n'], true],
    [['\r', 'x', '\n'], false],
  ] as const)
    assert.equal(stuffAll(pieces.map((p) => Buffer.from(p))).stuffer.atLineStart, expected, JSON.stringify(pieces));
});
