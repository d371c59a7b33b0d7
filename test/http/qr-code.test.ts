/**
 * The drawing of QR codes, by what the standard says of it. That a reader nobody of us wrote reads
 * them is test/peers/qr-code.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qrCode, qrPath } from '../../src/http/qr-code.ts';

test('a code has the marks of its version, its two formats agree, and longer texts take larger versions', () => {
  const sides: number[] = [];
  for (const length of [0, 1, 14, 15, 100, 213, 214, 500, 666]) {
    const rows = qrCode('x'.repeat(length));
    const side = rows.length;
    sides.push(side);
    const isDark = (x: number, y: number): boolean => rows[y]?.[x] ?? false;
    for (const [x, y] of [[0, 0] as const, [side - 7, 0] as const, [0, side - 7] as const])
      for (let n = 0; n < 7; n += 1)
        assert(isDark(x + n, y) && isDark(x, y + n) && isDark(x + 6, y + n) && isDark(x + n, y + 6), `${length}`);
    assert(isDark(8, side - 8));
    const first = [0, 1, 2, 3, 4, 5, 7, 8].map((y) => isDark(8, y));
    const second = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => isDark(side - n, 8));
    assert.deepEqual(first, second, `${length}`);
  }
  assert.deepEqual(sides, [21, 21, 21, 25, 41, 57, 61, 85, 97]);
});

test('a text of 667 octets is refused, also where they are fewer characters', () => {
  assert.throws(() => qrCode('x'.repeat(667)), RangeError);
  assert.throws(() => qrCode('é'.repeat(333)), RangeError);
});

test('the path of a picture holds numbers and letters of drawing alone, whatever the text is', () => {
  const { side, path } = qrPath('"><script>alert(1)</script>');
  assert.match(path, /^[Mhvz\d -]+$/);
  assert.equal(side, 29 + 8);
});
