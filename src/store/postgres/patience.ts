/**
 * A gateway that starts waits for its servers. The first look at them may take longer than its
 * second on a busy machine; a machine that is switched on starts the gateway before the database; a
 * promotion is under way, a standby is on its way back. All that passes by itself, and a gateway
 * that ends because of it is one more thing to look into. What somebody must mend first, such as a
 * password, is refused at once; and so is everything where whoever asks has no time: a command
 * tells the operator at once what is not there.
 */
import type { Clock, Log } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds, seconds } from '../../domain/units.ts';
import { StoreUnavailable } from '../store.ts';
import type { Guard } from './guard.ts';
import type { Pool, Purpose } from './pool.ts';

const PAUSE = milliseconds(100);
const KEEP_ALIVE = seconds(10);

export interface PatienceParts {
  readonly guard: Pick<Guard, 'mustBeMended'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  /**
   * Counted from the begin of the start. A start asks many things one after another, and all of
   * them share this time.
   */
  readonly within: Milliseconds;
}

export class Patience {
  readonly #p: PatienceParts;
  #until: number;
  #told = false;

  /** `since`: when the start began, by the monotonic clock. */
  constructor(since: number, parts: PatienceParts) {
    this.#p = parts;
    this.#until = since + parts.within;
  }

  get over(): boolean {
    return this.#p.clock.monotonic() >= this.#until;
  }

  /** Called when the start is over. */
  end(): void {
    this.#until = -Infinity;
  }

  /**
   * Resolves when a connection for each purpose stands, and what is committed may be acknowledged.
   * Rejects with StoreUnavailable, which says what is in the way.
   */
  async waitFor(pool: Pick<Pool, 'withSession'>, purposes: readonly Purpose[]): Promise<void> {
    // Timers of the clock keep no process alive, and while a command or a gateway starts there may
    // be nothing else: it would end here, without a word.
    const alive = setInterval(() => undefined, KEEP_ALIVE);
    try {
      for (const purpose of purposes) await this.#waitFor(pool, purpose);
    } finally {
      clearInterval(alive);
    }
  }

  async #waitFor(pool: Pick<Pool, 'withSession'>, purpose: Purpose): Promise<void> {
    const { guard, clock, log, within } = this.#p;
    for (;;) {
      const why = await missing(pool, purpose);
      if (why === undefined) return;
      if (guard.mustBeMended || this.over) throw why;
      if (!this.#told) log.warn('store.waiting', { seconds: within / 1000, why: why.message });
      this.#told = true;
      await new Promise<void>((resolve) => void clock.after(PAUSE, resolve));
    }
  }
}

async function missing(pool: Pick<Pool, 'withSession'>, purpose: Purpose): Promise<StoreUnavailable | undefined> {
  try {
    await pool.withSession(purpose, () => Promise.resolve());
    return undefined;
  } catch (error) {
    if (error instanceof StoreUnavailable) return error;
    throw error;
  }
}
