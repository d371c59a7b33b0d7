/** What commands about sites ask of the engine; an engine on one machine has none of it. */
import { type Instant, days } from '../domain/units.ts';
import type { PromotionFacts } from './promote-check.ts';

/**
 * One place alone loses what it acknowledged when it is lost: a week is time enough for a standby
 * to come back, or for another to be made.
 */
export const LONGEST_ALONE = days(7);

/** One of the gateways that share the store, as its row has it. */
export interface GatewayStanding {
  readonly name: string;
  readonly site: string;
  readonly version: string;
  /** Version of the database that it knows. */
  readonly schema: number;
  /** Seconds since it was heard of; absent: it has stopped in order. */
  readonly silentFor?: number;
  /** Seconds that its clock is ahead of the database's. */
  readonly clockAhead: number;
  /** Whether that gateway last said that it would acknowledge. */
  readonly acknowledges: boolean;
  /** ISO 8601, by its own clock. */
  readonly lastAcknowledged?: string;
  /** ISO 8601: one place alone may acknowledge for it until then. */
  readonly aloneUntil?: string;
  /** The jobs that it does for all gateways. */
  readonly jobs: readonly string[];
}

export interface SitesLook extends PromotionFacts {
  readonly gateways: readonly GatewayStanding[];
}

export interface Sites {
  /** Asks every server now, each for a second at most. */
  look(): Promise<SitesLook>;
  /** Warnings for the operator, from memory, each with its remedy. */
  warnings(): readonly string[];
  /** Until when one place alone may acknowledge; undefined: it may not. */
  aloneUntil(): Instant | undefined;
  /**
   * Lets one place alone acknowledge until then, or ends it. Resolves when it holds, also after a
   * power cut; the caller writes the row of the trail.
   */
  alone(until: Instant | undefined, actor: { readonly name: string; readonly reason?: string }): Promise<void>;
}
