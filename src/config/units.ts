/**
 * Durations as people write them in the configuration: "250ms", "30s", "5m", "2h", "14d". A bare
 * number is refused, because nobody can tell seconds from milliseconds in it. `parseOctets` in
 * domain/octets-text.ts reads sizes ("25MiB").
 */
import { type Milliseconds, milliseconds } from '../domain/units.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest time that a timer of Node can wait: setTimeout turns anything longer into 1 ms. */
export const LONGEST_TIMER = milliseconds(2 ** 31 - 1);

/** Reads a number with its unit; undefined if the text is none. */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(value) ? milliseconds(value) : undefined;
}

/**
 * Writes a duration so that `parseDuration` reads the same length back, in the largest unit that
 * divides it.
 */
export function formatDuration(length: Milliseconds): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = UNITS[unit] ?? 1;
    if (length >= size && length % size === 0) return `${length / size}${unit}`;
  }
  return `${length}ms`;
}
