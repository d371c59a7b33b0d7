/**
 * A screenshot in few octets: one octet a pixel and a palette, in place of four. What a page shows
 * has few colours, and those at the edges of letters are told apart by nobody.
 *
 * Reads PNG of 8 bits with or without alpha, not interlaced, as browsers write it (W3C PNG,
 * sections 9 and 11).
 */
import assert from 'node:assert/strict';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const MOST_COLOURS = 256;
const CHANNELS: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB of each, by lines. */
  readonly colours: Uint32Array;
}

/**
 * The same picture with at most 256 colours: those that cover most of it, and for each other one
 * the nearest of these.
 */
export function withPalette(png: Buffer): Buffer {
  const { width, height, colours } = read(png);
  const counts = new Map<number, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const all = [...counts].toSorted(([, a], [, b]) => b - a).map(([colour]) => colour);
  const palette = all.slice(0, MOST_COLOURS);
  const index = new Map(all.map((colour, n) => [colour, n < MOST_COLOURS ? n : nearest(palette, colour)]));
  const lines = Buffer.alloc((width + 1) * height);
  colours.forEach((colour, at) => (lines[at + Math.floor(at / width) + 1] = index.get(colour) ?? 0));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap(channelsOf))),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const channelsOf = (colour: number): readonly [number, number, number] => [
  colour >> 16,
  (colour >> 8) & 255,
  colour & 255,
];

/** Its place in the palette. */
function nearest(palette: readonly number[], colour: number): number {
  const wanted = channelsOf(colour);
  const distances = palette.map((one) => channelsOf(one).reduce((sum, c, n) => sum + (c - (wanted[n] ?? 0)) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}

function read(png: Buffer): Pixels {
  assert.deepEqual(png.subarray(0, 8), SIGNATURE);
  const chunks: { readonly kind: string; readonly data: Buffer }[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ kind: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  const head = chunks[0]?.data ?? assert.fail('the picture has no head');
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const channels = CHANNELS[head[9] ?? -1] ?? assert.fail(`colours of kind ${head[9]}`);
  assert.deepEqual([head[8], head[12]], [8, 0]);
  const raw = inflateSync(Buffer.concat(chunks.filter(({ kind }) => kind === 'IDAT').map(({ data }) => data)));
  const octets = unfiltered(raw, width * channels, channels);
  const colours = new Uint32Array(width * height).map((_, n) => octets.readUIntBE(n * channels, 3));
  return { width, height, colours };
}

/**
 * Undoes the filter of each line: what was left out is told by the pixel to the left, above, or
 * both.
 */
function unfiltered(raw: Buffer, length: number, channels: number): Buffer {
  const lines = raw.length / (length + 1);
  const out = Buffer.alloc(length * lines);
  for (let line = 0; line < lines; line += 1) {
    const filter = raw[line * (length + 1)] ?? 0;
    for (let x = 0; x < length; x += 1) {
      const at = line * length + x;
      const left = x < channels ? 0 : (out[at - channels] ?? 0);
      const above = line === 0 ? 0 : (out[at - length] ?? 0);
      const corner = x < channels || line === 0 ? 0 : (out[at - length - channels] ?? 0);
      const guess =
        [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] ?? assert.fail(String(filter));
      out[at] = (raw[line * (length + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return out;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [left, above, corner].map((one) => Math.abs(guess - one)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
