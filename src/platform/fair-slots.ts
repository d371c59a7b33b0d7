/**
 * Places for work that takes long: so many jobs run at the same time, so many of them of one
 * account, and the rest waits for its turn (fair-line.ts). An account never has all places, so
 * small work of another one begins at once.
 */
import { FairLine } from './fair-line.ts';

export interface SlotLimits {
  /** Most jobs at the same time. */
  readonly running: number;
  /** Most jobs of one key among them. */
  readonly each: number;
  /** How many jobs may wait; a further one is refused at once. */
  readonly waiting: number;
}

export interface Slot {
  /** A second call does nothing. */
  free(): void;
}
/** `busy`: too many wait. `gone`: the signal came first. */
export type Taken = Slot | 'busy' | 'gone';

interface Asking {
  readonly key: unknown;
  readonly take: (taken: Taken) => void;
}

export class FairSlots {
  readonly #limits: SlotLimits;
  readonly #line = new FairLine<Asking>();
  readonly #held = new Map<unknown, number>();
  #running = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** How many jobs wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Takes a place, or waits for one. `key`: whose turn it takes; undefined for work of the gateway
   * itself.
   */
  take(key: unknown, signal?: AbortSignal): Taken | Promise<Taken> {
    if (signal?.aborted === true) return 'gone';
    if (this.#running < this.#limits.running && this.#mayHold(key)) return this.#grant(key);
    if (this.#line.length >= this.#limits.waiting) return 'busy';
    return new Promise((resolve) => {
      const asking: Asking = {
        key,
        take: (taken) => {
          signal?.removeEventListener('abort', gone);
          resolve(taken);
        },
      };
      const gone = (): void => {
        if (this.#line.remove(key, asking)) asking.take('gone');
      };
      signal?.addEventListener('abort', gone, { once: true });
      this.#line.push(key, asking);
    });
  }

  readonly #mayHold = (key: unknown): boolean => (this.#held.get(key) ?? 0) < this.#limits.each;

  #grant(key: unknown): Slot {
    this.#running += 1;
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    let freed = false;
    return {
      free: () => {
        if (freed) return;
        freed = true;
        this.#running -= 1;
        const left = (this.#held.get(key) ?? 1) - 1;
        if (left > 0) this.#held.set(key, left);
        else this.#held.delete(key);
        this.#next();
      },
    };
  }

  #next(): void {
    while (this.#running < this.#limits.running) {
      const asking = this.#line.shift(this.#mayHold);
      if (asking === undefined) return;
      asking.take(this.#grant(asking.key));
    }
  }
}
