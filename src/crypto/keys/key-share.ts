/**
 * A share of the master key as a page of text, for paper and a safe. Its words are for people; what
 * counts are five lines, which can be typed again from the paper:
 *
 *   1: ABCD EFGH IJKL MNOP QRST      10 octets in base32 (RFC 4648), then 20 bits of checksum over the line, its number and what follows
 *
 * Together 50 octets: version 1, needed, number, 5 octets set, 10 octets fingerprint of the key, 32
 * octets share.
 */
import { hash } from 'node:crypto';
import { type Result, fail, ok } from '../../domain/result.ts';
import { base32, cleanBase32, fromBase32, grouped } from './base32.ts';
import { FINGERPRINT_OCTETS, keyFingerprint } from './key-fingerprint.ts';
import { combine } from './shamir.ts';

export interface KeyShare {
  readonly needed: number;
  readonly number: number;
  /** Shares of one split; eight characters. */
  readonly set: string;
  /** Fingerprint of the key, hexadecimal (key-fingerprint.ts). */
  readonly fingerprint: string;
  readonly octets: Uint8Array;
}

/** What the page says besides the five lines. */
export interface ShareWords {
  readonly hostname: string;
  readonly custodian: string;
  readonly total: number;
  /** ISO 8601 day. */
  readonly day: string;
}

const VERSION = 1;
const LINES = 5;
const LINE_OCTETS = 10;
const KEY_OCTETS = 32;
const SET_OCTETS = 5;
const MAX_TEXT = 64 * 1024;

/**
 * The checksum covers everything that a slip of the pen could change, the line's number included,
 * so that swapped lines are found.
 */
const checksum = (n: number, text: string): string =>
  base32(hash('sha256', `sluis key share ${n} ${text}`, 'buffer').subarray(0, 3)).slice(0, 4);

export function writeShare({ needed, number, set, fingerprint, octets }: KeyShare, words: ShareWords): string {
  const whole = new Uint8Array(LINES * LINE_OCTETS);
  whole.set([VERSION, needed, number]);
  whole.set(fromBase32(set) ?? [], 3);
  whole.set(Buffer.from(fingerprint, 'hex'), 3 + SET_OCTETS);
  whole.set(octets, 3 + SET_OCTETS + FINGERPRINT_OCTETS);
  const lines = Array.from({ length: LINES }, (_, i) => {
    const text = base32(whole.subarray(i * LINE_OCTETS, (i + 1) * LINE_OCTETS));
    return `  ${i + 1}: ${grouped(text + checksum(i + 1, text), ' ')}`;
  });
  return `SLUIS MASTER KEY, SHARE ${number} OF ${words.total}

Gateway:    ${words.hostname}
Custodian:  ${words.custodian}
Needed:     any ${needed} of the ${words.total} shares of this set
Set:        ${grouped(set)}
Key:        ${fingerprint}
Made on:    ${words.day}

${lines.join('\n')}

Keep this on paper, in a sealed envelope, in a safe that the other custodians cannot open; then delete the file.
It alone tells nothing of the key. With ${needed - 1} more of this set it opens everything that the gateway has stored.

To show once a year that it is right:   sluis key verify SHARE SHARE
When the master key is lost:            sluis key recover SHARE SHARE --out master.key
From paper: type the five numbered lines into a file, one file for each share. Spaces and capitals do not
matter; there is no digit 0, 1, 8 or 9, and each line is checked by its last four characters.
`;
}

/**
 * Reads the five lines wherever they stand in the text. The error names the line, never what it
 * holds.
 */
export function readShare(text: string): Result<KeyShare, string> {
  if (text.length > MAX_TEXT) return fail('it is longer than 64KiB; expected the text of one share');
  const found = new Map<number, string>();
  for (const [, n = '', typed = ''] of text.matchAll(/^[ \t]*([1-5])[:.][ \t]*([0-9A-Za-z \t-]+)$/gm)) {
    if (found.has(Number(n))) return fail(`line ${n} is in it twice; expected one share in a file`);
    found.set(Number(n), cleanBase32(typed));
  }
  const parts: Uint8Array[] = [];
  for (let n = 1; n <= LINES; n += 1) {
    const line = found.get(n);
    if (line === undefined) return fail(`line ${n} of its five numbered lines is missing`);
    const [data, check] = [line.slice(0, -4), line.slice(-4)];
    const octets = fromBase32(data);
    if (octets?.length !== LINE_OCTETS || check !== checksum(n, data))
      return fail(`line ${n} is not as it was written: compare its characters with the paper`);
    parts.push(octets);
  }
  return shareOf(Buffer.from(parts.flatMap((part) => [...part])));
}

function shareOf(whole: Buffer): Result<KeyShare, string> {
  const [version = 0, needed = 0, number = 0] = whole;
  if (version !== VERSION) return fail(`it is of version ${version}; this program reads version ${VERSION}`);
  const from = 3 + SET_OCTETS;
  return ok({
    needed,
    number,
    set: base32(whole.subarray(3, from)),
    fingerprint: whole.subarray(from, from + FINGERPRINT_OCTETS).toString('hex'),
    octets: new Uint8Array(whole.subarray(-KEY_OCTETS)),
  });
}

/** The key of these shares, proven by its fingerprint; to be wiped after use. */
export function keyOfShares(shares: readonly KeyShare[]): Result<Uint8Array, string> {
  const [first] = shares;
  if (first === undefined) return fail('there is no share');
  const { set, fingerprint, needed } = first;
  const other = shares.find((share) => share.set !== set);
  if (other !== undefined)
    return fail(`they are of different sets (${grouped(set)} and ${grouped(other.set)}); take shares of one set`);
  const numbers = new Set(shares.map(({ number }) => number));
  if (numbers.size < needed)
    return fail(`${needed} different shares of set ${grouped(set)} are needed, and ${numbers.size} are here`);
  const different = [...numbers].flatMap((n) => shares.find(({ number }) => number === n) ?? []);
  const key = combine(different.map(({ number: x, octets }) => ({ x, octets })));
  if (keyFingerprint(key) === fingerprint) return ok(key);
  key.fill(0);
  return fail(`what they make is not the key ${fingerprint}: one of them was changed`);
}
