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
 * For the servers of a store, of whoever comes right behind them: a gateway that starts, since a
 * machine that is switched on starts it before the database, and `init`, which an administrator
 * runs as soon as the servers are made.
 */
export const START_PATIENCE = seconds(10);

/** Further options with which a store is opened. */
export interface StoreEffects extends GatewayEffects {
  /** Where nodes agree on day keys ahead. Default: a store makes those that it needs. */
  readonly mayMakeKey?: MayMakeKey;
  /**
   * Until when one place alone may acknowledge, where an engine has several. Default: it may not.
   */
  readonly aloneUntil?: () => Instant | undefined;
  /** How long servers of the store that are not there yet are waited for. Default: they are not. */
  readonly patience?: Milliseconds;
}
