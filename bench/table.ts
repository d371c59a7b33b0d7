/** The figures of a run as a table for people. */
import type { Percentiles } from './stats.ts';

export interface Figure {
  readonly id: string;
  readonly text: string;
  readonly unit: string;
  readonly value: number;
  /** Milliseconds of what `text` names. */
  readonly latency?: Percentiles;
  /** Milliseconds that the event loop was blocked. */
  readonly loop?: Percentiles;
  /** Milliseconds of processor time for each message, session or login. */
  readonly serverCpu?: number;
  readonly clientCpu?: number;
  readonly megabytes?: number;
  readonly deliveries?: number;
  readonly busy?: number;
  readonly timesF?: number;
}

const cell = (value: number | undefined): string => (value === undefined ? '-' : String(value));

export function printTable(F: number, figures: readonly Figure[]): void {
  const rows = figures.map((f) => [
    f.id,
    f.text,
    `${f.value} ${f.unit}`,
    cell(f.timesF),
    f.latency === undefined ? '-' : `${f.latency.p50} / ${f.latency.p99}`,
    f.loop === undefined ? '-' : `${f.loop.p99} / ${f.loop.max}`,
    `${cell(f.serverCpu)} / ${cell(f.clientCpu)}`,
    [
      f.megabytes === undefined ? '' : `${f.megabytes} MB/s`,
      f.deliveries === undefined ? '' : `${f.deliveries} deliveries/s`,
      f.busy === undefined ? '' : `${f.busy} told to come again`,
    ]
      .filter((t) => t !== '')
      .join(', '),
  ]);
  const head = ['id', 'workload', 'rate', 'x F', 'p50 / p99 ms', 'loop p99 / max ms', 'CPU ms server / client', ''];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => c.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  console.log(`\nF = ${F} appends of 10 KB a second, each with fdatasync, by one thread on this disk in this run\n`);
  console.log(line(head));
  for (const row of rows) console.log(line(row));
}
