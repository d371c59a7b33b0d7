/** What a store is opened with, whichever engine it has. */
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import type { Milliseconds, Octets } from '../../domain/units.ts';
import type { MayMakeKey } from '../port/day-keys.ts';
import { MiB, days, octets, seconds } from '../../domain/units.ts';

export interface CoreCreateOptions {
  /**
   * Holds the day keys. Outside the data folder, and never in a backup of the database. Made with
   * mode 0700 when missing.
   */
  readonly keyFolder: string;
  /** 32 octets that wrap the day keys. */
  readonly masterKey: Uint8Array;
  /** The gateway's own name; `postmaster@hostname` is registered. */
  readonly hostname: string;
  readonly clock: Clock;
  /** Default: the operating system's. */
  readonly random?: RandomBytes;
}

export interface CoreOpenOptions extends CoreCreateOptions {
  readonly log: Log;
  /**
   * A maildrop's holder that made no progress for this long loses it to a session of the same
   * network. Default 30 s.
   */
  readonly takeoverAfter?: Milliseconds;
  readonly retention?: {
    /** How long an entry that was deleted by its owner can be handed out again. Default 14 days. */
    readonly hidden?: Milliseconds;
    /** How long the facts of a message can be traced after its content went. Default 90 days. */
    readonly trace?: Milliseconds;
    /** How long after a month its figures of usage are kept. Default 2557 days, seven years. */
    readonly usage?: Milliseconds;
    /**
     * How long a network that an account logged in from is known after the last time. Default 30
     * days.
     */
    readonly networks?: Milliseconds;
  };
  /** Set if nodes agree on day keys ahead. Default: a missing key is made. */
  readonly mayMakeKey?: MayMakeKey;
  /**
   * Largest body, checked here once more; the protocols refuse earlier and with a better answer.
   * Default 1 GiB.
   */
  readonly maxBody?: Octets;
}

export interface Settled {
  readonly takeoverAfter: Milliseconds;
  readonly hiddenFor: Milliseconds;
  readonly tracedFor: Milliseconds;
  readonly countedFor: Milliseconds;
  readonly networksFor: Milliseconds;
  readonly maxBody: Octets;
}

export const settled = (options: CoreOpenOptions): Settled => ({
  takeoverAfter: options.takeoverAfter ?? seconds(30),
  hiddenFor: options.retention?.hidden ?? days(14),
  tracedFor: options.retention?.trace ?? days(90),
  countedFor: options.retention?.usage ?? days(2557),
  networksFor: options.retention?.networks ?? days(30),
  maxBody: options.maxBody ?? octets(1024 * MiB),
});
