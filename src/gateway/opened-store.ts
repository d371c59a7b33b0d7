/** A store, with what its engine says about itself. */
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
   * Called when the start is over: from now on nothing waits for a server that is away, and a
   * caller is told so at once.
   */
  started?(): void;
}

export interface OpenedServers {
  /** Asks each of them now. */
  look(): Promise<SitesLook>;
  warnings(): readonly string[];
  /**
   * Called when something else is allowed from now on (`sluis site alone`); resolves when that
   * counts.
   */
  judgeAgain(): Promise<void>;
}
