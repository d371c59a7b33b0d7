/**
 * The master key in shares: the field, every threshold, vectors that must never change, and what
 * people do to paper.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { type KeyShare, keyOfShares, readShare, writeShare } from '../../src/crypto/keys/key-share.ts';
import { combine, inverse, multiply, split } from '../../src/crypto/keys/shamir.ts';
import { escrowReminder } from '../../src/domain/escrow.ts';
import { days, instant } from '../../src/domain/units.ts';
import { seeded } from '../support/seeded.ts';

/** Octets that a text decides. */
const drawn = (label: string) => {
  let n = 0;
  return (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => hash('sha256', `${label} ${n++}`, 'buffer')[0]!);
};

test('the field is GF(2^8) with the polynomial of AES: every pair, another way', () => {
  // Long multiplication without carries, then division by x^8 + x^4 + x^3 + x + 1.
  const slow = (a: number, b: number): number => {
    let product = 0;
    for (let bit = 0; bit < 8; bit += 1) if (b & (1 << bit)) product ^= a << bit;
    for (let bit = 14; bit >= 8; bit -= 1) if (product & (1 << bit)) product ^= 0x11b << (bit - 8);
    return product;
  };
  for (let a = 0; a < 256; a += 1) for (let b = 0; b < 256; b += 1) assert.equal(multiply(a, b), slow(a, b));
  // FIPS 197 section 4.2.
  assert.equal(multiply(0x57, 0x83), 0xc1);
  for (let a = 1; a < 256; a += 1) assert.equal(multiply(a, inverse(a)), 1);
});

test('two of three and three of five: our own vectors (made by another program besides), for the shares of old papers', () => {
  const secret = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
  const text = (shares: ReturnType<typeof split>): string[] =>
    shares.map(({ octets }) => Buffer.from(octets).toString('hex'));
  assert.deepEqual(text(split(secret, { needed: 2, total: 3 }, () => new Uint8Array(32).fill(0x35))), [
    '35343736313033323d3c3f3e39383b3a25242726212023222d2c2f2e29282b2a',
    '6a6b68696e6f6c6d62636061666764657a7b78797e7f7c7d7273707176777475',
    '5f5e5d5c5b5a595857565554535251504f4e4d4c4b4a49484746454443424140',
  ]);
  const random = drawn('vector');
  const five = split(secret, { needed: 3, total: 5 }, random);
  assert.equal(
    hash('sha256', text(five).join(' '), 'hex'),
    'a8276d55697d9f43676bba1108cb689613cb65d0d110758ece2936a56d7f3ed4',
  );
});

test('any shares that are enough make the secret, every choice of them; fewer make another one', () => {
  const secret = Uint8Array.from({ length: 4 }, (_, i) => 17 * i + 1);
  const random = drawn('all');
  for (let total = 2; total <= 6; total += 1)
    for (let needed = 2; needed <= total; needed += 1) {
      const shares = split(secret, { needed, total }, random);
      for (let choice = 1; choice < 1 << total; choice += 1) {
        const chosen = shares.filter((_, i) => choice & (1 << i)).reverse();
        if (chosen.length >= needed) assert.deepEqual(combine(chosen), secret);
        else assert.notDeepEqual(combine(chosen), secret);
      }
    }
  for (const wrong of [
    { needed: 1, total: 2 },
    { needed: 3, total: 2 },
    { needed: 2, total: 256 },
    { needed: 2.5, total: 3 },
  ])
    assert.throws(() => split(secret, wrong, random), RangeError);
  assert.throws(() => combine([]), RangeError);
  const [one] = split(secret, { needed: 2, total: 2 }, random);
  assert.throws(() => combine([one!, one!]), RangeError);
});

test('one share tells nothing: for every secret octet the same shares come out, each once', () => {
  for (const secret of [0, 1, 0x53, 0xff]) {
    const seen = new Set<number>();
    for (let random = 0; random < 256; random += 1)
      seen.add(split(Uint8Array.of(secret), { needed: 2, total: 2 }, () => Uint8Array.of(random))[1]!.octets[0]!);
    assert.equal(seen.size, 256);
  }
});

const key = drawn('key')(32);
const fingerprint = keyFingerprint(key);
const words = { hostname: 'mail.test', custodian: 'Jan de Vries', total: 3, day: '2026-11-26' };
const sharesOf = (set: string, needed = 2, label = set): KeyShare[] =>
  split(key, { needed, total: 3 }, drawn(label)).map(({ x: number, octets }) => ({
    number,
    octets,
    set,
    needed,
    fingerprint,
  }));
const page = (share: KeyShare): string => writeShare(share, words);

test('a page is read again, typed in capitals or not, with other spaces and look-alike digits', () => {
  const share = sharesOf('K7QM2XRD')[1]!;
  const text = page(share);
  assert.match(text, /SHARE 2 OF 3/);
  assert.match(text, /Jan de Vries/);
  assert.deepEqual(readShare(text), { ok: true, value: share });
  const lines = text.split('\n').filter((line) => /^ {2}\d: /.test(line));
  assert.equal(lines.length, 5);
  const typed = lines.map((line) =>
    line
      .trim()
      .toLowerCase()
      .replace(/ (?=\S+$)/, '')
      .replaceAll('o', '0')
      .replaceAll('i', '1')
      .replaceAll('b', '8'),
  );
  assert.deepEqual(readShare(typed.join('\r\n').replaceAll('\r', '')), { ok: true, value: share });
  assert.deepEqual(readShare([...lines].reverse().join('\n')), { ok: true, value: share });
});

test('every wrong character, and lines that changed places, are found and the line named', () => {
  const text = page(sharesOf('K7QM2XRD')[0]!);
  const lines = text.split('\n').filter((line) => /^ {2}\d: /.test(line));
  for (const [n, line] of lines.entries())
    for (let at = 5; at < line.length; at += 1) {
      if (line[at] === ' ') continue;
      const other = line[at] === 'A' ? 'C' : 'A';
      const changed = lines.map((l, i) => (i === n ? line.slice(0, at) + other + line.slice(at + 1) : l));
      const read = readShare(changed.join('\n'));
      assert(!read.ok, `line ${n + 1}, character ${at}`);
      assert.match(read.error, new RegExp(`line ${n + 1} is not as it was written`));
    }
  const swapped = lines.map((line, i) =>
    i === 0 ? lines[1]!.replace('2:', '1:') : i === 1 ? lines[0]!.replace('1:', '2:') : line,
  );
  const read = readShare(swapped.join('\n'));
  assert(!read.ok);
  for (const [wrong, why] of [
    [lines.slice(1).join('\n'), /line 1 .* is missing/],
    [`${text}\n${text}`, /line 1 is in it twice/],
    ['', /line 1 .* is missing/],
    ['x'.repeat(64 * 1024 + 1), /longer than 64KiB/],
  ] as const) {
    const bad = readShare(wrong);
    assert(!bad.ok);
    assert.match(bad.error, why);
    assert(!bad.error.includes(lines[0]!.slice(5, 15)), 'the error shows no part of a share');
  }
});

test('shares make their key, proven; too few, twice the same, of two sets, or changed ones do not', () => {
  const shares = sharesOf('K7QM2XRD');
  for (const pair of [
    [0, 1],
    [2, 0],
    [0, 1, 2],
    [1, 1, 2],
  ]) {
    const made = keyOfShares(pair.map((i) => shares[i]!));
    assert(made.ok);
    assert.deepEqual(made.value, key);
  }
  const refused = (why: RegExp, ...given: KeyShare[]): void => {
    const made = keyOfShares(given);
    assert(!made.ok);
    assert.match(made.error, why);
  };
  refused(/no share/);
  refused(/2 different shares .* needed, and 1 are here/, shares[0]!, shares[0]!);
  refused(/different sets \(K7QM-2XRD and AAAA-AAAA\)/, shares[0]!, sharesOf('AAAAAAAA')[1]!);
  const changed = { ...shares[1]!, octets: shares[1]!.octets.map((octet, i) => (i === 3 ? octet ^ 1 : octet)) };
  refused(/is not the key/, shares[0]!, changed);
  // Of the same name, from another split.
  refused(/is not the key/, shares[0]!, sharesOf('K7QM2XRD', 2, 'another')[1]!);
});

test('reading survives anything', () => {
  const random = seeded(7);
  const text = page(sharesOf('K7QM2XRD')[2]!);
  for (let run = 0; run < 2000; run += 1) {
    const at = random.below(text.length);
    const read = readShare(
      text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + random.below(20)),
    );
    assert(read.ok || read.error.length > 0);
  }
});

test('an operator is reminded until the escrow of this key was verified within a year', () => {
  const now = instant(Date.parse('2026-11-26T12:00:00Z'));
  const escrow = { fingerprint, set: 'K7QM2XRD', needed: 2, custodians: ['a', 'b'], madeAt: now };
  assert.match(escrowReminder(undefined, fingerprint, now)!, /never put in escrow/);
  assert.match(escrowReminder(escrow, 'ff', now)!, /another one than was put in escrow/);
  assert.match(escrowReminder(escrow, fingerprint, now)!, /nobody has shown/);
  const verified = { ...escrow, verifiedAt: now };
  assert.equal(escrowReminder(verified, fingerprint, now), undefined);
  assert.equal(escrowReminder(verified, fingerprint, instant(now + days(365))), undefined);
  assert.match(escrowReminder(verified, fingerprint, instant(now + days(365) + 1))!, /more than a year ago/);
});
