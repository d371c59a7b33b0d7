/**
 * Remembers for a while a value that is costly to find out: however often it is asked for, it is
 * looked up once in that time.
 */
import type { Clock } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';

/**
 * A look-up that fails is not remembered: all who wait get its error, and the next call tries
 * again.
 */
export function remembered<T>(clock: Clock, freshFor: Milliseconds, look: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  let until = Number.NEGATIVE_INFINITY;
  let looking = false;
  return () => {
    if (found !== undefined && (looking || clock.monotonic() < until)) return found;
    looking = true;
    found = look().then(
      (value) => {
        looking = false;
        until = clock.monotonic() + freshFor;
        return value;
      },
      (error: unknown) => {
        looking = false;
        found = undefined;
        throw error;
      },
    );
    return found;
  };
}
