/**
 * The queue before password hashing: few at once, fair between networks, and nobody waits for ever.
 *
 * A hash costs 14 ms of a core and 19 MiB, and anybody may ask for one. So at most `concurrency`
 * run, `length` wait, each for at most `patience`. Networks that somebody has logged in from go
 * first, so that a flood of strangers delays only strangers; still, one of every five turns belongs
 * to the strangers. Within a lane the networks take turns, so that a thousand of one network do not
 * delay the one of another. A peer that cannot be served hears `busy`: its credentials were not
 * judged.
 */
import { Distribution } from '../domain/counts.ts';
import type { Clock } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { seconds } from '../domain/units.ts';

/** `later`: work nobody waits for, done when both others are empty. */
export type Lane = 'known' | 'stranger' | 'later';

export interface QueuedCheck {
  readonly lane: Lane;
  readonly network: string;
  /**
   * Aborted when nobody wants the answer any longer: then the place is free at once. A job that
   * runs is not interrupted.
   */
  readonly signal?: AbortSignal;
}

export type Served<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'busy'; readonly why: 'full' | 'late' | 'gone' };

export interface QueueLimits {
  /**
   * Hashes at once. Above 2, UV_THREADPOOL_SIZE must grow as well: see
   * crypto/passwords/password.ts.
   */
  readonly concurrency: number;
  readonly length: number;
  /** Most places of one network in a lane. */
  readonly perNetwork: number;
  readonly patience: Milliseconds;
}

export const queueDefaults: QueueLimits = { concurrency: 2, length: 4000, perNetwork: 2000, patience: seconds(20) };

const KNOWN_IN_A_ROW = 4;

interface Waiting {
  readonly start: () => void;
  readonly end: (why: 'full' | 'late' | 'gone') => void;
}

export class VerifyQueue {
  readonly #clock: Clock;
  readonly #limits: QueueLimits;
  readonly #lanes: Readonly<Record<Lane, Map<string, Waiting[]>>> = {
    known: new Map(),
    stranger: new Map(),
    later: new Map(),
  };
  /** Seconds from the request until its job begins. */
  readonly waits = new Distribution([0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]);
  #waiting = 0;
  #running = 0;
  #knownInARow = 0;

  constructor(clock: Clock, limits: QueueLimits = queueDefaults) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get running(): number {
    return this.#running;
  }

  /** Runs `job` when its turn comes. Rejects only with what `job` rejects with. */
  run<T>(place: QueuedCheck, job: () => Promise<T>): Promise<Served<T>> {
    if (place.signal?.aborted === true) return Promise.resolve({ kind: 'busy', why: 'gone' });
    if (!this.#makeRoom(place)) return Promise.resolve({ kind: 'busy', why: 'full' });
    const came = this.#clock.monotonic();
    return new Promise((resolve, reject) => {
      const end = (why: 'full' | 'late' | 'gone'): void => {
        leave();
        resolve({ kind: 'busy', why });
      };
      const start = (): void => {
        leave();
        this.#running += 1;
        if (place.lane !== 'later') this.waits.add((this.#clock.monotonic() - came) / 1000);
        job()
          .then((value) => resolve({ kind: 'done', value }), reject)
          .finally(() => {
            this.#running -= 1;
            this.#next();
          })
          .catch(reject);
      };
      const waiting: Waiting = { start, end };
      const timer = this.#clock.after(this.#limits.patience, () => end('late'));
      const gone = (): void => end('gone');
      place.signal?.addEventListener('abort', gone, { once: true });
      const leave = (): void => {
        timer.cancel();
        place.signal?.removeEventListener('abort', gone);
        this.#remove(place, waiting);
      };
      this.#add(place, waiting);
      this.#next();
    });
  }

  #add({ lane, network }: QueuedCheck, waiting: Waiting): void {
    const line = this.#lanes[lane].get(network);
    if (line === undefined) this.#lanes[lane].set(network, [waiting]);
    else line.push(waiting);
    this.#waiting += 1;
  }

  #remove({ lane, network }: QueuedCheck, waiting: Waiting): void {
    const line = this.#lanes[lane].get(network);
    const at = line?.indexOf(waiting) ?? -1;
    if (line === undefined || at < 0) return;
    line.splice(at, 1);
    if (line.length === 0) this.#lanes[lane].delete(network);
    this.#waiting -= 1;
  }

  /**
   * False if there is no place. In a full queue work for later gives way first, to anybody. A known
   * network also takes the last place of the stranger network that is next in turn.
   */
  #makeRoom({ lane, network }: QueuedCheck): boolean {
    if ((this.#lanes[lane].get(network)?.length ?? 0) >= this.#limits.perNetwork) return false;
    if (this.#waiting < this.#limits.length) return true;
    const victims: readonly Lane[] = lane === 'known' ? ['later', 'stranger'] : lane === 'stranger' ? ['later'] : [];
    for (const victim of victims)
      for (const line of this.#lanes[victim].values()) {
        line.at(-1)?.end('full');
        return true;
      }
    return false;
  }

  #next(): void {
    while (this.#running < this.#limits.concurrency) {
      const lane = this.#nextLane();
      if (lane === undefined) return;
      for (const [network, line] of lane) {
        // The network goes to the end of the lane: the next turn is another one's.
        lane.delete(network);
        lane.set(network, line);
        line[0]?.start();
        break;
      }
    }
  }

  #nextLane(): Map<string, Waiting[]> | undefined {
    const { known, stranger, later } = this.#lanes;
    const strangersTurn = stranger.size > 0 && this.#knownInARow >= KNOWN_IN_A_ROW;
    if (known.size > 0 && !strangersTurn) {
      this.#knownInARow += 1;
      return known;
    }
    this.#knownInARow = 0;
    if (stranger.size > 0) return stranger;
    return later.size > 0 ? later : undefined;
  }
}
