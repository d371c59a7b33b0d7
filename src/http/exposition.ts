/**
 * Writes metrics down in the text format of Prometheus, by prom-client.
 *
 * The numbers are not kept in prom-client but where they arise; its metrics are filled at each
 * scrape. A metric that cannot be read (the store has just failed) is left out, and the others are
 * told all the same.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Log } from '../domain/effects.ts';
import type { DistributionMetric, Metric, NumberMetric, Sample } from './metric.ts';

/**
 * Rows of one metric. Those behind are left out: a metrics server must not choke on a mistake of
 * ours.
 */
export const MOST_SAMPLES = 1000;

export interface Exposition {
  readonly contentType: string;
  /** Whoever asks while an answer is being made gets that one. */
  text(): Promise<string>;
}

export function exposition(metrics: readonly Metric[], log: Log): Exposition {
  const registry = new Registry();
  for (const metric of metrics)
    if (metric.kind === 'distribution') registry.registerMetric(new ReadDistribution(metric));
    else addNumbers(registry, metric, log);
  let running: Promise<string> | undefined;
  return {
    contentType: registry.contentType,
    text: () => (running ??= registry.metrics().finally(() => (running = undefined))),
  };
}

function addNumbers(registry: Registry, metric: NumberMetric, log: Log): void {
  const { name, help, labels } = metric;
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  if (metric.kind === 'gauge') {
    const written: Gauge = new Gauge({
      ...common,
      collect: async () => {
        const samples = await read(metric, log);
        written.reset();
        // Without labels prom-client resets to 0, which would be a value.
        if (labels.length === 0 && (samples ?? []).length === 0) written.remove();
        for (const { labels: its = {}, value } of samples ?? []) written.set(its, value);
      },
    });
    return;
  }
  const written: Counter = new Counter({
    ...common,
    collect: async () => {
      const samples = await read(metric, log);
      written.reset();
      if (labels.length === 0 && (samples ?? []).length === 0) written.remove();
      for (const { labels: its = {}, value } of samples ?? []) written.inc(its, value);
    },
  });
}

async function read({ name, read: ask }: NumberMetric, log: Log): Promise<readonly Sample[] | undefined> {
  try {
    return (await ask()).slice(0, MOST_SAMPLES);
  } catch (error) {
    log.warn('http.metric-failed', { metric: name, why: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

declare module 'prom-client' {
  // There in version 15, for the text format as for `get`; its types leave it out.
  interface Histogram<T extends string = string> {
    getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<T>>>;
  }
}

/**
 * A histogram whose buckets are read, not observed: prom-client would look up a label set for each
 * value.
 */
class ReadDistribution extends Histogram<'le'> {
  readonly #metric: DistributionMetric;

  constructor(metric: DistributionMetric) {
    super({ name: metric.name, help: metric.help, registers: [] });
    this.#metric = metric;
  }

  override async getForPromString(): ReturnType<Histogram<'le'>['get']> {
    const { name, read: ask } = this.#metric;
    const { bounds, cumulative, sum, count } = ask();
    const row = (suffix: string, value: number, le?: number | string) => ({
      metricName: `${name}_${suffix}`,
      labels: le === undefined ? {} : { le },
      value,
    });
    const values = [
      ...bounds.map((bound, i) => row('bucket', cumulative[i] ?? 0, bound)),
      row('bucket', count, '+Inf'),
      row('sum', sum),
      row('count', count),
    ];
    return { ...(await super.getForPromString()), values };
  }
}
