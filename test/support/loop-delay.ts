/**
 * Preloaded into the gateway's process (`node --import`): measures how long its event loop was
 * held.
 *
 * At SIGUSR2 a line of JSON is appended to the file $LOOP_DELAY_FILE and the count begins again.
 * Nothing of the gateway knows of it.
 *
 * A delay is what the loop did itself plus what it waited for a core, and under load the second is
 * most of it. With $LOOP_DELAY_OWN the kernel is asked at every turn how much processor time the
 * thread has used: that is the gateway's own. It costs half a percent of a core, so benchmarks go
 * without.
 *
 * With `--expose-gc` it tells as well what is kept in memory once all garbage is gone: resident
 * memory goes up with garbage and stays up.
 */
import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION = 2;
const file = process.env.LOOP_DELAY_FILE;

// Workers inherit --import; only the thread that speaks the protocols counts.
if (isMainThread && file !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  const own = process.env.LOOP_DELAY_OWN === undefined ? undefined : measureOwn();
  // The histogram counts from timer to timer, so its resolution is part of every value.
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
    // What the collection held of the loop is nobody's delay: the timers that measure have to have
    // seen it before the count begins again.
    if (kept === undefined) tell();
    else setTimeout(tell, 5 * RESOLUTION);
  });
}

function keptOctets(): number | undefined {
  if (globalThis.gc === undefined) return undefined;
  // What finalizers held is garbage only for the second one.
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * The longest turn since the last call and the 99th percentile, in milliseconds of the thread's
 * processor time. What it waited for is not in it, be it a core or something that another thread
 * held which had none: without that, 96 ms were seen at a load of 13 on two cores, of which 6 were
 * its own.
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
