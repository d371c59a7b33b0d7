/** What commands about sites ask of the engine; an engine on one machine has none of it. */
import type { Instant } from '../domain/units.ts';
import type { PromotionFacts } from './promote-check.ts';

export interface Sites {
  /** Asks every server now, each for a second at most. */
  facts(): Promise<PromotionFacts>;
  /** Until when one place alone may acknowledge; undefined: it may not. */
  aloneUntil(): Instant | undefined;
  /** Lets one place alone acknowledge until then, or ends it. Resolves when it holds; the caller writes the row of the trail. */
  alone(until: Instant | undefined, actor: { readonly name: string; readonly reason?: string }): Promise<void>;
}
