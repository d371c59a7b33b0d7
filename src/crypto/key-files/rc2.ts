/**
 * RC2 in CBC mode, decryption only (RFC 2268): PKCS #12 files of older Windows, Java and
 * `openssl -legacy` hide their certificates so, and the OpenSSL inside Node no longer knows it. 40
 * bits protect nothing; we never write it.
 */
// RFC 2268 section 2: digits of pi.
const PI = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb6266fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);
const ROTATE = [1, 2, 3, 5] as const;
const BLOCK = 8;

/** The 64 words of the expanded key; `bits` is the effective length. */
function expand(key: Buffer, bits: number): Uint16Array {
  const octets = new Uint8Array(128);
  octets.set(key);
  const at = (i: number): number => octets[i] ?? 0;
  const pi = (i: number): number => PI[i & 0xff] ?? 0;
  for (let i = key.length; i < 128; i++) octets[i] = pi(at(i - 1) + at(i - key.length));
  const effective = Math.ceil(bits / 8);
  octets[128 - effective] = pi(at(128 - effective) & (0xff >> (-bits & 7)));
  for (let i = 127 - effective; i >= 0; i--) octets[i] = pi(at(i + 1) ^ at(i + effective));
  return Uint16Array.from({ length: 64 }, (_, i) => at(2 * i) | (at(2 * i + 1) << 8));
}

/** Undoes the 16 mixing and 2 mashing rounds on four words in place. */
function decryptBlock(words: Uint16Array, key: Uint16Array): void {
  const word = (i: number): number => words[i & 3] ?? 0;
  let next = 63;
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const by = ROTATE[i as 0 | 1 | 2 | 3];
      const turned = (word(i) >> by) | (word(i) << (16 - by));
      words[i] = turned - (key[next--] ?? 0) - (word(i + 3) & word(i + 2)) - (~word(i + 3) & word(i + 1));
    }
    if (round === 11 || round === 5) for (let i = 3; i >= 0; i--) words[i] = word(i) - (key[word(i + 3) & 63] ?? 0);
  }
}

/**
 * Decrypts whole blocks and removes the padding; undefined if length or padding are wrong, as with
 * a wrong key.
 */
export function decryptRc2(key: Buffer, bits: number, iv: Buffer, data: Buffer): Buffer | undefined {
  if (data.length === 0 || data.length % BLOCK !== 0) return undefined;
  const expanded = expand(key, bits);
  const out = Buffer.alloc(data.length);
  const words = new Uint16Array(4);
  for (let at = 0; at < data.length; at += BLOCK) {
    for (let i = 0; i < 4; i++) words[i] = data.readUInt16LE(at + 2 * i);
    decryptBlock(words, expanded);
    const before = at === 0 ? iv : data.subarray(at - BLOCK, at);
    for (let i = 0; i < 4; i++) out.writeUInt16LE((words[i] ?? 0) ^ before.readUInt16LE(2 * i), at + 2 * i);
  }
  const padding = out[out.length - 1] ?? 0;
  if (padding < 1 || padding > BLOCK || !out.subarray(out.length - padding).every((octet) => octet === padding))
    return undefined;
  return out.subarray(0, out.length - padding);
}
