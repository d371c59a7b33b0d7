/**
 * Watches the gateway's process from outside while a workload runs: processor time, memory, and
 * event-loop delay.
 */
import { readFileSync } from 'node:fs';
import type { Served } from '../test/support/instance.ts';
import type { LoopWatch } from '../test/support/loop-watch.ts';
import type { Percentiles } from './stats.ts';
import { round } from './stats.ts';

const TICK = 10; // milliseconds of CPU in one tick of /proc/PID/stat

/** Milliseconds of processor time that a process has used, all threads. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

export class Gauge {
  readonly #served: Served;
  readonly #loop: LoopWatch;

  constructor(served: Served, loop: LoopWatch) {
    this.#served = served;
    this.#loop = loop;
  }

  /** Milliseconds of processor time that the process has used, all threads. */
  cpu(): number {
    return cpuOf(this.#served.pid);
  }

  /** Proportional set size in KiB: each shared page counts by its share. */
  pss(): number {
    const rollup = readFileSync(`/proc/${this.#served.pid}/smaps_rollup`, 'latin1');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]);
  }

  /** Event-loop delay since the last call, in milliseconds. */
  async loopDelay(): Promise<Percentiles> {
    const { p50, p99, max } = await this.#loop.report(this.#served);
    return { p50: round(p50), p99: round(p99), max: round(max) };
  }
}
