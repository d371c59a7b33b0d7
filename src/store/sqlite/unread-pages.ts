/**
 * The pages of a large database that were not read since an unclean stop: reads them beside the
 * work, once after a start, and ends the store where one is damaged.
 */
import type { Clock, Log } from '../../domain/effects.ts';
import { StoreFailed } from '../store.ts';
import { markDamaged } from './check-database.ts';
import { type PageCheck, checkPagesBeside } from './page-check.ts';
import type { OwnCalls } from './calls.ts';

export interface UnreadPagesParts {
  /** The database. */
  readonly path: string;
  readonly own: Pick<OwnCalls, 'upkeep'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a page is damaged: nothing may be accepted or handed out any more. */
  readonly failed: (error: StoreFailed) => void;
  /** Another program than in service, for tests. */
  readonly program?: URL;
}

export class UnreadPages {
  readonly #p: UnreadPagesParts;
  #check: PageCheck | undefined;
  #stopped = false;
  #left = false;

  constructor(parts: UnreadPagesParts) {
    this.#p = parts;
  }

  /** True while pages are left that were not read; a later start may have to do it. */
  get left(): boolean {
    return this.#left;
  }

  read(): void {
    const { path, program, clock, log } = this.#p;
    this.#left = true;
    const began = clock.monotonic();
    log.info('store.checking', {});
    this.#check = checkPagesBeside(path, program);
    void this.#judge(this.#check, began).catch((error: unknown) =>
      log.warn('store.not-checked', { why: error instanceof Error ? error.message : String(error) }),
    );
  }

  async #judge(check: PageCheck, began: number): Promise<void> {
    const { own, clock, log } = this.#p;
    const found = await check.found;
    if (this.#stopped) return;
    if (found.kind === 'unknown') log.warn('store.not-checked', { why: found.why });
    else if (found.kind === 'damaged') this.#damaged(found.why);
    else {
      await own.upkeep.checked();
      this.#left = false;
      log.info('store.checked', { seconds: Math.round((clock.monotonic() - began) / 1000) });
    }
  }

  #damaged(why: string): void {
    const { path, log, failed } = this.#p;
    log.error('store.damaged', { why });
    try {
      markDamaged(path, why);
    } finally {
      failed(new StoreFailed(`The database is damaged (${why}); keep the file, restore the last backup`));
    }
  }

  /** Stops. Pages that were not read stay for a later start. */
  stop(): void {
    this.#stopped = true;
    this.#check?.stop();
  }
}
