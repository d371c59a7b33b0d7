/**
 * Every metric that a gateway can tell, as docs/signals.md lists them: names, labels and what they
 * mean. No value is read.
 */
import type { Metric } from '../http/metric.ts';
import { backupMetrics } from './backup-metrics.ts';
import { clusterMetrics } from './cluster.ts';
import { daneMetrics } from './dane.ts';
import { dkimMetrics } from './dkim.ts';
import { doctorMetrics } from './doctor.ts';
import { postgresMetrics } from './postgres-health.ts';
import { probeMetrics } from './probe.ts';
import { scanMetrics } from './scan.ts';
import { storeMetrics } from './store-metrics.ts';
import { trafficMetrics } from './traffic-metrics.ts';

/** Stands in for every part of a gateway: a metric asks its parts only when somebody scrapes. */
const NOBODY: never = new Proxy(() => undefined, { get: () => NOBODY, apply: () => NOBODY }) as never;

export const declaredMetrics = (): readonly (readonly [title: string, metrics: readonly Metric[]])[] => [
  ['Metrics: traffic', trafficMetrics(NOBODY)],
  ['Metrics: store, queue, certificates', storeMetrics(NOBODY)],
  ['Metrics: backups and drills', backupMetrics(NOBODY)],
  [
    'Metrics: where they are configured',
    [
      ...doctorMetrics(NOBODY),
      ...probeMetrics(NOBODY, NOBODY, NOBODY),
      ...scanMetrics(NOBODY),
      ...daneMetrics(NOBODY),
      ...dkimMetrics(NOBODY),
    ],
  ],
  ['Metrics: PostgreSQL and several gateways', [...postgresMetrics(NOBODY), ...clusterMetrics(NOBODY)]],
];
