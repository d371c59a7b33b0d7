/** The sites of an engine, as a test decides them. */
import type { Sites, SitesLook } from '../../src/cluster/sites.ts';
import type { Instant } from '../../src/domain/units.ts';

export class FakeSites implements Sites {
  known: SitesLook = { servers: [], acknowledging: [], gateways: [] };
  warned: readonly string[] = [];
  #until: Instant | undefined;

  look(): Promise<SitesLook> {
    return Promise.resolve(this.known);
  }

  warnings(): readonly string[] {
    return this.warned;
  }

  aloneUntil(): Instant | undefined {
    return this.#until;
  }

  alone(until: Instant | undefined): Promise<void> {
    this.#until = until;
    return Promise.resolve();
  }
}
