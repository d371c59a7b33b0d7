/** A store with what its engine tells of itself. */
import type { Readiness } from '../domain/readiness.ts';
import type { Metric } from '../http/metric.ts';
import type { Store } from '../store/port/store.ts';

export interface OpenedStore {
  readonly store: Store;
  readonly readiness?: Readiness;
  readonly metrics?: readonly Metric[];
}
