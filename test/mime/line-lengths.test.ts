// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineLengths } from '../../src/mime/line-lengths.ts';
import { seeded } from '../support/seeded.ts';

const measure = (pieces: readonly string[]): { long: number; longest: number } => {
  const lines = new LineLengths();
  for (const piece of pieces) lines.add(Buffer.from(piece, 'latin1'));
  lines.end();
  return { long: lines.long, longest: lines.longest };
};

test('998 octets are a line, 999 are too many, with an end or without', () => {
  for (const end of ['\r\n', '']) {
    assert.deepEqual(measure([`a\r\n${'x'.repeat(998)}${end}`]), { long: 0, longest: 0 });
    assert.deepEqual(measure([`a\r\n${'x'.repeat(999)}${end}`]), { long: 1, longest: 999 });
  }
});

test('lines are measured as by splitting, wherever slices are cut (seeded)', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const lines = Array.from({ length: 1 + random.below(30) }, () =>
      'x'.repeat(random.pick([0, 1, 60, 76, 900, 997, 998, 999, 1000, 1001, 2500, random.below(4000)])),
    );
    const text = `${lines.join('\r\n')}${random.pick(['', '\r\n'])}`;
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + random.below(random.pick([2, 900, 1100, 9000]));
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    const long = lines.filter((line) => line.length > 998).map((line) => line.length);
    assert.deepEqual(measure(pieces), { long: long.length, longest: Math.max(0, ...long) }, `seed ${seed}`);
  }
});

test('50 MB of one line, of empty lines and of usual lines take well under a second each', () => {
  for (const line of ['x'.repeat(256 * 1024), '\r\n'.repeat(128 * 1024), `${'x'.repeat(76)}\r\n`.repeat(3360)]) {
    const slice = Buffer.from(line);
    const lines = new LineLengths();
    const before = process.cpuUsage();
    for (let n = 0; n < 200; n += 1) lines.add(slice);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1_000_000, `${user} us`);
  }
});
