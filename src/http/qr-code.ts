/**
 * Text as a QR code (ISO/IEC 18004), as far as we need it: octets, level M, versions 1 to 20 (at
 * most 666 octets of ASCII, 665 of UTF-8). What it draws is told by numbers alone, so nothing of
 * the text stands in the markup.
 *
 * Tables of the standard: codewords of each version, and how many of them correct errors in how
 * many blocks at level M.
 */

const TOTAL = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346, 404, 466, 532, 581, 655, 733, 815, 901, 991, 1085];
const CORRECTING = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
/** Bits of level M in the format. */
const LEVEL_M = 0;

/**
 * The Galois field of 256 elements by x^8 + x^4 + x^3 + x^2 + 1: powers of 2, and their logarithms.
 */
const POWER = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i += 1) {
  POWER[i] = POWER[i + 255] = x;
  LOG[x] = i;
  x = x & 0x80 ? ((x << 1) ^ 0x11d) & 0xff : x << 1;
}
const at = (list: ArrayLike<number>, i: number): number => list[i] ?? 0;
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : at(POWER, at(LOG, a) + at(LOG, b)));

/** What is left of the data, as a polynomial, by the generator with `degree` roots. */
function remainder(data: readonly number[], degree: number): number[] {
  let generator = [1];
  for (let i = 0; i < degree; i += 1) {
    const next = [...generator, 0];
    generator.forEach((c, n) => (next[n + 1] = at(next, n + 1) ^ times(c, at(POWER, i))));
    generator = next;
  }
  const rest = [...data, ...new Array<number>(degree).fill(0)];
  data.forEach((_, i) => {
    const lead = at(rest, i);
    generator.forEach((c, n) => (rest[i + n] = at(rest, i + n) ^ times(c, lead)));
  });
  return rest.slice(data.length);
}

const isAscii = (octets: Uint8Array): boolean => octets.every((octet) => octet < 128);

/** Data with its corrections, in the order in which they are drawn. */
function codewords(octets: Uint8Array, version: number): number[] {
  const [total, correcting, blocks] = [at(TOTAL, version - 1), at(CORRECTING, version - 1), at(BLOCKS, version - 1)];
  const room = total - correcting * blocks;
  const bits: number[] = [];
  const put = (value: number, length: number): void => {
    for (let i = length - 1; i >= 0; i -= 1) bits.push((value >> i) & 1);
  };
  // Without this a reader guesses the character set: zbar takes UTF-8 for Shift JIS.
  if (!isAscii(octets)) put((7 << 8) | 26, 12);
  put(4, 4);
  put(octets.length, version < 10 ? 8 : 16);
  for (const octet of octets) put(octet, 8);
  put(0, Math.min(4, room * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  const data = Array.from({ length: room }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((n, bit) => n * 2 + bit, 0));
  // The last blocks have one more, where they are not all as long.
  const short = Math.floor(room / blocks);
  const shorter = blocks - (room % blocks);
  const parts: number[][] = [];
  for (let i = 0, from = 0; i < blocks; i += 1) {
    const length = short + (i < shorter ? 0 : 1);
    parts.push(data.slice(from, from + length));
    from += length;
  }
  const rests = parts.map((part) => remainder(part, correcting));
  const woven = (lists: readonly number[][], length: number): number[] =>
    Array.from({ length }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
  return [...woven(parts, short + 1), ...woven(rests, correcting)];
}

/**
 * A code of Bose, Chaudhuri and Hocquenghem: the value, and what is left of it by the generator.
 */
function withCheck(value: number, generator: number, degree: number): number {
  let rest = value << degree;
  for (let bit = 31 - Math.clz32(rest); bit >= degree; bit = 31 - Math.clz32(rest)) rest ^= generator << (bit - degree);
  return (value << degree) | rest;
}

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Drawing {
  readonly size: number;
  readonly #version: number;
  readonly #dark: boolean[][];
  readonly #fixed: boolean[][];

  constructor(version: number) {
    this.#version = version;
    this.size = version * 4 + 17;
    const grid = (): boolean[][] => Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false));
    [this.#dark, this.#fixed] = [grid(), grid()];
    this.#patterns();
  }

  isDark(x: number, y: number): boolean {
    return this.#dark[y]?.[x] ?? false;
  }

  #set(x: number, y: number, dark: boolean, fixed = true): void {
    const [row, marks] = [this.#dark[y], this.#fixed[y]];
    if (row === undefined || marks === undefined || x < 0 || x >= this.size) return;
    row[x] = dark;
    if (fixed) marks[x] = true;
  }

  /** What a reader finds and measures the code by, and the places of format and version. */
  #patterns(): void {
    const { size } = this;
    for (let i = 0; i < size; i += 1) {
      this.#set(6, i, i % 2 === 0);
      this.#set(i, 6, i % 2 === 0);
    }
    for (const [x, y] of [[3, 3] as const, [size - 4, 3] as const, [3, size - 4] as const]) this.#rings(x, y, 4);
    const places = alignments(this.#version);
    const last = places.at(-1);
    for (const x of places)
      for (const y of places)
        if (!((x === 6 && y === 6) || (x === 6 && y === last) || (x === last && y === 6))) this.#rings(x, y, 2);
    this.format(0);
    if (this.#version < 7) return;
    const bits = withCheck(this.#version, 0x1f25, 12);
    for (let i = 0; i < 18; i += 1) {
      const dark = ((bits >> i) & 1) === 1;
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
      this.#set(a, b, dark);
      this.#set(b, a, dark);
    }
  }

  /** Squares in one another around a middle: dark and light in turn. */
  #rings(x: number, y: number, reach: 4 | 2): void {
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        this.#set(x + dx, y + dy, reach === 4 ? ring !== 2 && ring !== 4 : ring !== 1);
      }
  }

  /** Level and mask, twice. */
  format(mask: number): void {
    const { size } = this;
    const bits = withCheck((LEVEL_M << 3) | mask, 0x537, 10) ^ 0x5412;
    for (let i = 0; i < 15; i += 1) {
      const dark = ((bits >> i) & 1) === 1;
      // Down beside the first mark, and along below it; the line of measure in between is left out.
      this.#set(8, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, dark);
      this.#set(i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i, 8, dark);
    }
    this.#set(8, size - 8, true);
  }

  /** Fills the data from the lower right, in columns of two, up and down in turn. */
  data(words: readonly number[]): void {
    let bit = 0;
    for (let right = this.size - 1, up = true; right > 0; right -= 2, up = !up) {
      if (right === 6) right -= 1;
      for (let n = 0; n < this.size; n += 1)
        for (const x of [right, right - 1]) {
          const y = up ? this.size - 1 - n : n;
          if (this.#fixed[y]?.[x] !== false) continue;
          this.#set(x, y, ((at(words, bit >> 3) >> (7 - (bit & 7))) & 1) === 1 && bit < words.length * 8, false);
          bit += 1;
        }
    }
  }

  /** Turns what the mask says; the same again takes it back. */
  mask(number: number): void {
    const turned = MASKS[number];
    for (let y = 0; y < this.size; y += 1)
      for (let x = 0; x < this.size; x += 1)
        if (this.#fixed[y]?.[x] === false && turned?.(x, y) === true) this.#set(x, y, !this.isDark(x, y), false);
  }

  /**
   * How hard it is to read: rows of one colour, blocks of four, what looks like a mark, and how far
   * it is from half dark.
   */
  get penalty(): number {
    const { size } = this;
    let sum = 0;
    let dark = 0;
    for (let a = 0; a < size; a += 1)
      for (const line of [this.#line((b) => this.isDark(b, a)), this.#line((b) => this.isDark(a, b))]) {
        for (const [run] of line.matchAll(/1{5,}|0{5,}/g)) sum += run.length - 2;
        sum += 40 * (line.match(/(?=10111010000|00001011101)/g)?.length ?? 0);
      }
    for (let y = 0; y < size; y += 1)
      for (let x = 0; x < size; x += 1) {
        const here = this.isDark(x, y);
        if (here) dark += 1;
        const isBlock =
          x + 1 < size &&
          y + 1 < size &&
          [this.isDark(x + 1, y), this.isDark(x, y + 1), this.isDark(x + 1, y + 1)].every((one) => one === here);
        if (isBlock) sum += 3;
      }
    return sum + 10 * Math.floor(Math.abs((dark * 100) / (size * size) - 50) / 5);
  }

  #line(isDark: (b: number) => boolean): string {
    return Array.from({ length: this.size }, (_, b) => (isDark(b) ? '1' : '0')).join('');
  }
}

/** Middles of the small marks, along each side. */
function alignments(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = version * 4 + 10;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => last - step * (count - 2 - i))];
}

/** Rows of modules, true for dark. Throws RangeError for a longer text. */
export function qrCode(text: string): readonly (readonly boolean[])[] {
  const octets = new TextEncoder().encode(text);
  const room = (version: number): number =>
    at(TOTAL, version - 1) -
    at(CORRECTING, version - 1) * at(BLOCKS, version - 1) -
    (version < 10 ? 2 : 3) -
    (isAscii(octets) ? 0 : 1);
  const version = TOTAL.findIndex((_, i) => octets.length <= room(i + 1)) + 1;
  if (version === 0)
    throw new RangeError(`A QR code of ours has at most 666 octets, and the text has ${octets.length}`);
  const drawing = new Drawing(version);
  drawing.data(codewords(octets, version));
  const penalties = MASKS.map((_, mask) => {
    drawing.mask(mask);
    drawing.format(mask);
    const { penalty } = drawing;
    drawing.mask(mask);
    return penalty;
  });
  const best = penalties.indexOf(Math.min(...penalties));
  drawing.mask(best);
  drawing.format(best);
  return Array.from({ length: drawing.size }, (_, y) =>
    Array.from({ length: drawing.size }, (_, x) => drawing.isDark(x, y)),
  );
}

/** The light frame that readers need. */
const QUIET = 4;

/** As the path of an SVG, with the side of its square: a run of dark modules is one line. */
export function qrPath(text: string): { readonly side: number; readonly path: string } {
  const rows = qrCode(text);
  const runs = rows.flatMap((row, y) =>
    [
      ...row
        .map((dark) => (dark ? '1' : '0'))
        .join('')
        .matchAll(/1+/g),
    ].map(({ index, 0: run }) => `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`),
  );
  return { side: rows.length + 2 * QUIET, path: runs.join('') };
}
