/** A store with what its engine tells of itself. */
import type { SitesLook } from '../cluster/sites.ts';
import type { Readiness } from '../domain/readiness.ts';
import type { Metric } from '../http/metric.ts';
import type { Store } from '../store/port/store.ts';

export interface OpenedStore {
  readonly store: Store;
  readonly readiness?: Readiness;
  readonly metrics?: readonly Metric[];
  /** Servers of an engine that has several. */
  readonly servers?: OpenedServers;
  /**
   * The start is over: what is away from now on is not waited for, and whoever asks is told so at
   * once.
   */
  started?(): void;
}

export interface OpenedServers {
  /** Asks each of them now. */
  look(): Promise<SitesLook>;
  warnings(): readonly string[];
  /** Something else is allowed from now on: resolves when it counts. */
  judgeAgain(): Promise<void>;
}
