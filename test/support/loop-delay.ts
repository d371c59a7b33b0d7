/**
 * Preloaded into the gateway's process (`node --import`): measures how long its event loop was
 * blocked.
 *
 * At SIGUSR2 it appends a line of JSON to the file $LOOP_DELAY_FILE and starts counting anew. No
 * part of the gateway knows of it.
 *
 * A delay is the time of the loop's own work plus the time that it waited for a core; under load
 * the second is the greater part. With $LOOP_DELAY_OWN it asks the kernel at every turn how much
 * processor time the thread has used, which is the gateway's own work. That costs half a percent of
 * a core, so benchmarks do without.
 *
 * With `--expose-gc` it also reports what stays in memory without garbage. Resident memory grows
 * with garbage and does not shrink.
 */
import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION = 2;
const file = process.env.LOOP_DELAY_FILE;

// Workers inherit --import, but only the thread of the protocols counts.
if (isMainThread && file !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  const own = process.env.LOOP_DELAY_OWN === undefined ? undefined : measureOwn();
  // The histogram measures from timer to timer, so every value contains its resolution.
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  process.on('SIGUSR2', () => {
    const delays = { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) };
    const measured = { ...delays, ...own?.() };
    const kept = keptOctets();
    const tell = (): void => {
      histogram.reset();
      own?.();
      appendFileSync(file, `${JSON.stringify({ ...measured, ...(kept === undefined ? {} : { kept }) })}\n`);
    };
    // The time of the garbage collection must not count. So the timers that measure must have seen
    // it before the count begins anew.
    if (kept === undefined) tell();
    else setTimeout(tell, 5 * RESOLUTION);
  });
}

function keptOctets(): number | undefined {
  if (globalThis.gc === undefined) return undefined;
  // What finalizers held becomes garbage only at the second collection.
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * The longest turn since the last call and the 99th percentile, in milliseconds of the thread's
 * processor time. Time in which it waited is not included: neither for a core, nor for something
 * that another thread held while that one waited for a core. With waiting, 96 ms were seen at a
 * load of 13 on two cores, of which 6 ms were the thread's own.
 */
function measureOwn(): () => { readonly own: number; readonly own99: number } {
  const schedstat = `/proc/self/task/${process.pid}/schedstat`;
  const buffer = Buffer.alloc(128);
  const used = (): number => {
    const fd = openSync(schedstat, 'r');
    const text = buffer.toString('latin1', 0, readSync(fd, buffer));
    closeSync(fd);
    return Number(text.split(' ')[0]) / 1e6;
  };
  let turns: number[] = [];
  let before = used();
  setInterval(() => {
    const now = used();
    turns.push(now - before);
    before = now;
  }, RESOLUTION).unref();
  return () => {
    const sorted = turns.sort((a, b) => a - b);
    turns = [];
    return { own: sorted.at(-1) ?? 0, own99: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
  };
}
