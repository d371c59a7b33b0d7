/** Waiting that ends early when nobody waits for the answer. */
import type { Clock } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';

/**
 * Resolves after `time`, or as soon as `signal` is aborted; leaves no timer and no listener behind.
 */
export function pause(clock: Clock, time: Milliseconds, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(time, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
