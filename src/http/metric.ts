/**
 * What a metric is, before anybody writes it down: a name and how to read its values when somebody
 * asks.
 */
import type { Counted, Distribution } from '../domain/counts.ts';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Named {
  /** Of the form `sluis_what_unit`; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
}

export interface NumberMetric extends Named {
  readonly kind: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly read: () => readonly Sample[] | Promise<readonly Sample[]>;
}

export interface DistributionMetric extends Named {
  readonly kind: 'distribution';
  readonly read: () => Distribution;
}

export type Metric = NumberMetric | DistributionMetric;

/** One number without labels. */
export const single = (
  kind: NumberMetric['kind'],
  name: string,
  help: string,
  read: () => number | Promise<number>,
): NumberMetric => ({ kind, name, help, labels: [], read: async () => [{ value: await read() }] });

export const gauge = (
  name: string,
  help: string,
  labels: readonly string[],
  read: NumberMetric['read'],
): NumberMetric => ({ kind: 'gauge', name, help, labels, read });

/** `read`: usually a `Counts`. */
export const counter = <L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
  read: () => readonly Counted<L>[],
): NumberMetric => ({ kind: 'counter', name, help, labels, read });

export const distribution = (name: string, help: string, read: () => Distribution): DistributionMetric => ({
  kind: 'distribution',
  name,
  help,
  read,
});
