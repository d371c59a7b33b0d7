/**
 * Rights to maildrops in memory: this process is the only one that has the store open, and its end
 * frees all of them. A row would cost each poll two commits.
 *
 * A fence holds the start epoch of the process, which is in the database, so that no right of an
 * earlier start can pass for one of this.
 */
import type { Clock } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Milliseconds } from '../../domain/units.ts';
import type { MaildropLocks, MaildropRight, TakenRight } from '../maildrop-locks.ts';
import type { Holder } from '../maildrop.ts';

/**
 * Fences of one start: a gateway that locks a thousand maildrops a second needs a hundred years for
 * so many.
 */
const FENCES = 2 ** 32;

export interface LocksParts {
  readonly clock: Clock;
  readonly epoch: number;
  readonly takeoverAfter: Milliseconds;
}

class Right implements MaildropRight {
  readonly account: AccountId;
  readonly holder: Holder;
  readonly fence: number;
  lost = false;
  readonly #locks: MemoryLocks;
  #progressed: number;
  #held = false;

  constructor(locks: MemoryLocks, account: AccountId, holder: Holder, fence: number) {
    this.#locks = locks;
    this.account = account;
    this.holder = holder;
    this.fence = fence;
    this.#progressed = locks.parts.clock.monotonic();
  }

  renew(): void {
    this.#progressed = this.#locks.parts.clock.monotonic();
  }

  hold(): Promise<boolean> {
    this.#held = !this.lost;
    return Promise.resolve(this.#held);
  }

  release(): Promise<void> {
    this.#locks.free(this);
    return Promise.resolve();
  }

  yieldsTo({ network }: Holder): boolean {
    const { clock, takeoverAfter } = this.#locks.parts;
    return !this.#held && this.holder.network === network && clock.monotonic() - this.#progressed >= takeoverAfter;
  }
}

export class MemoryLocks implements MaildropLocks {
  readonly parts: LocksParts;
  readonly #rights = new Map<AccountId, Right>();
  #fence: number;

  constructor(parts: LocksParts) {
    this.parts = parts;
    this.#fence = parts.epoch * FENCES;
  }

  lock(account: AccountId, holder: Holder): Promise<TakenRight | 'in-use'> {
    const held = this.#rights.get(account);
    if (held?.yieldsTo(holder) === false) return Promise.resolve('in-use');
    if (held !== undefined) held.lost = true;
    this.#fence += 1;
    const right = new Right(this, account, holder, this.#fence);
    this.#rights.set(account, right);
    return Promise.resolve(held === undefined ? { right } : { right, from: held.holder });
  }

  free(right: Right): void {
    if (this.#rights.get(right.account) === right) this.#rights.delete(right.account);
  }

  close(): Promise<void> {
    this.#rights.clear();
    return Promise.resolve();
  }
}
