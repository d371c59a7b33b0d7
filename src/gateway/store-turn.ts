/**
 * The turn of whoever needs the data folder alone. Commands open the store themselves while no
 * gateway runs, for a second or two. Whoever comes meanwhile waits for them, and does not end: a
 * machine that starts, with a monitor that asks each minute, would else have no gateway.
 */
import { isAnswered } from '../admin/socket-file.ts';
import type { LockHolder } from '../domain/lock-holder.ts';
import { StoreRefused } from '../store/store.ts';

const PAUSE = 250;
/**
 * Ten seconds of pauses. What holds the folder longer, such as an import, is better known to the
 * operator than waited for.
 */
const ATTEMPTS = 41;
export const TURN_SECONDS = ((ATTEMPTS - 1) * PAUSE) / 1000;

/** Told once, when a wait begins. `holder`: absent if nobody can tell who it is. */
export type Waits = (holder: LockHolder | undefined) => void;

export interface TurnOptions {
  /** Control socket of the gateway whose data these are. */
  readonly socket: string;
  readonly waits: Waits;
  /** For tests; default: a quarter of a second. */
  readonly pause?: () => Promise<void>;
}

const aPause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE));

/**
 * Runs `work`, again while another process holds the folder. Rejects with its StoreRefused after 10
 * s, and at once where a gateway serves.
 */
export async function whenFree<T>(work: () => Promise<T>, { socket, waits, pause = aPause }: TurnOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreRefused) || !error.held || attempt === ATTEMPTS) throw error;
      if (await isAnswered(socket)) throw error;
      if (attempt === 1) waits(error.holder);
      await pause();
    }
}
