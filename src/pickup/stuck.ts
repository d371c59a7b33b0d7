/**
 * Messages at which the sessions of a mail program end again and again.
 *
 * A message that makes a program crash blocks the maildrop: the program fetches it at each start,
 * crashes at it, and nothing behind it is ever fetched ("KIM of Death", 39C3). What can be seen
 * from here is a session whose last command fetched a message, and that ended without another one
 * and without QUIT. Counted for each account and network, in memory: a start of the gateway begins
 * again, and the next few sessions tell the same.
 *
 * A program that sends its commands ahead of the answers (mpop) shows not at which of its messages
 * it ended. So in the next sessions of whatever program was stuck, each command behind a message
 * waits for a moment, which shows it.
 *
 * A program that gets behind a message is not stuck at it, however its sessions end. One that gets
 * behind nothing at all, not even behind what came in the place of the message that was set aside,
 * is itself what fails: no second message is taken from it then.
 */
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId, EntryUid } from '../domain/ids.ts';
import type { Acted, StuckMessage, WhenStuck } from '../domain/stuck.ts';
import { type Instant, days } from '../domain/units.ts';

/** Whose session it was, and what its account is set to. */
export interface Fetcher {
  readonly account: AccountId;
  readonly network: string;
  readonly what: WhenStuck;
  /** Sessions that must have ended at one message before something is done. */
  readonly after: number;
}

/** A session that fetched something has ended. */
export interface FetchingEnd {
  /** Messages that it fetched whole, or began with. */
  readonly fetches: number;
  readonly wasFetched: (uid: EntryUid) => boolean;
  /** The message at which the session ended. */
  readonly at?: EntryUid;
}

export interface StuckParts {
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Tells its owner and the operator, and takes it out of the mailbox where it is asked to. May
   * reject: it is asked again at the next session that ends so.
   */
  readonly act: (stuck: StuckMessage, what: WhenStuck) => Promise<Acted>;
}

/** Messages that were reported or set aside, over all accounts; for metrics. */
export type StuckCounts = Record<'told' | 'held', number>;

/**
 * Programs that are remembered; of those beyond it the one that was seen longest ago is forgotten.
 */
export const MAX_STUCK = 10_000;
/** Two sessions that ended at a message further apart than this do not count together. */
const APART = days(7);

interface Seen extends StuckMessage {
  times: number;
  last: Instant;
  /** What was done about the message. */
  acted: Acted | undefined;
  /** A message was set aside, and the program got behind no other since. */
  readonly aside: boolean;
}

export class StuckMessages {
  readonly counts: StuckCounts = { told: 0, held: 0 };
  readonly #p: StuckParts;
  readonly #seen = new Map<string, Seen>();
  readonly #acting = new Map<Seen, Promise<void>>();

  constructor(parts: StuckParts) {
    this.#p = parts;
  }

  /**
   * Messages that block a mailbox as far as is known, oldest first: sessions ended at them often
   * enough, and they are still in place.
   */
  get all(): readonly StuckMessage[] {
    return [...this.#seen.values()].filter(({ acted }) => acted === 'told').toSorted((a, b) => a.first - b.first);
  }

  ended(fetcher: Fetcher, { fetches, wasFetched, at }: FetchingEnd): void {
    const key = `${fetcher.account} ${fetcher.network}`;
    const before = this.#seen.get(key);
    if (at !== undefined) this.#stuck(key, before, fetcher, { at, behind: fetches > 1 });
    // Another program in the same network that fetched something else tells nothing about this
    // message.
    else if (before !== undefined && (before.acted === 'held' || wasFetched(before.uid))) this.#seen.delete(key);
  }

  /**
   * Its last session ended at a message: which one shows where its commands are answered one by
   * one.
   */
  isWatched(account: AccountId, network: string): boolean {
    return this.#seen.has(`${account} ${network}`);
  }

  /** Waits for what is being done. */
  async close(): Promise<void> {
    await Promise.all(this.#acting.values());
  }

  #stuck(
    key: string,
    before: Seen | undefined,
    fetcher: Fetcher,
    { at, behind }: { readonly at: EntryUid; readonly behind: boolean },
  ): void {
    const now = this.#p.clock.now();
    const goesOn = before?.uid === at && now - before.last < APART;
    const aside = !behind && (before?.aside === true || before?.acted === 'held');
    const seen = goesOn ? before : this.#newSeen(fetcher, at, aside);
    seen.times += 1;
    seen.last = now;
    this.#remember(key, seen);
    const { what, after } = fetcher;
    const wanted = aside ? 'tell' : what;
    // The setting may have changed since the owner was told.
    const done = seen.acted !== undefined && !(seen.acted === 'told' && wanted === 'hold');
    if (seen.times < after || done || this.#acting.has(seen)) return;
    const acting = this.#act(seen, wanted).finally(() => this.#acting.delete(seen));
    this.#acting.set(seen, acting);
  }

  #newSeen({ account, network }: Fetcher, uid: EntryUid, aside = false): Seen {
    const now = this.#p.clock.now();
    return { account, network, uid, times: 0, first: now, last: now, acted: undefined, aside };
  }

  #remember(key: string, seen: Seen): void {
    this.#seen.delete(key);
    const [oldest] = this.#seen.size >= MAX_STUCK ? this.#seen.keys() : [];
    if (oldest !== undefined) this.#seen.delete(oldest);
    this.#seen.set(key, seen);
  }

  /** Does what the setting says about a message. Never rejects. */
  async #act(seen: Seen, what: WhenStuck): Promise<void> {
    const { account, network, uid, times } = seen;
    try {
      const acted = await this.#p.act(seen, what);
      if (acted === 'later') return;
      seen.acted = acted;
      if (acted === 'gone') return;
      this.counts[acted] += 1;
      this.#p.log.warn('maildrop.stuck', { account, network, uid, sessions: times, did: acted });
    } catch (error) {
      this.#p.log.error('maildrop.stuck-not-told', { account, uid, why: String(error) });
    }
  }
}
