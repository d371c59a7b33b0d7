/**
 * One backup or drill at a time: in this process, and where several gateways have one folder among
 * them all (`folder-turn.ts`).
 */
import type { Clock } from '../domain/effects.ts';
import { FolderTurn } from './folder-turn.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

/** Another backup or drill is under way. */
class BackupBusy extends BackupRefused {}

/** The folder cannot be worked in. */
export class NoFolder extends BackupRefused {}

const BUSY = 'Cannot back up now: a backup is being taken; try again when it has ended';

export interface OneAtATimeParts {
  readonly clock: Clock;
  /** Other gateways have the same folder. */
  readonly shared?: boolean;
}

export class OneAtATime {
  readonly #p: OneAtATimeParts;
  #running = false;

  constructor(parts: OneAtATimeParts) {
    this.#p = parts;
  }

  get running(): boolean {
    return this.#running;
  }

  /**
   * Rejects with BackupRefused if somebody is at work in the folder, and with NoFolder where nobody
   * can be.
   */
  async run<T>(folder: string, work: () => Promise<T>): Promise<T> {
    if (this.#running) throw new BackupBusy('unavailable', BUSY);
    this.#running = true;
    try {
      return this.#p.shared === true ? await this.#inTurn(folder, work) : await work();
    } finally {
      this.#running = false;
    }
  }

  async #inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
    const turn = await FolderTurn.take(folder, this.#p.clock).catch((error: unknown) => {
      const why = isCode(error, 'ENOSPC')
        ? 'the disk is full; free some space there, or name another folder'
        : reasonOf(error);
      throw new NoFolder('unavailable', `Cannot work in "${folder}": ${why}`, { cause: error });
    });
    if (turn === undefined) throw new BackupBusy('unavailable', BUSY);
    try {
      return await work();
    } finally {
      await turn.end();
    }
  }
}

/**
 * What the gateway does by itself comes again in a minute, without an alarm: somebody takes a
 * backup by hand, or the last one takes its time.
 */
export async function unlessBusy<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupBusy) return undefined;
    throw error;
  }
}
