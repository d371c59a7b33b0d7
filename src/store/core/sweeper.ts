/**
 * Removes what is past its time (deleted mail, traces, uploads), in small steps between which mail
 * is served.
 */
import type { Day } from '../../domain/utc-day.ts';
import type { Timer } from '../../domain/effects.ts';
import { type AccountId, messageNumber } from '../../domain/ids.ts';
import { type Milliseconds, hours, minutes } from '../../domain/units.ts';
import type { Swept } from '../changes/sweeps.ts';
import type { SweepReport } from '../store.ts';
import type { StoreParts } from './store.ts';

/** Remains of a crash are removed soon after the start, but not while everybody reconnects. */
const FIRST = minutes(1);
const EVERY = hours(1);

export interface SweeperOwner {
  /** True if this node sweeps: of several nodes one does; each closes its own days. */
  readonly isMine: () => boolean;
  /** Called when the last message of this day is gone, so that its key can be destroyed. */
  readonly dayEmptied: (day: Day) => Promise<void>;
}

type Parts = Pick<
  StoreParts,
  'audit' | 'bodies' | 'clock' | 'engine' | 'erasures' | 'ids' | 'log' | 'settled' | 'subjects' | 'time'
>;

export class Sweeper {
  /** What was removed since the start. */
  readonly counted = { uploads: 0, messages: 0, traces: 0 };
  readonly #p: Parts;
  readonly #owner: SweeperOwner;
  #running: Promise<unknown> | undefined;
  #isDue = false;
  /** Mailboxes whose deleted mail is being cut down; true if more was deleted meanwhile. */
  readonly #trimming = new Map<number, boolean>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: Parts, owner: SweeperOwner) {
    this.#p = parts;
    this.#owner = owner;
    this.#schedule(FIRST);
  }

  #schedule(delay: Milliseconds): void {
    this.#timer = this.#p.clock.after(delay, () => {
      this.#schedule(EVERY);
      if (this.#isDue) return;
      this.#isDue = true;
      // Each key folder notes what was erased there, so each node closes its days itself.
      const due: Promise<unknown> = this.#owner.isMine() ? this.sweep() : this.#p.erasures.closeDays();
      due.catch((error: unknown) => this.#failed(error)).finally(() => (this.#isDue = false));
    });
  }

  /**
   * Sweeps after the sweep that is under way, which may have looked before the caller's rows were
   * due.
   */
  async sweep(): Promise<SweepReport> {
    const before = this.#running ?? Promise.resolve();
    const mine = before.then(
      () => this.#all(),
      () => this.#all(),
    );
    this.#running = mine;
    return await mine;
  }

  /** Notes mailboxes that have more deleted mail than they may. */
  crowded(accounts: Iterable<number>): void {
    for (const account of accounts) {
      const running = this.#trimming.has(account);
      // A mailbox that is named while this runs is looked at once more.
      this.#trimming.set(account, running);
      if (!running) void this.#trim(account as AccountId).catch((error: unknown) => this.#failed(error));
    }
  }

  /** Stops; what is left over is removed after the next start. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #all(): Promise<SweepReport> {
    const { hiddenFor: hidden, tracedFor: traces, networksFor: networks, countedFor: usage } = this.#p.settled;
    const keptFor = { hidden, traces, networks, usage };
    let day: Day = '';
    const swept = await this.#swept(async (below) => {
      const open = this.#p.bodies.ids.map(messageNumber);
      const { nodes } = this.#p.engine;
      const own = nodes === undefined ? {} : { node: nodes.node };
      const step = await this.#p.subjects.sweeps.step({ keptFor, open, below, day, ...own });
      ({ day } = step);
      return step;
    });
    if (!this.#closed) await this.#p.erasures.closeDays();
    return swept;
  }

  async #trim(account: AccountId): Promise<void> {
    try {
      for (let again = true; again; again = this.#trimming.get(account) === true) {
        this.#trimming.set(account, false);
        await this.#swept((below) => this.#p.subjects.sweeps.trim(account, below), account);
      }
    } finally {
      this.#trimming.delete(account);
    }
  }

  #failed(error: unknown): void {
    if (!this.#closed) this.#p.log.error('store.sweep-failed', { why: String(error) });
  }

  /**
   * Goes on step by step, each a few milliseconds of the writer's time with mail in between, until
   * nothing is left or the store closes.
   */
  async #swept(step: (below: bigint) => Promise<Swept>, account?: AccountId): Promise<SweepReport> {
    const total = { uploads: 0, messages: 0, traces: 0 };
    for (let more = true; more && !this.#closed;) {
      const report = await step(this.#p.ids.next(this.#p.time.now()));
      for (const kind of ['uploads', 'messages', 'traces'] as const) {
        total[kind] += report[kind];
        this.counted[kind] += report[kind];
      }
      for (const day of report.days) if (!this.#p.bodies.isWriting(day)) await this.#owner.dayEmptied(day);
      ({ more } = report);
    }
    this.#tell(total, account);
    return total;
  }

  #tell(total: SweepReport, account: AccountId | undefined): void {
    const { uploads, messages, traces } = total;
    if (uploads + messages + traces === 0) return;
    const whose = account === undefined ? {} : { account };
    this.#p.log.info('store.swept', { ...total, ...whose });
    // Unfinished uploads are not logged: they never belonged to anybody.
    if (messages + traces > 0)
      this.#p.audit.note({ event: 'store.swept', outcome: 'success', ...whose, facts: { messages, traces } });
  }
}
