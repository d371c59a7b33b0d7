/**
 * Measures how long the event loop kept its timers waiting, over the last minute or two.
 *
 * The delay includes the kernel's share: a machine without a free core shows here too, and its
 * clients feel that delay just as well.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../domain/effects.ts';
import { minutes } from '../domain/units.ts';

/** Milliseconds between two looks. Node's values contain them, so they are subtracted. */
const RESOLUTION = 20;
const WINDOW = minutes(1);

export interface LoopDelay {
  /**
   * The delay in seconds. `part`: from 0 to 1, where 1 is the longest delay. It is the worse value
   * of the window that runs and the one before it.
   */
  quantile(part: number): number;
  stop(): void;
}

export function watchLoopDelay(clock: Clock): LoopDelay {
  // Two windows in turn, so that a look just after a change of window still covers the minute
  // before it.
  const [a, b] = [begun(), begun()];
  let [current, before] = [a, b];
  const turn = (): void => {
    [current, before] = [before, current];
    current.reset();
    timer = clock.after(WINDOW, turn);
  };
  let timer = clock.after(WINDOW, turn);
  return {
    quantile: (part) => Math.max(...[current, before].map((histogram) => secondsAt(histogram, part))),
    stop: () => {
      timer.cancel();
      a.disable();
      b.disable();
    },
  };
}

function begun(): ReturnType<typeof monitorEventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  return histogram;
}

const secondsAt = (histogram: ReturnType<typeof monitorEventLoopDelay>, part: number): number =>
  histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(part * 100) / 1e9 - RESOLUTION / 1000);
