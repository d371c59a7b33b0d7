/** Octets are found where a plain look at each octet finds them, wherever a slice lies in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OctetFinder, everyBelow } from '../../src/platform/octet-finder.ts';
import { seeded } from '../support/seeded.ts';

test('every octet is found at every alignment, as a look at each finds it', () => {
  const random = seeded(26);
  for (let round = 0; round < 300; round += 1) {
    const [length, offset] = [random.below(70), random.below(8)];
    const data = Buffer.alloc(length + offset).subarray(offset);
    // Few values, at both ends of what an octet holds: neighbours borrow from each other.
    for (let at = 0; at < length; at += 1) data[at] = [0, 1, 39, 40, 127, 128, 167, 255][random.below(8)] ?? 0;
    for (const octet of [0, 1, 39, 128, 255]) {
      const finder = new OctetFinder(data, octet);
      for (let at = 0; at <= length; at += 1) assert.equal(finder.from(at), data.indexOf(octet, at), `${octet} ${at}`);
    }
    for (const bound of [1, 14, 40, 128]) {
      const seen: number[] = [];
      assert.equal(
        everyBelow(data, bound, (_, at) => seen.push(at) > 0),
        true,
      );
      assert.deepEqual(
        seen,
        [...data.keys()].filter((at) => (data[at] ?? 0) < bound),
      );
    }
  }
});

test('the first octet that does not hold ends the look', () => {
  const seen: number[] = [];
  const all = everyBelow(Buffer.from('ab\ncd\nef\n'), 14, (_, at) => seen.push(at) < 2);
  assert.deepEqual([all, seen], [false, [2, 5]]);
});
