/** The quirks' port: counts in memory, and a few seconds later in a group commit. */
import type { Clock, Log, Timer } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Quirk } from '../../domain/quirks.ts';
import { days, instant, seconds } from '../../domain/units.ts';
import type { QuirkCount } from '../changes/quirks.ts';
import type { Subjects } from '../objects.ts';
import type { QuirkDay, Quirks } from '../quirks.ts';
import type { Engine } from './engine.ts';
import type { StoreTime } from './store-time.ts';

/**
 * How long a count waits for others, so that a mailing of ten thousand messages with a bare LF each
 * becomes a few rows.
 */
const WAIT = seconds(5);
/** Counts in one piece of work: the writer is held for a millisecond or two. */
const AT_ONCE = 500;
/**
 * Most accounts, quirks and days in memory. Beyond this the disk is far behind; new counts are
 * dropped and logged.
 */
export const MAX_COUNTS = 20_000;
const DAY = days(1);

type Pending = { -readonly [K in keyof QuirkCount]: QuirkCount[K] };

export interface QuirksParts {
  readonly engine: Pick<Engine, 'failure'>;
  readonly subject: Subjects['quirks'];
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly log: Log;
}

export class CoreQuirks implements Quirks {
  readonly #p: QuirksParts;
  #pending = new Map<string, Pending>();
  #dropped = 0;
  #timer: Timer | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(parts: QuirksParts) {
    this.#p = parts;
  }

  note(account: AccountId, quirk: Quirk, outcome: 'tolerated' | 'refused', client?: string): void {
    const { engine, clock, time } = this.#p;
    if (engine.failure !== undefined) return;
    const at = time.now();
    const one = outcome === 'tolerated' ? { tolerated: 1, refused: 0 } : { tolerated: 0, refused: 1 };
    this.#add({ account, quirk, day: Math.floor(at / DAY), ...one, lastAt: at, client: client ?? null });
    this.#timer ??= clock.after(WAIT, () => void this.flush());
  }

  #add(more: QuirkCount): void {
    const key = `${more.account} ${more.quirk} ${more.day}`;
    const count = this.#pending.get(key);
    if (count !== undefined) {
      count.tolerated += more.tolerated;
      count.refused += more.refused;
      count.lastAt = instant(Math.max(count.lastAt, more.lastAt));
      count.client = more.client ?? count.client;
    } else if (this.#pending.size < MAX_COUNTS) this.#pending.set(key, { ...more });
    else this.#dropped += more.tolerated + more.refused;
  }

  /**
   * Resolves when every count so far is durable, or waits for a disk that accepts it. Never
   * rejects.
   */
  flush(): Promise<void> {
    return (this.#written = this.#written.then(() => this.#write()));
  }

  async #write(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const counts = [...this.#pending.values()];
    this.#pending = new Map();
    if (this.#dropped > 0) this.#p.log.warn('store.quirks-dropped', { counts: this.#dropped });
    this.#dropped = 0;
    for (let at = 0; at < counts.length; at += AT_ONCE) {
      try {
        await this.#p.subject.note(counts.slice(at, at + AT_ONCE));
      } catch (error) {
        // After an error, such as a full disk, the counts stay here and are written with the next
        // ones.
        this.#p.log.warn('store.quirks-late', { why: String(error) });
        for (const count of counts.slice(at)) this.#add(count);
        return;
      }
    }
  }

  async of(account: AccountId): Promise<readonly QuirkDay[]> {
    await this.flush();
    return await this.#p.subject.written(account);
  }
}
