import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Base64Decoder } from '../../src/mime/base64-decoder.ts';
import { effort } from '../support/effort.ts';
import { type Seeded, seeded } from '../support/seeded.ts';

interface Decoded {
  readonly octets: Buffer;
  readonly exact: boolean;
}

function decode(text: Buffer, cuts: () => number): Decoded {
  const decoder = new Base64Decoder();
  const pieces: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const length = Math.max(1, Math.min(cuts(), text.length - at));
    const slice = Buffer.from(text.subarray(at, at + length));
    pieces.push(Buffer.from(decoder.push(slice)));
    at += length;
  }
  pieces.push(decoder.end());
  return { octets: Buffer.concat(pieces), exact: decoder.exact };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map(Array.from(ALPHABET, (letter, value) => [letter.charCodeAt(0), value]));

/** RFC 2045 section 6.8 read one sign after the other, with no regard to speed. */
function plainly(text: Buffer): Decoded {
  const octets: number[] = [];
  let exact = true;
  let padding = 0;
  let ended = false;
  let group: number[] = [];
  const give = (): void => {
    const bits = [...group, 0, 0, 0].slice(0, 4).reduce((all, value) => all * 64 + value, 0);
    octets.push(...[bits >> 16, (bits >> 8) & 255, bits & 255].slice(0, Math.max(0, group.length - 1)));
    group = [];
  };
  for (const octet of text) {
    const value = VALUES.get(octet) ?? -1;
    if (value >= 0) {
      if (ended || padding > 0) exact = false;
      if (ended) continue;
      group.push(value);
      if (group.length === 4) give();
    } else if (octet === 61 && !ended && group.length >= 2) {
      padding += 1;
      ended = group.length + padding >= 4;
      if (ended) give();
    } else if (!' \t\r\n'.includes(String.fromCharCode(octet))) exact = false;
  }
  if (group.length > 0) {
    exact = false;
    give();
  }
  return { octets: Buffer.from(octets), exact };
}

const FOREIGN = ['-', '_', '=', '==', '*', '.', '\0', '\xe9', '\xff', '\v', '\f', ' ', '\t', '\r', '\n', '\r\n'];

/** Lines of one width or of several, whole or damaged. */
function text(random: Seeded): Buffer {
  let made = '';
  for (let pieces = 1 + (random.below(8) === 0 ? 1 : 0); pieces > 0; pieces--) {
    const letters = random.octets(random.pick([0, 3, 700, 1500, 6000]) + random.below(4)).toString('base64');
    const end = random.pick(['\r\n', '\r\n', '\r\n', '\n', '\r', ' \r\n', '\r\n\r\n']);
    const width = random.pick([76, 76, 76, 75, 64, 60, 9, 4, 1, 10_000]);
    const mixed = random.below(5) === 0;
    for (let at = 0; at < letters.length;) {
      const line = mixed ? 1 + random.below(width) : width;
      made += letters.slice(at, at + line) + (mixed && random.below(20) === 0 ? '\n' : end);
      at += line;
    }
  }
  for (let n = random.below(2) * random.below(4); n > 0; n--) {
    const at = random.below(made.length + 1);
    const put = random.pick([...FOREIGN, 'A', '']);
    made = made.slice(0, at) + put + made.slice(at + random.below(3));
  }
  return Buffer.from(made, 'latin1');
}

const SEEDS = effort(600, 4000);

test(`${SEEDS} seeded texts, clean and damaged, are read as a plain reading reads them, wherever they are cut`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seeded(seed);
    const made = text(random);
    const expected = plainly(made);
    for (const most of [Infinity, random.pick([3, 80, 1200, 5000])])
      assert.deepEqual(
        decode(made, () => (most === Infinity ? most : 1 + random.below(most))),
        expected,
        `seed ${seed}`,
      );
  }
});

test('each foreign sign at each place, and each place to cut in two, changes nothing of what is read', () => {
  const clean = seeded(1).octets(1301).toString('base64').replace(/.{76}/g, '$&\r\n');
  for (let at = 0; at <= clean.length; at++) {
    const put = FOREIGN[at % FOREIGN.length] ?? '';
    for (const made of [clean, clean.slice(0, at) + put + clean.slice(at + (at % 2))]) {
      const octets = Buffer.from(made, 'latin1');
      const cuts = [at, Infinity];
      assert.deepEqual(
        decode(octets, () => cuts.shift() ?? Infinity),
        plainly(octets),
        `at ${at}`,
      );
    }
  }
});

/** What Node's decoder was asked to read, and how many octets it gave. */
function native(t: TestContext, work: () => void): { readonly text: string; readonly octets: number }[] {
  const prototype = Buffer.prototype as Buffer;
  const write = t.mock.method(prototype, 'write');
  work();
  const calls: readonly { readonly arguments: readonly unknown[]; readonly result?: unknown }[] = write.mock.calls;
  write.mock.restore();
  return calls
    .filter((call) => call.arguments[2] === 'base64')
    .map((call) => ({ text: String(call.arguments[0]), octets: Number(call.result) }));
}

test("clean lines of any width cost one call of Node's decoder a slice, and what it reads in another way is not given to it", (t) => {
  const letters = seeded(2).octets(90_000).toString('base64');
  for (const made of [letters.replace(/.{76}/g, '$&\r\n'), letters.replace(/.{75}/g, '$&\n'), letters]) {
    const calls = native(t, () => assert.ok(decode(Buffer.from(made), () => 16_384).exact));
    assert.equal(calls.length, Math.ceil(made.length / 16_384));
    const octets = calls.reduce((sum, call) => sum + call.octets, 0);
    assert.ok(octets > 89_900, `${octets} of 90,000`);
  }
  for (const sign of '-_=') {
    const broken = `${'AAAA'.repeat(500)}${sign}${'AAAA'.repeat(500)}`;
    const calls = native(t, () => decode(Buffer.from(broken), () => Infinity));
    assert.deepEqual(calls, [{ text: 'AAAA'.repeat(500), octets: 1500 }]);
  }
});
