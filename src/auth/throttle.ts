/**
 * Slows guessing down without shutting the owner out.
 *
 * Wrong guesses are counted per account, per network and per pair of both. Above a free number each further one doubles the time in which
 * no more are judged, up to a cap; an hour without a counted failure forgets. Three rules keep strangers from locking an owner out:
 * - A network from which the account has logged in before sees only its own failures for that account.
 * - A network without any failure on record waits for the account's back-off at most `strangerCap`, however long others have been at it.
 *   That is also the most that a botnet of fresh networks gets: one judged guess in `strangerCap`, about 2,900 a day.
 * - The same wrong password again is no new guess: a mail program that polls with last year's password each minute counts once, for its
 *   account and for its network.
 * And one keeps the practices of a hosted system, which all come from one network, from paying for each other: a network is allowed one more
 * failure for each account that has logged in from it.
 *
 * What a caller gets is a time to wait, never a judgement. Pure but for its memory: the caller says what time it is.
 */
import type { Milliseconds } from '../domain/units.ts';
import { days, hours, milliseconds, minutes, seconds } from '../domain/units.ts';
import { BoundedMap } from './bounded-map.ts';

export interface ThrottleLimits {
  /** Guesses judged without a wait: for one account from networks it does not know, for one network, for one account from a network it knows. */
  readonly freePerAccount: number;
  readonly freePerNetwork: number;
  readonly freePerPair: number;
  /** How often in `forgetAfter` the memory of right passwords may be asked in vain for an account from one network. */
  readonly freeRecalls: number;
  /** The first back-off; each further failure doubles it. */
  readonly first: Milliseconds;
  /** Longest back-off of an account or network, for networks that have failed themselves. */
  readonly cap: Milliseconds;
  /** Longest back-off of an account for a network without failures. */
  readonly strangerCap: Milliseconds;
  /** Longest back-off for an account from a network it knows. */
  readonly pairCap: Milliseconds;
  /** The same guess again counts when it comes sooner than this. */
  readonly repeat: Milliseconds;
  readonly forgetAfter: Milliseconds;
  /** How long a network stays known to an account after its last success. */
  readonly trustFor: Milliseconds;
  /** Most accounts, networks and pairs that are remembered, each. */
  readonly entries: number;
}

export const throttleDefaults: ThrottleLimits = {
  freePerAccount: 5,
  freePerNetwork: 20,
  freePerPair: 10,
  freeRecalls: 1000,
  first: seconds(1),
  cap: minutes(5),
  strangerCap: seconds(30),
  pairCap: minutes(1),
  repeat: seconds(10),
  forgetAfter: hours(1),
  trustFor: days(30),
  entries: 50_000,
};

interface Failures {
  count: number;
  /** When the last one was counted, and when the last one of any kind came. Monotonic. */
  counted: number;
  seen: number;
  /** The last few guesses, as keyed digests. */
  guesses: readonly string[];
}

interface Known {
  /** Last success. */
  readonly at: number;
  /** Accounts that have logged in from there, about: one whose trust has ended counts again. */
  readonly accounts: number;
}

const GUESSES = 4;
/** Failures that accounts add to what a network has free. */
const MOST_ADDED = 2000;

export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #accounts: BoundedMap<string, Failures>;
  readonly #networks: BoundedMap<string, Failures>;
  readonly #pairs: BoundedMap<string, Failures>;
  readonly #recalls: BoundedMap<string, { readonly count: number; readonly since: number }>;
  // Successes have maps of their own: no flood of failures can push them out.
  readonly #trusted: BoundedMap<string, number>;
  readonly #known: BoundedMap<string, Known>;

  constructor(limits: ThrottleLimits = throttleDefaults) {
    this.#limits = limits;
    this.#accounts = new BoundedMap(limits.entries);
    this.#networks = new BoundedMap(limits.entries);
    this.#pairs = new BoundedMap(limits.entries);
    this.#recalls = new BoundedMap(limits.entries);
    this.#trusted = new BoundedMap(limits.entries);
    this.#known = new BoundedMap(limits.entries);
  }

  /** How long until credentials for `login` (folded) from `network` are judged; 0: now. `now` is monotonic. */
  wait(login: string, network: string, now: Milliseconds): Milliseconds {
    const { freePerAccount, freePerNetwork, freePerPair, cap, strangerCap, pairCap } = this.#limits;
    const pair = pairOf(login, network);
    if (this.#recent(this.#trusted.get(pair), now)) return this.#left(this.#pairs, pair, freePerPair, pairCap, now);
    const failedBefore = this.#live(this.#networks, network, now) !== undefined;
    return milliseconds(
      Math.max(
        this.#left(this.#accounts, login, freePerAccount, failedBefore ? cap : strangerCap, now),
        this.#left(this.#networks, network, freePerNetwork + this.#added(network, now), cap, now),
      ),
    );
  }

  /** Notes a judged and wrong guess. `guess`: a keyed digest of login and password, so that the same one is recognised. */
  failed(login: string, network: string, guess: string, now: Milliseconds): void {
    const pair = pairOf(login, network);
    const isNew = this.#recent(this.#trusted.get(pair), now)
      ? this.#count(this.#pairs, pair, guess, now)
      : this.#count(this.#accounts, login, guess, now);
    if (isNew) this.#count(this.#networks, network, guess, now);
  }

  /** Notes a success. It forgives the pair only: an attacker with an account of his own must not clear his network. */
  succeeded(login: string, network: string, now: Milliseconds): void {
    const pair = pairOf(login, network);
    const { at, accounts } = this.#known.get(network) ?? { at: now, accounts: 0 };
    const before = this.#recent(at, now) ? accounts : 0;
    const added = this.#recent(this.#trusted.get(pair), now) ? 0 : 1;
    this.#known.set(network, { at: now, accounts: Math.min(before + added, MOST_ADDED) });
    this.#trusted.set(pair, now);
    this.#pairs.delete(pair);
  }

  /** True when somebody has logged in from this network of late: it goes first when the gateway is busy. */
  knows(network: string, now: Milliseconds): boolean {
    return this.#recent(this.#known.get(network)?.at, now);
  }

  /**
   * Whether the memory of right passwords may be asked before this throttle. It is asked by the owner, and as well by whoever sits in the
   * same network, a practice of a hosted system for example: each time in vain is a guess that nobody slows down. After `freeRecalls` of them
   * the pair waits like any other.
   */
  mayRecall(login: string, network: string, now: Milliseconds): boolean {
    const asked = this.#recalls.get(pairOf(login, network));
    return (
      asked === undefined || now - asked.since >= this.#limits.forgetAfter || asked.count < this.#limits.freeRecalls
    );
  }

  recalledInVain(login: string, network: string, now: Milliseconds): void {
    const pair = pairOf(login, network);
    const asked = this.#recalls.get(pair);
    const fresh = asked === undefined || now - asked.since >= this.#limits.forgetAfter;
    this.#recalls.set(pair, fresh ? { count: 1, since: now } : { count: asked.count + 1, since: asked.since });
  }

  /** How many entries are held: for the test that they are bounded. */
  get size(): number {
    const maps = [this.#accounts, this.#networks, this.#pairs, this.#recalls, this.#trusted, this.#known];
    return maps.reduce((n, m) => n + m.size, 0);
  }

  #recent(at: number | undefined, now: number): boolean {
    return at !== undefined && now - at < this.#limits.trustFor;
  }

  #added(network: string, now: number): number {
    const known = this.#known.get(network);
    return known !== undefined && this.#recent(known.at, now) ? known.accounts : 0;
  }

  #live(map: BoundedMap<string, Failures>, key: string, now: number): Failures | undefined {
    const failures = map.get(key);
    if (failures === undefined || now - failures.counted < this.#limits.forgetAfter) return failures;
    map.delete(key);
    return undefined;
  }

  #left(
    map: BoundedMap<string, Failures>,
    key: string,
    free: number,
    cap: Milliseconds,
    now: Milliseconds,
  ): Milliseconds {
    const failures = this.#live(map, key, now);
    if (failures === undefined || failures.count < free) return milliseconds(0);
    // 2 ** 1023 is the last finite power; the cap is reached long before.
    const delay = Math.min(cap, this.#limits.first * 2 ** Math.min(failures.count - free, 60));
    return milliseconds(Math.max(0, failures.counted + delay - now));
  }

  /** False for a guess that was made before. */
  #count(map: BoundedMap<string, Failures>, key: string, guess: string, now: number): boolean {
    const failures = this.#live(map, key, now) ?? { count: 0, counted: now, seen: now, guesses: [] };
    const repeated = failures.guesses.includes(guess) && now - failures.seen >= this.#limits.repeat;
    failures.seen = now;
    if (!repeated) {
      failures.count += 1;
      failures.counted = now;
      failures.guesses = [guess, ...failures.guesses.filter((g) => g !== guess)].slice(0, GUESSES);
    }
    map.set(key, failures);
    return !repeated;
  }
}

const pairOf = (login: string, network: string): string => `${login}\0${network}`;
