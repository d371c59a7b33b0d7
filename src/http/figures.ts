/** Single figures of /metrics, for commands that ask the gateway in another way. */
import type { Figure } from '../domain/monitor.ts';
import type { Metric } from './metric.ts';

/** At most so many of one name: there is one for each partner and certificate. */
const MOST = 500;

/** The figures of metrics with these names. A distribution (histogram) has none. */
export async function figuresOf(metrics: readonly Metric[], names: ReadonlySet<string>): Promise<readonly Figure[]> {
  const all = metrics
    .filter((metric) => names.has(metric.name))
    .map(async (metric): Promise<readonly Figure[]> => {
      if (metric.kind === 'distribution') return [];
      const samples = await metric.read();
      return samples.slice(0, MOST).map(({ labels = {}, value }) => ({
        name: metric.name,
        labels,
        value: Number.isFinite(value) ? value : null,
      }));
    });
  return (await Promise.all(all)).flat();
}
