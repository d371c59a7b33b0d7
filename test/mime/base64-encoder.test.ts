import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64Lines, base64LinesLength } from '../../src/mime/base64-encoder.ts';
import { seeded } from '../support/seeded.ts';

async function encoded(slices: readonly Uint8Array[]): Promise<string> {
  let text = '';
  for await (const piece of base64Lines(slices)) text += piece.toString('latin1');
  return text;
}

test('any split of any octets gives lines of 76 that decode to the same octets', async () => {
  const random = seeded(1);
  for (let round = 0; round < 300; round += 1) {
    const octets = Buffer.from(
      Array.from({ length: Math.floor(random.next() * 600) }, () => Math.floor(random.next() * 256)),
    );
    const slices: Buffer[] = [];
    for (let at = 0; at < octets.length;) {
      const end = Math.min(octets.length, at + 1 + Math.floor(random.next() * 130));
      slices.push(octets.subarray(at, end));
      at = end;
    }
    const text = await encoded(slices);
    assert.equal(text, octets.toString('base64').replace(/(.{1,76})/g, '$1\r\n'));
    assert.equal(text.length, base64LinesLength(octets.length));
  }
});

test('a large slice is encoded in runs, each under a few milliseconds', async () => {
  const octets = Buffer.alloc(3_000_000, 'x');
  const text = await encoded([octets]);
  assert.deepEqual(Buffer.from(text, 'base64'), octets);
  assert.ok(text.split('\r\n').every((line) => line.length <= 76));
});

test('nothing gives nothing', async () => {
  assert.equal(await encoded([]), '');
  assert.equal(await encoded([Buffer.alloc(0)]), '');
});
