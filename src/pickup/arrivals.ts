/**
 * Clients that wait for new mail in a mailbox: the commit that brings it tells them, so the store
 * is not asked meanwhile.
 *
 * The number that may wait is limited for one account and in all; a client beyond that gets no
 * place and is answered at once.
 */
import type { Clock } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Milliseconds } from '../domain/units.ts';
import type { Deliveries } from '../store/port/mail.ts';

export const MOST_WAITING = 16;
export const MOST_WAITING_IN_ALL = 2000;

export interface ArrivalsParts {
  readonly deliveries: Pick<Deliveries, 'onMailbox'>;
  readonly clock: Clock;
}

/** A place in the line. Whoever has it gives it back with `end`. */
export interface Watch {
  /**
   * True when the mailbox changed since the place was taken, or since the last call; false when the
   * time is over, or the client gone.
   */
  next(within: Milliseconds, signal: AbortSignal): Promise<boolean>;
  end(): void;
}

interface ArrivalWait {
  changed: boolean;
  wake: (() => void) | undefined;
}

export class Arrivals {
  readonly #clock: Clock;
  readonly #places = new Map<AccountId, Set<ArrivalWait>>();
  #waiting = 0;

  constructor({ deliveries, clock }: ArrivalsParts) {
    this.#clock = clock;
    deliveries.onMailbox((account) => this.tell(account));
  }

  /** Places that are taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Tells those who wait for this mailbox that it may have changed. */
  tell(account: AccountId): void {
    for (const place of this.#places.get(account) ?? []) {
      place.changed = true;
      place.wake?.();
    }
  }

  /** Takes a place to wait for this mailbox; undefined: too many wait already. */
  watch(account: AccountId): Watch | undefined {
    const places = this.#places.get(account) ?? new Set<ArrivalWait>();
    if (places.size >= MOST_WAITING || this.#waiting >= MOST_WAITING_IN_ALL) return undefined;
    const place: ArrivalWait = { changed: false, wake: undefined };
    places.add(place);
    this.#places.set(account, places);
    this.#waiting += 1;
    return {
      next: (within, signal) => this.#next(place, within, signal),
      end: () => {
        if (!places.delete(place)) return;
        this.#waiting -= 1;
        if (places.size === 0) this.#places.delete(account);
      },
    };
  }

  async #next(place: ArrivalWait, within: Milliseconds, signal: AbortSignal): Promise<boolean> {
    if (!place.changed && within > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(within, resolve);
        const done = (): void => {
          timer.cancel();
          signal.removeEventListener('abort', done);
          place.wake = undefined;
          resolve();
        };
        place.wake = done;
        signal.addEventListener('abort', done);
      });
      place.wake = undefined;
    }
    const { changed } = place;
    place.changed = false;
    return changed && !signal.aborted;
  }
}
