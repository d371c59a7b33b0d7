/**
 * Gives free pages back to the file system, in files that were made for it, in small steps while
 * nobody waits for the writer.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Db } from './database.ts';

/** Pages of a step; fewer free ones stay in the file. */
export const STEP_PAGES = 200;
/**
 * Milliseconds without work before a step: it takes a few, and the next request would wait for it.
 */
const QUIET = 100;

export interface GivingBackParts {
  readonly db: Db;
  readonly freePages: () => number;
  /** True if a request waits or is being served. */
  readonly busy: () => boolean;
  /** Called after a step. */
  readonly stepped: () => void;
  readonly failed: (error: unknown) => void;
}

export class GivingBack {
  readonly #p: GivingBackParts;
  #due = false;
  #underWay = false;
  #worked = 0;

  constructor(parts: GivingBackParts) {
    this.#p = parts;
  }

  /** Pages may have become free: goes on from now until none is left. */
  due(): void {
    this.#due = true;
  }

  /** A request was served. */
  worked(): void {
    this.#worked = performance.now();
  }

  /**
   * Runs until no page is left to give back, or one cannot be given. Requests that come in between
   * are served first.
   */
  async run(): Promise<void> {
    if (!this.#due || this.#underWay) return;
    this.#underWay = true;
    try {
      // The first step follows the sweep at once.
      this.#worked = 0;
      while (this.#p.db.open && this.#p.freePages() > STEP_PAGES) {
        if (this.#p.busy() || performance.now() - this.#worked < QUIET) {
          // The timer must not keep a thread alive that is to end.
          await setTimeout(QUIET, undefined, { ref: false });
          continue;
        }
        if (!this.#step()) break;
        await setImmediate();
      }
      this.#due = false;
    } finally {
      this.#underWay = false;
    }
  }

  #step(): boolean {
    const before = this.#p.freePages();
    try {
      this.#p.db.pragma(`incremental_vacuum(${STEP_PAGES})`);
      this.#p.stepped();
    } catch (error) {
      this.#p.failed(error);
      return false;
    }
    return this.#p.freePages() < before;
  }
}
