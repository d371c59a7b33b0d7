/**
 * Who empties a mailbox: the networks its sessions come from, and a warning when two of them delete
 * each other's mail.
 *
 * Two programs on one mailbox that both delete what they fetch lose mail for each other, silently:
 * the practice sees half its results in each. A poll that only looks is counted in memory and
 * written now and then, since polls cost no sync (DESIGN section 9).
 */
import type { Clock, Log, Timer } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { days, hours, minutes } from '../domain/units.ts';
import type { Consumer } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';

export interface SessionDid {
  readonly retrieved: number;
  readonly deleted: number;
}

export interface ClientNetworksParts {
  readonly deliveries: Pick<Deliveries, 'noteConsumer' | 'consumers' | 'accountsAt'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the owner. If it rejects, the owner is told an hour later. */
  readonly warn: (account: AccountId, networks: readonly string[]) => Promise<void>;
}

/** Networks of accounts with counts that are not written yet. */
export const MAX_PENDING = 20_000;
const WRITE_EVERY = minutes(5);
/** A network that deleted mail within this time is in use. */
const IN_USE = days(7);
/**
 * Accounts from which a network counts as shared: it is a hosted system's or a hospital's, whose
 * mail programs may come from several networks.
 */
const SHARED_BY = 5;
const LOOK_EVERY = hours(1);
/** Accounts whose last look-up is remembered. */
export const MAX_LOOKS = 10_000;

interface Pending {
  readonly account: AccountId;
  readonly network: string;
  retrieved: number;
  sessions: number;
  deleted: number;
}

export class ClientNetworks {
  readonly #parts: ClientNetworksParts;
  readonly #pending = new Map<string, Pending>();
  readonly #looked = new Map<AccountId, number>();
  readonly #looks = new Set<Promise<void>>();
  #timer: Timer | undefined;

  constructor(parts: ClientNetworksParts) {
    this.#parts = parts;
  }

  /** A session of the account has ended. */
  note(account: AccountId, network: string, did: SessionDid): void {
    const key = `${account} ${network}`;
    const counted = this.#pending.get(key);
    if (counted === undefined) {
      if (this.#pending.size >= MAX_PENDING) this.#write();
      this.#pending.set(key, { account, network, sessions: 1, ...did });
    } else {
      counted.sessions += 1;
      counted.retrieved += did.retrieved;
      counted.deleted += did.deleted;
    }
    this.#timer ??= this.#parts.clock.after(WRITE_EVERY, () => this.#write());
    if (did.deleted > 0) this.#look(account, network);
  }

  /** Resolves once everything counted of the account so far is in the store. Never rejects. */
  async written(account: AccountId): Promise<void> {
    const its = [...this.#pending].filter(([, pending]) => pending.account === account);
    for (const [key] of its) this.#pending.delete(key);
    await Promise.all(its.map(([, pending]) => this.#note(pending)));
  }

  /** Writes what was counted, and waits for look-ups under way. */
  async close(): Promise<void> {
    this.#write();
    await Promise.all(this.#looks);
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const pending of this.#pending.values()) void this.#note(pending);
    this.#pending.clear();
  }

  #note({ account, network, sessions, retrieved, deleted }: Pending): Promise<void> {
    const { deliveries, clock } = this.#parts;
    return deliveries.noteConsumer(account, network, { sessions, retrieved, deleted }, clock.now());
  }

  /**
   * Looks for competing networks at most once an hour for an account: a system that polls every
   * minute must not cost a query each time.
   */
  #look(account: AccountId, network: string): void {
    const now = this.#parts.clock.monotonic();
    const before = this.#looked.get(account);
    if (before !== undefined && now - before < LOOK_EVERY) return;
    this.#looked.delete(account);
    const [oldest] = this.#looked.size >= MAX_LOOKS ? this.#looked.keys() : [];
    if (oldest !== undefined) this.#looked.delete(oldest);
    this.#looked.set(account, now);
    const look = this.#check(account, network)
      .catch((error: unknown) => {
        this.#looked.delete(account);
        this.#parts.log.warn('maildrop.consumers-unknown', { account, why: String(error) });
      })
      .finally(() => this.#looks.delete(look));
    this.#looks.add(look);
  }

  async #check(account: AccountId, network: string): Promise<void> {
    const { deliveries, clock, log, warn } = this.#parts;
    const since = clock.now() - IN_USE;
    const inUse = (c: Consumer): boolean => c.deleted > 0 && c.lastAt >= since && c.network !== network;
    // What another network did a minute ago may still be counted in memory only.
    await this.written(account);
    const places = [network, ...(await deliveries.consumers(account)).filter(inUse).map((c) => c.network)];
    if (places.length < 2 || (await this.#allShared(places))) return;
    log.warn('maildrop.two-consumers', { account, networks: places.join(' ') });
    await warn(account, places);
  }

  /**
   * Tells apart two cases. A network that many accounts share is one system's, which may leave by
   * several networks; a network that only this account has beside it is another program.
   */
  async #allShared(places: readonly string[]): Promise<boolean> {
    for (const place of places)
      if ((await this.#parts.deliveries.accountsAt(place, SHARED_BY)) < SHARED_BY) return false;
    return true;
  }
}
