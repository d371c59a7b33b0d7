import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LfDecoder } from '../../src/smtp/lf-decoder.ts';
import { seeded } from '../support/seeded.ts';

/** What comes out of `pieces`, and what is left behind the final dot. */
function decode(pieces: readonly string[]): { content: string; rest: string | undefined; decoder: LfDecoder } {
  const decoder = new LfDecoder();
  let content = '';
  let rest: string | undefined;
  for (const piece of pieces) {
    if (rest !== undefined) {
      rest += piece;
      continue;
    }
    const decoded = decoder.push(Buffer.from(piece, 'latin1'));
    content += decoded.slice.toString('latin1');
    rest = decoded.rest?.toString('latin1');
  }
  return { content, rest, decoder };
}

test('every LF ends a line, a line of one dot the message, and what follows stays as it is', () => {
  for (const [wire, content, rest] of [
    ['A: b\n\ntext\n.\nQUIT\n', 'A: b\r\n\r\ntext\r\n', 'QUIT\n'],
    ['A: b\n..\n...x\n.\n', 'A: b\r\n.\r\n..x\r\n', ''],
    ['mixed\r\nends\n.\r\nRSET\r\n', 'mixed\r\nends\r\n', 'RSET\r\n'],
    ['.\n', '', ''],
    ['.\r\n', '', ''],
    ['.5 mg\n.\n', '.5 mg\r\n', ''],
    ['a\rb\n.\n', 'a\r\nb\r\n', ''],
    ['\n.\n', '\r\n', ''],
    ['not yet\n. \n', 'not yet\r\n. \r\n', undefined],
  ] as const) {
    const got = decode([wire]);
    assert.deepEqual([got.content, got.rest], [content, rest], JSON.stringify(wire));
  }
});

test('wherever packets are cut, the message is the same (seeded)', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = seeded(seed);
    const lines = Array.from({ length: random.below(12) }, () =>
      random.pick(['', '.', '..', '.x', 'text', '\xe9\xff', "UNB+UNOA:1'", 'x'.repeat(random.below(50))]),
    );
    const ends = lines.map(() => random.pick(['\n', '\n', '\r\n']));
    const stuffed = lines.map((line, i) => `${line.startsWith('.') ? '.' : ''}${line}${ends[i] ?? ''}`).join('');
    const wire = `${stuffed}.${random.pick(['\n', '\r\n'])}NOOP\n`;
    const pieces: string[] = [];
    for (let at = 0; at < wire.length;) {
      const length = 1 + random.below(random.pick([1, 4, 60]));
      pieces.push(wire.slice(at, at + length));
      at += length;
    }
    const { content, rest, decoder } = decode(pieces);
    assert.equal(content, lines.map((line) => `${line}\r\n`).join(''), `seed ${seed}`);
    assert.equal(rest, 'NOOP\n', `seed ${seed}`);
    assert.equal(decoder.met.bareLf, ends.filter((end) => end === '\n').length, `seed ${seed}`);
  }
});
