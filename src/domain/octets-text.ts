/**
 * Numbers of octets as operators write and read them: "25MiB", "2GiB", "25MB", or a plain number.
 */
import { GiB, KiB, MiB } from './units.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB,
  MiB,
  GiB,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
};

/** Reads "25MiB", "2GiB" or a plain number of octets; undefined when it is neither. */
export function parseOctets(text: string): number | undefined {
  const match = /^(\d{1,15})\s*([KMG]i?B|B)?$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Writes octets so that `parseOctets` reads the same number back. */
export function formatOctets(n: number): string {
  for (const [name, size] of [
    ['GiB', GiB],
    ['MiB', MiB],
    ['KiB', KiB],
  ] as const)
    if (n >= size && n % size === 0) return `${n / size}${name}`;
  return `${n}B`;
}

/** A size rounded up to whole MiB, for people: `64 MiB`. */
export const mebibytes = (octets: number): string => `${Math.ceil(octets / MiB)} MiB`;
