/**
 * Rights to maildrops as rows with a lease, as nodes that share a database would keep them. The rows are in memory here; each statement takes a
 * turn, fails while a node is cut off, and sees the time of the database.
 */
import type { AccountId } from '../../src/domain/ids.ts';
import { seconds } from '../../src/domain/units.ts';
import type { MaildropLocks, MaildropRight, TakenRight } from '../../src/store/maildrop-locks.ts';
import type { LocksParts } from '../../src/store/sqlite/memory-locks.ts';
import { type Holder, StoreFailed } from '../../src/store/store.ts';

/** Below the time after which a silent session can be taken over: progress is in the row before that time is over. */
const RENEWED_EVERY = seconds(5);
/** How long a node that says nothing keeps its maildrops. */
export const LEASE = seconds(20);

interface Row {
  readonly fence: number;
  readonly holder: Holder;
  held: boolean;
  progressedAt: number;
  /** 0: free. The row stays, so that its fence goes on. */
  until: number;
}

/** What all nodes see. */
export class LeaseRows {
  readonly #rows = new Map<AccountId, Row>();
  /** Nodes that do not reach it. */
  readonly cutOff = new Set<string>();
  statements = 0;

  async ask<T>(node: string, statement: (rows: Map<AccountId, Row>) => T): Promise<T> {
    await Promise.resolve();
    if (this.cutOff.has(node)) throw new StoreFailed('The database does not answer');
    this.statements += 1;
    return statement(this.#rows);
  }
}

class Right implements MaildropRight {
  readonly account: AccountId;
  readonly holder: Holder;
  readonly fence: number;
  readonly #locks: LeaseLocks;
  progressed: number;
  /** What the row says of it. */
  written: number;
  /** By this node's own clock; counted from before the statement, so that it ends here before it ends there. */
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
  readonly #rows: LeaseRows;
  readonly #node: string;
  readonly #parts: LocksParts;
  readonly #rights = new Set<Right>();
  #timer: { cancel(): void } | undefined;

  constructor(rows: LeaseRows, node: string, parts: LocksParts) {
    this.#rows = rows;
    this.#node = node;
    this.#parts = parts;
  }

  get monotonic(): number {
    return this.#parts.clock.monotonic();
  }

  async lock(account: AccountId, holder: Holder): Promise<TakenRight | 'in-use'> {
    const { clock, takeoverAfter } = this.#parts;
    const asked = this.monotonic;
    const taken = await this.#rows.ask(this.#node, (rows) => {
      const now = clock.now();
      const row = rows.get(account);
      const isFree = row === undefined || row.until <= now;
      const silent =
        row?.held === false && row.holder.network === holder.network && now - row.progressedAt >= takeoverAfter;
      if (!isFree && !silent) return undefined;
      const fence = (row?.fence ?? 0) + 1;
      rows.set(account, { fence, holder, held: false, progressedAt: now, until: now + LEASE });
      return { fence, from: isFree ? undefined : row.holder };
    });
    if (taken === undefined) return 'in-use';
    for (const right of this.#rights) if (right.account === account) this.#lose(right);
    const right = new Right(this, account, holder, taken.fence, asked);
    this.#rights.add(right);
    this.#timer ??= clock.after(RENEWED_EVERY, () => this.#renewAll());
    return taken.from === undefined ? { right } : { right, from: taken.from };
  }

  #renewAll(): void {
    this.#timer = undefined;
    if (this.#rights.size === 0) return;
    this.#timer = this.#parts.clock.after(RENEWED_EVERY, () => this.#renewAll());
    this.write([...this.#rights]);
  }

  /** One statement for all of them. What it does not reach ends by its time. */
  write(rights: readonly Right[]): void {
    const sent = this.monotonic;
    for (const right of rights) right.written = right.progressed;
    const said = rights.map((right) => ({ right, ago: sent - right.progressed }));
    void this.#rows
      .ask(this.#node, (rows) => {
        const now = this.#parts.clock.now();
        return said.filter(({ right: { account, fence }, ago }) => {
          const row = rows.get(account);
          if (row?.fence !== fence || row.until <= now) return false;
          row.until = now + LEASE;
          row.progressedAt = Math.max(row.progressedAt, now - ago);
          return true;
        });
      })
      .then(
        (kept) => {
          for (const { right } of kept) right.until = sent + LEASE;
          for (const { right } of said) if (!kept.some((one) => one.right === right)) this.#lose(right);
        },
        () => undefined,
      );
  }

  async hold({ account, fence }: Right): Promise<boolean> {
    const held = this.#rows.ask(this.#node, (rows) => {
      const row = rows.get(account);
      const now = this.#parts.clock.now();
      if (row?.fence !== fence || row.until <= now) return false;
      row.until = now + LEASE;
      return (row.held = true);
    });
    return await held.catch(() => false);
  }

  async free(right: Right): Promise<void> {
    this.#rights.delete(right);
    if (right.lost) return;
    right.over = 'released';
    const freed = this.#rows.ask(this.#node, (rows) => {
      const row = rows.get(right.account);
      if (row?.fence === right.fence) row.until = 0;
    });
    await freed.catch(() => undefined);
  }

  #lose(right: Right): void {
    this.#rights.delete(right);
    right.over ??= 'lost';
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const right of this.#rights) await this.free(right);
  }
}
