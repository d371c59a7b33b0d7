/** What the parts of the gateway touch of the world outside it. */
import type { Clock, Log, RandomBytes } from '../domain/effects.ts';

export interface GatewayEffects {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the operating system's. */
  readonly random?: RandomBytes;
}
