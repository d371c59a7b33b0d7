/** The real clock. */
import type { Clock } from '../domain/effects.ts';
import { instant, milliseconds } from '../domain/units.ts';

export const systemClock: Clock = {
  now: () => instant(Date.now()),
  monotonic: () => milliseconds(performance.now()),
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
