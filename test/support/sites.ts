/** The sites of an engine, as a test wants them. */
import type { PromotionFacts } from '../../src/cluster/promote-check.ts';
import type { Sites } from '../../src/cluster/sites.ts';
import type { Instant } from '../../src/domain/units.ts';

export class FakeSites implements Sites {
  known: PromotionFacts = { servers: [], acknowledging: [] };
  #until: Instant | undefined;

  facts(): Promise<PromotionFacts> {
    return Promise.resolve(this.known);
  }

  aloneUntil(): Instant | undefined {
    return this.#until;
  }

  alone(until: Instant | undefined): Promise<void> {
    this.#until = until;
    return Promise.resolve();
  }
}
