/** Random numbers from a seed (mulberry32), so that a failed fuzz run can be repeated. */
export interface Seeded {
  /** A number from 0 up to, but not including, 1. */
  readonly next: () => number;
  /** A whole number from 0 up to, but not including, `n`. */
  readonly below: (n: number) => number;
  readonly pick: <T>(of: readonly T[]) => T;
  readonly octets: (n: number) => Buffer;
}

export function seeded(seed: number): Seeded {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  const octets = (n: number): Buffer => {
    const made = Buffer.allocUnsafe(n);
    for (let i = 0; i < n; i += 1) made[i] = below(256);
    return made;
  };
  return { next, below, pick: (of) => of[below(of.length)]!, octets };
}
