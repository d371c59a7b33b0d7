/** Changes octets as a broken transport or a stranger might, by seeded numbers. */
const INTERESTING = [0x00, 0x01, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xa3, 0xff];

/** A copy with one to four changes. */
export function mutate(octets: Buffer, next: () => number): Buffer {
  let out = Buffer.from(octets);
  const place = (): number => Math.floor(next() * out.length);
  for (let changes = 1 + Math.floor(next() * 4); changes > 0; changes--) {
    const kind = Math.floor(next() * 6);
    if (kind === 0) out[place()] = Math.floor(next() * 256);
    else if (kind === 1) out[place()] = INTERESTING[Math.floor(next() * INTERESTING.length)]!;
    else if (kind === 2) out = out.subarray(0, place() + 1);
    else if (kind === 3) out.copyWithin(place(), place(), place());
    else if (kind === 4) out[place()]! ^= 1 << Math.floor(next() * 8);
    else out.writeUInt16BE(Math.floor(next() * 65536), Math.min(place(), Math.max(0, out.length - 2)));
    if (out.length < 3) return out;
  }
  return out;
}
