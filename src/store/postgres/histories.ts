/**
 * Which log the connections of a gateway read: that of one server, on one timeline.
 *
 * A promotion begins a new timeline. Where the server that was promoted had not all of what was
 * acknowledged, because somebody promoted the wrong one, numbers that were given out are given out
 * again: two states of one mailbox have one number of changes, two messages one uid. So what was
 * remembered under such a number is asked for again, and a connection to a server that the others
 * have left behind is not used.
 */
import { StoreUnavailable } from '../store.ts';

export interface History {
  /** The server: `db.example:5432`. */
  readonly place: string;
  readonly timeline: number;
}

export class Histories {
  #now: History | undefined;
  readonly #listeners: (() => void)[] = [];

  /** The listener is called before anything is read in another history. */
  onAnother(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * A connection was made. True: it leads to another history than those before. Throws
   * StoreUnavailable if these have left it behind.
   */
  begin({ place, timeline }: History): boolean {
    const before = this.#now;
    if (before !== undefined && timeline < before.timeline)
      throw new StoreUnavailable(
        `${place} is on timeline ${timeline} of its log, and ${before.place} was the primary on ${before.timeline}; bring it back with pg_rewind or a full copy, or start this gateway again where the database was put back on purpose`,
      );
    this.#now = { place, timeline };
    if (before === undefined || (before.place === place && before.timeline === timeline)) return false;
    for (const tell of this.#listeners) tell();
    return true;
  }
}
