/**
 * Metrics of the audit trail: what was erased after its time, and whether its heads get to the
 * places where they are kept.
 */
import type { Clock } from '../domain/effects.ts';
import { type Metric, counter, single } from '../http/metric.ts';
import type { AnchorCounts } from '../trail/anchors.ts';
import type { ByKind } from '../trail/erasure.ts';
import type { ForwardCounts } from '../trail/forwarding.ts';

export interface TrailCounts {
  readonly erased: ByKind;
  readonly anchors: AnchorCounts;
  /**
   * Absent if `audit.forward-to` is not set: the figures are shown all the same, so that an alarm
   * finds them.
   */
  readonly forwarded?: ForwardCounts;
}

export const trailMetrics = ({ trail, clock }: { readonly trail: TrailCounts; readonly clock: Clock }): Metric[] => [
  counter(
    'sluis_audit_erased_total',
    'Rows of the audit trail whose personal fields were erased after their time.',
    ['log'],
    () => Object.entries(trail.erased).map(([log, value]) => ({ labels: { log }, value })),
  ),
  single(
    'gauge',
    'sluis_audit_anchor_age_seconds',
    'Since when no head of the audit trail was signed and put away; 0: none yet.',
    () => (trail.anchors.last === 0 ? 0 : Math.max(0, (clock.now() - trail.anchors.last) / 1000)),
  ),
  single(
    'counter',
    'sluis_audit_anchor_failures_total',
    'Heads of the audit trail that could not be signed, put away, time-stamped or handed on.',
    () => trail.anchors.failed,
  ),
  ...forwardMetrics(trail.forwarded ?? NOT_FORWARDED, clock),
];

const NOT_FORWARDED: ForwardCounts = { rows: 0, failures: 0, failingSince: 0 };

const forwardMetrics = (counts: ForwardCounts, clock: Clock): Metric[] => [
  single(
    'counter',
    'sluis_audit_forwarded_total',
    'Rows of the audit trail that were sent to the collector of logs, those twice that were sent again.',
    () => counts.rows,
  ),
  single(
    'counter',
    'sluis_audit_forward_failures_total',
    'Connections to the collector of logs that could not be made, or ended.',
    () => counts.failures,
  ),
  single(
    'gauge',
    'sluis_audit_forward_failing_seconds',
    'Since when no row of the audit trail gets to the collector of logs; 0: they do.',
    () => (counts.failingSince === 0 ? 0 : Math.max(0, (clock.now() - counts.failingSince) / 1000)),
  ),
];
