/**
 * Rights to maildrops as rows with a lease, which all nodes see (decision 1914).
 *
 * A row says who has a maildrop and until when, by the clock of the database. A node renews all
 * that it has with one statement. By its own clock a right ends before it ends in the row, because
 * it is counted from before the statement that wrote it. What is deleted under a right is deleted
 * in a transaction that finds the right's fence in the row and locks it, so that a node that was
 * away deletes nothing.
 */
import type { Clock } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type Instant, type Milliseconds, seconds } from '../../domain/units.ts';
import type { MaildropLocks, MaildropRight, TakenRight } from '../maildrop-locks.ts';
import { LockLost } from '../store.ts';
import type { Holder } from '../maildrop.ts';
import type { Change } from '../sql/sql.ts';
import { codeOf } from './connection.ts';
import {
  type LeaseOwner,
  type Owed,
  fenceOf,
  freeAll,
  freeOne,
  freeThese,
  holdOne,
  renewAll,
  takeOne,
} from './lease-rows.ts';

/**
 * Below the time after which a silent session can be taken over: progress is in the row before that
 * time is over.
 */
const RENEWED_EVERY = seconds(5);
/** How long a node that says nothing keeps its maildrops. */
export const LEASE = seconds(15);
/** Wait before a maildrop is given back that could not be when its session ended. */
const AGAIN_AFTER = seconds(1);
/** SQLSTATE: another transaction writes under the row for longer than a statement waits. */
const LOCK_TIMEOUT = '55P03';

export interface LeaseParts {
  /** Runs one statement, which is a transaction by itself. */
  readonly run: <T>(change: Change<T>) => Promise<T>;
  /**
   * Runs a statement that may wait for another place, on connections that nobody reads on; the
   * change is made when one is free. Absent: as `run`.
   */
  readonly runDurable?: <T>(change: () => Change<T>) => Promise<T>;
  readonly owner: LeaseOwner;
  readonly clock: Clock;
  readonly takeoverAfter: Milliseconds;
  /**
   * False while no other place answers: a lease must not wait for one then, since existing mail can
   * still be read.
   */
  readonly durable: () => boolean;
  /** The time of the database, where a test decides it. */
  readonly now?: () => Instant;
}

/** A lease to be given back. By this node's own clock it is free from `until` on in any case. */
interface Due extends Owed {
  readonly until: number;
}

class Right implements MaildropRight {
  readonly account: AccountId;
  readonly holder: Holder;
  readonly fence: number;
  readonly #locks: LeaseLocks;
  progressed: number;
  /** `progressed` as it stands in the row of the database. */
  written: number;
  /** End of the right by this node's own clock. */
  until: number;
  over: 'lost' | 'released' | undefined;

  constructor(locks: LeaseLocks, account: AccountId, holder: Holder, fence: number, asked: number) {
    this.#locks = locks;
    this.account = account;
    this.holder = holder;
    this.fence = fence;
    this.progressed = this.written = asked;
    this.until = asked + LEASE;
  }

  get lost(): boolean {
    if (this.over === undefined && this.#locks.monotonic >= this.until) this.over = 'lost';
    return this.over === 'lost';
  }

  renew(): void {
    this.progressed = this.#locks.monotonic;
    if (this.over === undefined && this.progressed - this.written >= RENEWED_EVERY) this.#locks.write([this]);
  }

  async hold(): Promise<boolean> {
    return !this.lost && (await this.#locks.hold(this));
  }

  async release(): Promise<void> {
    await this.#locks.free(this);
  }
}

export class LeaseLocks implements MaildropLocks {
  readonly #p: LeaseParts;
  readonly #rights = new Map<AccountId, Right>();
  /**
   * Requests here for the same maildrop run one after another: each must know what the previous one
   * got.
   */
  readonly #asking = new Map<AccountId, Promise<unknown>>();
  readonly #running = new Set<Promise<unknown>>();
  /**
   * Their sessions have ended while no server took a word, or the answer to who took it was lost:
   * what they had is given back when a server answers, and nobody waits for the rest of the lease.
   */
  readonly #owed = new Set<Due>();
  #timer: { cancel(): void } | undefined;
  #owing: { cancel(): void } | undefined;
  #closed = false;

  constructor(parts: LeaseParts) {
    this.#p = parts;
  }

  get monotonic(): number {
    return this.#p.clock.monotonic();
  }

  /** Resolves when no statement is under way: for tests, whose clock goes in steps. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async lock(account: AccountId, holder: Holder): Promise<TakenRight | 'in-use'> {
    return await this.#inLine(account, () => this.#take(account, holder));
  }

  async #inLine<T>(account: AccountId, ask: () => Promise<T>): Promise<T> {
    const before = this.#asking.get(account) ?? Promise.resolve();
    const mine = before.then(ask);
    const settled = mine.catch(() => undefined);
    this.#asking.set(account, settled);
    try {
      return await mine;
    } finally {
      if (this.#asking.get(account) === settled) this.#asking.delete(account);
    }
  }

  async #take(account: AccountId, holder: Holder): Promise<TakenRight | 'in-use'> {
    const { owner, takeoverAfter, durable, run, runDurable = (change) => run(change()) } = this.#p;
    const known = this.#rights.get(account);
    const asked = this.monotonic;
    const statement = () =>
      takeOne({
        account,
        holder,
        owner,
        takeoverAfter,
        now: this.#now(),
        durable: durable(),
        lease: LEASE,
        known: known?.lost === false ? known.fence : null,
      });
    const taken = await this.#awaited(durable() ? runDurable(statement) : run(statement())).catch((error: unknown) => {
      if (codeOf(error) !== LOCK_TIMEOUT && !(error instanceof Error && codeOf(error.cause) === LOCK_TIMEOUT)) {
        this.#owe([{ account, fence: null, until: asked + LEASE }]);
        throw error;
      }
    });
    if (taken === undefined) return 'in-use';
    if (known !== undefined) this.#lose(known);
    for (const due of this.#owed) if (due.account === account) this.#owed.delete(due);
    const right = new Right(this, account, holder, taken.fence, asked);
    this.#rights.set(account, right);
    if (this.#closed) {
      await right.release();
      return 'in-use';
    }
    this.#renewLater();
    const { session, network } = taken;
    return session === null || network === null ? { right } : { right, from: { session, network } };
  }

  #renewLater(): void {
    this.#timer ??= this.#p.clock.after(RENEWED_EVERY, () => {
      this.#timer = undefined;
      if (this.#rights.size === 0) return;
      this.#renewLater();
      this.write([...this.#rights.values()]);
    });
  }

  /** One statement for all of them. What it does not reach ends by its time. */
  write(rights: readonly Right[]): void {
    const sent = this.monotonic;
    // The clock has fractions of a millisecond, and the database takes none: all renewals were
    // refused, and sessions lost their maildrops after 15 s.
    const given = rights.map(({ account, fence, progressed }) => ({
      account,
      fence,
      ago: Math.round(sent - progressed),
    }));
    for (const right of rights) right.written = right.progressed;
    this.#ask(renewAll({ rights: given, owner: this.#p.owner, now: this.#now(), lease: LEASE })).then(
      (rows) => {
        const found = new Map(rows.map((row) => [row.account, row]));
        for (const right of rights) {
          const row = found.get(right.account);
          if (row?.kept === true) right.until = Math.max(right.until, sent + LEASE);
          // A right under which a session's end is being written is left alone: it is neither
          // renewed nor lost.
          else if (row?.mine !== true) this.#lose(right);
        }
      },
      () => undefined,
    );
  }

  async hold({ account, fence }: Right): Promise<boolean> {
    const { owner } = this.#p;
    // A session that asks for the maildrop here meanwhile finds it held.
    const held = await this.#inLine(account, () =>
      this.#ask(holdOne({ account, fence, owner, now: this.#now(), lease: LEASE })),
    );
    return held > 0;
  }

  async free(right: Right): Promise<void> {
    const lost = right.lost;
    if (this.#rights.get(right.account) === right) this.#rights.delete(right.account);
    if (lost || right.over !== undefined) return;
    right.over = 'released';
    const { account, fence } = right;
    await this.#ask(freeOne({ account, fence, owner: this.#p.owner })).catch(() => this.#owe([right]));
  }

  #owe(rights: readonly Due[]): void {
    if (this.#closed) return;
    for (const right of rights) this.#owed.add(right);
    if (this.#owed.size > 0) this.#owing ??= this.#p.clock.after(AGAIN_AFTER, () => this.#giveBack());
  }

  /** One statement for all. What stands longer than its lease is free by then. */
  #giveBack(): void {
    this.#owing = undefined;
    const rights = [...this.#owed].filter(({ until }) => this.monotonic < until);
    this.#owed.clear();
    // A session here asks for the maildrop or has it by now: the row is about that one then.
    const isTaken = ({ account, fence }: Due): boolean =>
      fence === null && (this.#asking.has(account) || this.#rights.has(account));
    this.#owe(rights.filter(isTaken));
    const free = rights.filter((right) => !isTaken(right));
    if (free.length === 0) return;
    const freed = this.#ask(freeThese(free, this.#p.owner)).then(
      (standing) => {
        const left = new Set(standing.map(({ account }) => account));
        this.#owe(free.filter(({ account }) => left.has(account)));
      },
      () => this.#owe(free),
    );
    // A later request comes behind this one, so that nothing of its own is given back.
    for (const { account, fence } of free) if (fence === null) void this.#inLine(account, () => freed);
  }

  /**
   * First in a transaction that changes something under `right`. Throws LockLost. The number that
   * the registry has there.
   */
  *under({ account, fence }: MaildropRight): Change<number> {
    const found = yield* fenceOf({ account, fence, owner: this.#p.owner });
    if (found === undefined)
      throw new LockLost('The maildrop was taken over by another session, perhaps at another gateway');
    return found.registry;
  }

  /** Does the same for the right that this process has to a maildrop. */
  *underRightTo(account: AccountId): Change<void> {
    const right = this.#rights.get(account);
    if (right === undefined) throw new LockLost('The maildrop was taken over by another session');
    yield* this.under(right);
  }

  #lose(right: Right): void {
    if (this.#rights.get(right.account) === right) this.#rights.delete(right.account);
    right.over ??= 'lost';
  }

  #now(): Instant | null {
    return this.#p.now?.() ?? null;
  }

  #ask<T>(change: Change<T>): Promise<T> {
    return this.#awaited(this.#p.run(change));
  }

  #awaited<T>(asked: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = asked.then(
      () => this.#running.delete(settled),
      () => this.#running.delete(settled),
    );
    this.#running.add(settled);
    return asked;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#owing?.cancel();
    this.#owing = undefined;
    this.#owed.clear();
    for (const right of this.#rights.values()) right.over ??= 'released';
    this.#rights.clear();
    await this.#ask(freeAll(this.#p.owner)).catch(() => undefined);
  }
}
