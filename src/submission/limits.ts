/**
 * What one account may do in an hour: messages, octets of them, recipients, attempts at
 * unregistered recipients.
 *
 * A sliding hour in two halves: the count of the running window plus the share of the one before
 * that still overlaps. Cheap, needs no list of times, and errs by at most a few percent. Counts
 * live in memory: a restart forgets them, which favours the sender.
 *
 * Gateways of one store tell each other what they count, so the hour is that of all of them, but
 * for the tenth of a second that telling takes.
 */
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Refusal } from '../domain/refusal.ts';
import { hours } from '../domain/units.ts';
import { COUNTED_ALONE, type SharedCount, type SharedCounts } from '../store/shared-counts.ts';
import type { Submitter } from './submitter.ts';

const WINDOW = hours(1);
/**
 * Accounts that one hour remembers; of more the oldest are forgotten. It bounds memory and is no
 * policy.
 */
const MAX_ACCOUNTS = 100_000;

interface Count {
  window: number;
  now: number;
  before: number;
}

export class HourlyCount {
  readonly #clock: Clock;
  readonly #shared: SharedCount | undefined;
  readonly #counts = new Map<AccountId, Count>();

  constructor(clock: Clock, shared?: SharedCount) {
    this.#clock = clock;
    this.#shared = shared;
    shared?.onTold((account, [n = 0]) => this.#add(Number(account) as AccountId, n));
  }

  /** How many the account did in the last hour. */
  of(account: AccountId): number {
    const at = this.#clock.monotonic();
    const count = this.#counts.get(account);
    if (count === undefined) return 0;
    this.#turn(count, Math.floor(at / WINDOW));
    const overlap = 1 - (at % WINDOW) / WINDOW;
    return count.now + Math.floor(count.before * overlap);
  }

  add(account: AccountId, n = 1): void {
    this.#add(account, n);
    this.#shared?.tell(String(account), [n]);
  }

  #add(account: AccountId, n: number): void {
    const window = Math.floor(this.#clock.monotonic() / WINDOW);
    let count = this.#counts.get(account);
    if (count === undefined) {
      count = { window, now: 0, before: 0 };
      this.#counts.set(account, count);
      if (this.#counts.size > MAX_ACCOUNTS) {
        const oldest = this.#counts.keys().next();
        if (!oldest.done) this.#counts.delete(oldest.value);
      }
    }
    this.#turn(count, window);
    count.now += n;
  }

  #turn(count: Count, window: number): void {
    if (count.window === window) return;
    count.before = count.window === window - 1 ? count.now : 0;
    count.now = 0;
    count.window = window;
  }
}

type Counted = 'messages' | 'octets' | 'recipients' | 'unknown' | 'tests';

export function newHourlyCounts(
  clock: Clock,
  shared: SharedCounts = COUNTED_ALONE,
): Readonly<Record<Counted, HourlyCount>> {
  const of = (what: Counted): HourlyCount => new HourlyCount(clock, shared.of(what));
  return {
    messages: of('messages'),
    octets: of('octets'),
    recipients: of('recipients'),
    unknown: of('unknown'),
    tests: of('tests'),
  };
}

/** Refuses, and tells the operator which limit an account has met. */
export function limited(
  log: Log,
  { session, account }: Pick<Submitter, 'session' | 'account'>,
  limit: string,
  refusal: Refusal,
): Refusal {
  log.warn('smtp.limited', { session, account: account.login, limit });
  return refusal;
}
