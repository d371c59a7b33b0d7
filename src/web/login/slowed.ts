/**
 * Slows down guessing at the login of pages. Whoever is refused gets the same text after the same
 * time, whatever the reason; the trail has the reason. Wrong guesses are counted by network, as for
 * logins of mail, over all gateways that share the store.
 */
import { createHmac } from 'node:crypto';
import { pause } from '../../auth/pause.ts';
import { sharedThrottle } from '../../auth/shared-throttle.ts';
import type { Throttle, ThrottleLimits } from '../../auth/throttle.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds } from '../../domain/units.ts';
import type { NetworkSet } from '../../platform/network.ts';
import { RegistryError } from '../../store/registry.ts';
import type { SharedCount } from '../../store/shared-counts.ts';
import type { LogInNotes, LogInRefusal } from './notes.ts';

/** Where a request comes from: its address and network. */
export interface From {
  readonly address: string;
  readonly network: string;
  readonly range: string;
  readonly signal: AbortSignal;
}

export interface Right<T> {
  readonly kind: 'right';
  readonly is: T;
}
export type Judged<T> = Right<T> | LogInRefusal;
export type Turned = { readonly kind: 'refused'; readonly why: LogInRefusal } | Busy;
export interface Busy {
  readonly kind: 'busy';
  readonly wait: Milliseconds;
}
/** The outcome of a login, as the visitor is told. */
export type SlowedJudged<T> = Right<T> | Turned;

export interface SlowedParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly limits: { readonly throttle: ThrottleLimits; readonly refusalGrid: Milliseconds };
  /** Networks whose failures are not counted, so that they are never made to wait. */
  readonly exempt: NetworkSet;
  readonly shared?: SharedCount;
  readonly notes: LogInNotes;
}

/** Reasons for a refusal that are no wrong guess of the visitor. */
const NO_GUESS: readonly LogInRefusal[] = ['down'];

export class Slowed {
  readonly #p: SlowedParts;
  readonly #throttle: Throttle;
  readonly #key: Uint8Array;

  constructor(parts: SlowedParts) {
    this.#p = parts;
    this.#throttle = sharedThrottle(parts.limits.throttle, parts.clock, parts.shared);
    this.#key = parts.random(32);
  }

  /**
   * Runs `judge`, unless the network has failed too often just now. `shown`: what the visitor gave
   * as proof. The same wrong proof once more is no new guess.
   */
  async judge<T>(
    whose: string,
    shown: string,
    { address, network, signal }: From,
    judge: () => Promise<Judged<T>>,
  ): Promise<SlowedJudged<T>> {
    const { clock, exempt, notes, limits } = this.#p;
    const came = clock.monotonic();
    const free = exempt.has(address);
    const wait = free ? 0 : this.#throttle.wait(whose, network, came);
    if (wait > 0) {
      notes.refused({ why: 'throttled', network });
      return { kind: 'busy', wait: milliseconds(Math.ceil(wait)) };
    }
    const judged = await judge().catch((error: unknown): LogInRefusal => {
      // Somebody else used it at this very moment, or it has ended.
      if (error instanceof RegistryError && error.kind === 'ended') return 'replayed';
      throw error;
    });
    if (typeof judged !== 'string') {
      this.#throttle.succeeded(whose, network, clock.monotonic());
      return judged;
    }
    const guess = createHmac('sha256', this.#key).update(shown).digest('base64');
    if (!free && !NO_GUESS.includes(judged)) this.#throttle.failed(whose, network, guess, clock.monotonic());
    notes.refused({ why: judged, network });
    if (limits.refusalGrid > 0) {
      const past = (clock.monotonic() - came) % limits.refusalGrid;
      await pause(clock, milliseconds(limits.refusalGrid - past), signal);
    }
    return { kind: 'refused', why: judged };
  }
}
