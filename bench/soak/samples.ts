/**
 * Looks at the gateway from outside every few seconds: memory, descriptors, files, threads,
 * event-loop delay, queue, and errors in the log.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance, Served } from '../../test/support/instance.ts';
import type { LoopWatch } from '../../test/support/loop-watch.ts';
import { Scrape } from '../../test/support/scrape.ts';
import { Gauge } from '../gauge.ts';

/**
 * Sizes are in MB (10^6), times in milliseconds, and rates are a second since the previous sample.
 */
export interface Sample {
  /** Seconds since the load began. */
  readonly at: number;
  readonly resident: number;
  /** Objects and buffers of the main thread without garbage. */
  readonly kept: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly wal: number;
  readonly database: number;
  readonly loopP99: number;
  readonly loopMax: number;
  readonly queue: number;
  readonly accepted: number;
  readonly collected: number;
  /** Processor time as a share of one core. */
  readonly cpu: number;
  /** Log lines of level error so far. */
  readonly errors: number;
}

/**
 * Counts the log's lines of level `error` and `warn` by event, and keeps the first few errors
 * whole.
 */
export class LogEar {
  #rest = '';
  errors = 0;
  readonly first: string[] = [];
  readonly warnings = new Map<string, number>();

  readonly hear = (text: string): void => {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-65_536);
    for (const line of lines) {
      if (line.includes('"level":"error"')) {
        this.errors += 1;
        if (this.first.length < 20) this.first.push(line.slice(0, 500));
      } else if (line.includes('"level":"warn"')) {
        const event = /"event":"([^"]+)"/.exec(line)?.[1] ?? 'other';
        this.warnings.set(event, (this.warnings.get(event) ?? 0) + 1);
      } else if (line !== '' && !line.startsWith('{')) {
        // Node's own words: a deprecation, a leak of listeners, a crash.
        this.errors += 1;
        if (this.first.length < 20) this.first.push(line.slice(0, 500));
      }
    }
  };
}

interface Totals {
  readonly at: number;
  readonly accepted: number;
  readonly collected: number;
  readonly cpu: number;
}

export class Sampler {
  readonly #instance: Instance;
  readonly #served: Served;
  readonly #loop: LoopWatch;
  readonly #gauge: Gauge;
  readonly #metricsPort: number;
  readonly #ear: LogEar;
  readonly #began = performance.now();
  #before: Totals | undefined;
  readonly samples: Sample[] = [];

  constructor(instance: Instance, served: Served, loop: LoopWatch, metricsPort: number, ear: LogEar) {
    this.#instance = instance;
    this.#served = served;
    this.#loop = loop;
    this.#gauge = new Gauge(served, loop);
    this.#metricsPort = metricsPort;
    this.#ear = ear;
  }

  async take(): Promise<void> {
    const { p99, max, kept = Number.NaN } = await this.#loop.report(this.#served);
    const scrape = await Scrape.of({ http: { port: this.#metricsPort } });
    const status = readFileSync(`/proc/${this.#served.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    const totals: Totals = {
      at: (performance.now() - this.#began) / 1000,
      accepted: scrape.value('sluis_messages_total', { outcome: 'accepted' }) ?? 0,
      collected: scrape.value('sluis_collected_messages_total') ?? 0,
      cpu: this.#gauge.cpu(),
    };
    const before = this.#before ?? totals;
    this.#before = totals;
    const passed = Math.max(0.001, totals.at - before.at);
    const rate = (name: 'accepted' | 'collected' | 'cpu'): number => (totals[name] - before[name]) / passed;
    this.samples.push({
      at: totals.at,
      resident: (field('VmRSS') * 1024) / 1e6,
      kept: kept / 1e6,
      descriptors: readdirSync(`/proc/${this.#served.pid}/fd`).length,
      threads: field('Threads'),
      wal: this.#size((name) => name.endsWith('-wal')),
      database: this.#size((name) => /\.(db|sqlite)$/.test(name)),
      loopP99: p99,
      loopMax: max,
      queue: scrape.value('sluis_queue_waiting', { partner: 'hospital' }) ?? 0,
      accepted: rate('accepted'),
      collected: rate('collected'),
      cpu: rate('cpu') / 1000,
      errors: this.#ear.errors,
    });
  }

  #size(which: (name: string) => boolean): number {
    const { data } = this.#instance;
    return (
      readdirSync(data)
        .filter(which)
        .reduce((sum, name) => sum + statSync(join(data, name)).size, 0) / 1e6
    );
  }
}
