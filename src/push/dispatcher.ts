/**
 * Pushes deliveries that are due to partners. Each partner for which something waits has a
 * `PartnerPush`, and a scan of the queue makes sure that nothing is missed.
 *
 * The store's `onDue` is only a hint, which makes it quick. The scan runs every half minute, and
 * whenever something comes due.
 */
import { Counts } from '../domain/counts.ts';
import type { Timer } from '../domain/effects.ts';
import type { PartnerId } from '../domain/ids.ts';
import { type Milliseconds, milliseconds, seconds } from '../domain/units.ts';
import type { PushParts } from './parts.ts';
import { PartnerPush, type PushState } from './partner-push.ts';
import { Permits } from './permits.ts';

const SCAN_EVERY = seconds(30);
/**
 * A scan reads the counts of the whole queue: with ten thousand different due times it still runs
 * no more often than this.
 */
const SCAN_AT_MOST = seconds(1);

/** `outcome`: relayed, retry, failed, or overtaken (another claim or an operator was faster). */
export type EndedCounts = Counts<'partner' | 'outcome'>;

export interface Dispatcher {
  /** Partners that something is pushed to, or that do not answer. */
  readonly states: readonly PushState[];
  /** How attempts ended. */
  readonly ended: EndedCounts;
  /**
   * Begins no more attempts, gives those that run at most `drain` to end, then cuts them; each is
   * settled.
   */
  stop(drain: Milliseconds): Promise<void>;
  /** Ends the drain time of a `stop` that runs. */
  cut(): void;
}

export function startDispatcher(parts: PushParts): Dispatcher {
  return new RunningDispatcher(parts);
}

class RunningDispatcher implements Dispatcher {
  readonly ended: EndedCounts = new Counts(['partner', 'outcome']);
  readonly #parts: PushParts;
  readonly #permits: Permits;
  readonly #cut = new AbortController();
  readonly #pushes = new Map<PartnerId, PartnerPush>();
  #timer: Timer | undefined;
  #scanning: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: PushParts) {
    this.#parts = { ...parts, ended: this.ended };
    this.#permits = new Permits(parts.limits.connections);
    parts.deliveries.onDue((partners) => {
      if (!this.#stopped) for (const partner of partners) this.#pushOf(partner).wake();
    });
    this.#scan();
  }

  get states(): readonly PushState[] {
    return [...this.#pushes.values()].map(({ state }) => state);
  }

  async stop(drain: Milliseconds): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#scanning;
    if (drain <= 0) this.#cut.abort();
    const timer = this.#parts.clock.after(drain, () => this.#cut.abort());
    await Promise.all([...this.#pushes.values()].map((push) => push.end()));
    timer.cancel();
    await this.#parts.courier.close();
  }

  cut(): void {
    if (this.#stopped) this.#cut.abort();
  }

  #pushOf(partner: PartnerId): PartnerPush {
    const known = this.#pushes.get(partner);
    if (known !== undefined) return known;
    const push = new PartnerPush(this.#parts, partner, this.#permits, this.#cut.signal);
    this.#pushes.set(partner, push);
    return push;
  }

  #scan(): void {
    this.#scanning = this.#look()
      .catch((error: unknown) => {
        this.#parts.log.error('delivery.queue-failed', { why: String(error) });
        return SCAN_EVERY;
      })
      .then((next) => {
        if (!this.#stopped) this.#timer = this.#parts.clock.after(next, () => this.#scan());
      });
  }

  /** Scans the queue; resolves to the time until something more comes due. */
  async #look(): Promise<Milliseconds> {
    const queues = await this.#parts.deliveries.queues();
    const now = this.#parts.clock.now();
    let next: number = SCAN_EVERY;
    const waiting = new Set<PartnerId>();
    for (const { partner, waiting: count, dueAt, oldest } of queues) {
      if (count === 0 || this.#stopped) continue;
      waiting.add(partner);
      const push = this.#pushOf(partner);
      if (dueAt !== undefined && dueAt <= now) push.wake();
      else if (dueAt !== undefined) next = Math.min(next, dueAt - now);
      push.see(oldest);
    }
    for (const [partner, push] of this.#pushes) if (!waiting.has(partner) && push.idle) this.#pushes.delete(partner);
    return milliseconds(Math.max(next, SCAN_AT_MOST));
  }
}
