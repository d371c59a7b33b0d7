/**
 * The main thread's side: one look at a time, each in a thread of its own that has little time and
 * memory.
 */
import { Worker } from 'node:worker_threads';
import { type Milliseconds, seconds } from '../domain/units.ts';
import type { View } from './view.ts';

export interface ViewLimits {
  readonly time: Milliseconds;
  /** Looks that wait or are under way; what is more goes without. */
  readonly waiting: number;
}

const DEFAULT: ViewLimits = { time: seconds(10), waiting: 8 };
/** Most megabytes of the thread's heap. 256 KB of mail need a few. */
const MEGABYTES = 96;

export class ViewThread {
  readonly #limits: ViewLimits;
  #waiting = 0;
  #before: Promise<unknown> = Promise.resolve();

  constructor(limits: ViewLimits = DEFAULT) {
    this.#limits = limits;
  }

  /**
   * What another library reads in the message; undefined: it could not be read in time, or too many
   * wait. Never rejects.
   */
  async look(sample: Uint8Array): Promise<View | undefined> {
    if (this.#waiting >= this.#limits.waiting) return undefined;
    this.#waiting += 1;
    const mine = this.#before.then(() => this.#look(sample));
    this.#before = mine;
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }

  #look(sample: Uint8Array): Promise<View | undefined> {
    return new Promise((resolve) => {
      const worker = new Worker(new URL('./view-worker.ts', import.meta.url), {
        name: 'test-report',
        workerData: { sample },
        resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
      });
      // Of real time: whatever clock the gateway goes by, a thread that spins must end.
      const timer = setTimeout(() => ended(undefined), this.#limits.time);
      const ended = (view: View | undefined): void => {
        clearTimeout(timer);
        resolve(view);
        worker.terminate().catch(() => undefined);
      };
      worker.on('message', (view: View) => ended(view));
      worker.on('error', () => ended(undefined));
      worker.on('exit', () => ended(undefined));
    });
  }
}
