/** Everything outside the gateway that its parts touch. */
import type { Clock, Log, RandomBytes } from '../domain/effects.ts';
import { type Instant, type Milliseconds, seconds } from '../domain/units.ts';
import type { MayMakeKey } from '../store/port/day-keys.ts';

export interface GatewayEffects {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the operating system's. */
  readonly random?: RandomBytes;
}

/**
 * How long a program waits for the servers of a store that may just be starting: a gateway, since a
 * machine that is switched on starts it before the database; and `init`, which an administrator
 * runs as soon as the servers are made.
 */
export const START_PATIENCE = seconds(10);

/** Further options with which a store is opened. */
export interface StoreEffects extends GatewayEffects {
  /**
   * Says whether a day key may be made, if nodes agree on them in advance. Default: a store makes
   * those that it needs.
   */
  readonly mayMakeKey?: MayMakeKey;
  /** Until when one site alone may acknowledge, if the engine has several. Default: it may not. */
  readonly aloneUntil?: () => Instant | undefined;
  /** How long to wait for servers of the store that do not answer yet. Default: not at all. */
  readonly patience?: Milliseconds;
}
