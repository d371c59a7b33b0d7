import type { Interchange } from '../../src/domain/interchange.ts';
import type { InsideRoom } from '../../src/edi/inside.ts';
import { EdiSniffer } from '../../src/edi/sniffer.ts';

/** What is found when the octets come in slices of the lengths that `cuts` gives. */
export function sniff(octets: Buffer | string, cuts: () => number = () => Infinity, room?: InsideRoom): Interchange[] {
  const found: Interchange[] = [];
  const sniffer = new EdiSniffer('1', (interchange) => found.push(interchange) > 0, room);
  const data = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
  for (let at = 0; at < data.length;) {
    const length = Math.max(1, Math.min(cuts(), data.length - at));
    const slice = Buffer.from(data.subarray(at, at + length));
    sniffer.write(slice);
    // Nothing of a slice may be kept.
    slice.fill(0x55);
    at += length;
  }
  sniffer.end();
  return found;
}

export const remarksOf = (interchange: Interchange | undefined): string =>
  (interchange?.remarks ?? []).map(({ kind, count }) => (count === 1 ? kind : `${kind} x${count}`)).join(' ');

/**
 * Microseconds of CPU for 10 MB of the worst pattern: one second alone, 2.6 on a shared machine
 * with nothing beside. What is quadratic takes many times this.
 */
export const CPU_LIMIT = 8_000_000;
