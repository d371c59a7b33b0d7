/**
 * Waits for the data folder, which one process may use at a time. While no gateway runs, commands
 * open the store themselves, for a second or two. A process that comes meanwhile waits for them and
 * does not end: otherwise a machine that starts, with a monitor that asks each minute, might have
 * no gateway.
 */
import { isAnswered } from '../admin/socket-file.ts';
import type { LockHolder } from '../domain/lock-holder.ts';
import { StoreRefused } from '../store/store.ts';

const PAUSE = 250;
/**
 * Ten seconds of pauses. If something holds the folder longer, such as an import, the operator is
 * told rather than kept waiting.
 */
const ATTEMPTS = 41;
export const TURN_SECONDS = ((ATTEMPTS - 1) * PAUSE) / 1000;

/**
 * Called once, when a wait begins. `holder`: absent if it is not known which process holds the
 * folder.
 */
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
 * Runs `work`, and runs it again while another process holds the folder. Rejects with its
 * StoreRefused after 10 s, and at once if a gateway serves.
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
