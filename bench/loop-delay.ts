/**
 * Preloaded into the gateway's process (`node --import`): measures how long its event loop was held.
 *
 * At SIGUSR2 a line of JSON is appended to the file $LOOP_DELAY_FILE and the count begins anew. Nothing of the gateway knows of it.
 */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION = 2;
const file = process.env.LOOP_DELAY_FILE;

// Workers inherit --import; only the thread that speaks the protocols counts.
if (isMainThread && file !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  // The histogram counts from timer to timer, so its resolution is part of every value.
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  process.on('SIGUSR2', () => {
    const report = { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) };
    histogram.reset();
    appendFileSync(file, `${JSON.stringify(report)}\n`);
  });
}
