/**
 * Base32 (RFC 4648 section 6) for what people write down and type again: no padding; reading
 * forgives case, spaces, hyphens, and the digits that its alphabet leaves out because they look
 * like letters (0 for O, 1 for I, 8 for B).
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function base32(octets: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const octet of octets) {
    held = ((held & 0x1f) << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31] ?? '';
    }
  }
  return bits === 0 ? text : text + (ALPHABET[(held << (5 - bits)) & 31] ?? '');
}

/**
 * The octets; undefined for other characters, and for a last character with bits that no octet has:
 * each octet string has one text.
 */
export function fromBase32(typed: string): Uint8Array | undefined {
  const text = cleanBase32(typed);
  const octets: number[] = [];
  let held = 0;
  let bits = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    held = ((held & 0xff) << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      octets.push((held >> bits) & 0xff);
    }
  }
  return bits >= 5 || (held & ((1 << bits) - 1)) !== 0 ? undefined : Uint8Array.from(octets);
}

/** The text in the form in which it was written. */
export const cleanBase32 = (typed: string): string =>
  typed.replace(/[\s-]/g, '').toUpperCase().replace(/0/g, 'O').replace(/1/g, 'I').replace(/8/g, 'B');

/** The text in groups of four, for people. */
export const grouped = (text: string, by = '-'): string => (text.match(/.{1,4}/g) ?? []).join(by);
