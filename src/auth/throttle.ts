/**
 * Slows guessing down without shutting the owner out.
 *
 * Wrong guesses are counted per account, per network and per pair of both. Above a free number each
 * further guess doubles the time in which no more are judged, up to a cap; an hour without a
 * counted failure forgets. Four rules keep strangers from locking an owner out:
 * - A network from which the account has logged in before sees only its own failures for that
 *   account.
 * - Each range of networks (an IPv4 /24, an IPv6 /48) has one try at each account that is judged
 *   whatever others have done; all ranges together have `freshTries` of them an hour. So an owner
 *   who comes from a new network with the right password gets in at once.
 * - When these are used up, a network without a failure on record waits for the account's back-off
 *   at most `strangerCap`. So a botnet of fresh networks gets `freshTries` an hour and one judged
 *   guess in `strangerCap`, about 5,800 a day by default, and each costs a hash.
 * - The same wrong password again is not a new guess: a mail program that polls with last year's
 *   password each minute counts once, for its account and for its network.
 * A fifth rule keeps the practices of a hosted system, which all come from one network, from paying
 * for each other: a network is allowed one more failure for each account that has logged in from
 * it.
 *
 * Nobody must see that a network knows an account: `hidden` says how much longer a refusal has to
 * take there.
 *
 * Gateways of one store count together: each tells what it has counted, and counts what it hears as
 * its own.
 *
 * What a caller gets is a time to wait, never a judgement. Pure but for its memory: the caller says
 * what time it is.
 */
import type { Milliseconds } from '../domain/units.ts';
import { days, hours, milliseconds, minutes, seconds } from '../domain/units.ts';
import { rangeOf } from '../platform/network.ts';
import { BoundedMap } from './bounded-map.ts';
import { KnownNetworks } from './known-networks.ts';

export interface ThrottleLimits {
  /**
   * Guesses judged without a wait: for one account from networks it does not know, for one network,
   * for one account from a network it knows.
   */
  readonly freePerAccount: number;
  readonly freePerNetwork: number;
  readonly freePerPair: number;
  /**
   * Tries at one account in `forgetAfter` that are judged, whatever its back-off, because nobody of
   * their range has tried.
   */
  readonly freshTries: number;
  /**
   * How often in `forgetAfter` the memory of right passwords may be asked in vain for an account
   * from one network.
   */
  readonly freeRecalls: number;
  /** The first back-off; each further failure doubles it. */
  readonly first: Milliseconds;
  /** Longest back-off of an account or network, for networks that have failed themselves. */
  readonly cap: Milliseconds;
  /** Longest back-off of an account for a network without failures. */
  readonly strangerCap: Milliseconds;
  /** Longest back-off for an account from a network it knows. */
  readonly pairCap: Milliseconds;
  /** The same guess counts again if it comes sooner than this. */
  readonly repeat: Milliseconds;
  readonly forgetAfter: Milliseconds;
  /** How long a network stays known to an account after its last success. */
  readonly trustFor: Milliseconds;
  /** Most accounts, networks and pairs with failures that are remembered, each. */
  readonly entries: number;
  /** Most pairs of account and network that are known. */
  readonly known: number;
}

export const throttleDefaults: ThrottleLimits = {
  freePerAccount: 5,
  freePerNetwork: 20,
  freePerPair: 10,
  freshTries: 120,
  freeRecalls: 1000,
  first: seconds(1),
  cap: minutes(5),
  strangerCap: seconds(30),
  pairCap: minutes(1),
  repeat: seconds(10),
  forgetAfter: hours(1),
  trustFor: days(30),
  entries: 50_000,
  known: 200_000,
};

/** What one gateway has counted, for the others. */
export interface ThrottleNews {
  readonly login: string;
  readonly network: string;
  /** Milliseconds until it counts; see `failed`. */
  readonly later: number;
  /** Judged and wrong, whether new guesses or not. */
  readonly failures: number;
  /** New guesses: at the account, of the network, of both. */
  readonly guesses: number;
  readonly byNetwork: number;
  readonly ofPair: number;
  /** The memory of right passwords was asked in vain. */
  readonly recalls: number;
  readonly successes: number;
}

interface Failures {
  count: number;
  /** When the last one was counted, and when the last one of any kind came. Monotonic. */
  counted: number;
  seen: number;
  /** The last few guesses, as keyed digests. */
  guesses: readonly string[];
}

interface Spent {
  readonly count: number;
  readonly since: number;
}

const GUESSES = 4;
/**
 * Vain questions to the memory of right passwords are reported to the other gateways a twentieth of
 * the limit at a time. To report each one would be too much: each first login of a day begins with
 * one.
 */
const TOLD_RECALLS = 20;
/** Most failures that known accounts add to the free number of a network. */
const MOST_ADDED = 2000;

export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #accounts: BoundedMap<string, Failures>;
  readonly #networks: BoundedMap<string, Failures>;
  readonly #pairs: BoundedMap<string, Failures>;
  readonly #recalls: BoundedMap<string, Spent>;
  /**
   * When a range last failed at an account; `#fresh`: how many fresh tries an account has used up.
   */
  readonly #tried: BoundedMap<string, number>;
  readonly #fresh: BoundedMap<string, Spent>;
  readonly #known: KnownNetworks;
  readonly #tell: (news: ThrottleNews) => void;

  /** `tell`: reports to the other gateways of the store, which take it by `heard`. */
  constructor(limits: ThrottleLimits = throttleDefaults, tell: (news: ThrottleNews) => void = () => undefined) {
    this.#limits = limits;
    this.#tell = tell;
    this.#accounts = new BoundedMap(limits.entries);
    this.#networks = new BoundedMap(limits.entries);
    this.#pairs = new BoundedMap(limits.entries);
    this.#recalls = new BoundedMap(limits.entries);
    this.#tried = new BoundedMap(limits.entries);
    this.#fresh = new BoundedMap(limits.entries);
    this.#known = new KnownNetworks({ trustFor: limits.trustFor, pairs: limits.known });
  }

  /** Restores a success from before the start. `ago`: how long ago it was. */
  restore(login: string, network: string, ago: Milliseconds, now: Milliseconds): void {
    this.#known.restore(login, network, now - ago);
  }

  /**
   * How long until credentials for `login` (folded) from `network` are judged; 0: now. `now` is
   * monotonic.
   */
  wait(login: string, network: string, now: Milliseconds): Milliseconds {
    const { freePerPair, pairCap } = this.#limits;
    const stranger = this.#strangerWait(login, network, now);
    if (!this.#known.has(login, network, now)) return stranger;
    const own = this.#left(this.#pairs, pairOf(login, network), freePerPair, pairCap, now);
    return milliseconds(Math.min(own, stranger));
  }

  /** How much longer than `wait` a network that does not know the account would have to wait. */
  hidden(login: string, network: string, now: Milliseconds): Milliseconds {
    if (!this.#known.has(login, network, now)) return milliseconds(0);
    return milliseconds(Math.max(0, this.#strangerWait(login, network, now) - this.wait(login, network, now)));
  }

  #strangerWait(login: string, network: string, now: Milliseconds): Milliseconds {
    const { freePerAccount, freePerNetwork, cap, strangerCap } = this.#limits;
    const failedBefore = this.#live(this.#networks, network, now) !== undefined;
    const forAccount = this.#left(this.#accounts, login, freePerAccount, failedBefore ? cap : strangerCap, now);
    const added = this.#known.accountsOf(network, now);
    const forNetwork = this.#left(this.#networks, network, freePerNetwork + Math.min(added, MOST_ADDED), cap, now);
    const fresh = forAccount > 0 && this.#isFresh(login, network, now);
    return milliseconds(Math.max(fresh ? 0 : forAccount, forNetwork));
  }

  #isFresh(login: string, network: string, now: number): boolean {
    const { forgetAfter, freshTries } = this.#limits;
    const tried = this.#tried.get(pairOf(login, rangeOf(network)));
    if (tried !== undefined && now - tried < forgetAfter) return false;
    const spent = this.#fresh.get(login);
    return spent === undefined || now - spent.since >= forgetAfter ? freshTries > 0 : spent.count < freshTries;
  }

  /**
   * Notes a judged and wrong guess. `guess`: a keyed digest of login and password, so that the same
   * one is recognised. If the network knows the account, the guess also counts as it would at any
   * other network, so that a guesser sees no difference in what follows. `later`: in how many
   * milliseconds it would have been judged there, or never.
   */
  failed(login: string, network: string, guess: string, now: Milliseconds, later: number | 'never' = 0): void {
    const known = this.#known.has(login, network, now);
    const ofPair = known && this.#count(this.#pairs, pairOf(login, network), guess, now) ? 1 : 0;
    if (later === 'never') {
      if (ofPair > 0) this.#tell({ ...NO_NEWS, login, network, ofPair });
      return;
    }
    this.#spendFresh(login, network, now + later);
    const guesses = this.#count(this.#accounts, login, guess, now + later) ? 1 : 0;
    const byNetwork = guesses > 0 && this.#count(this.#networks, network, guess, now + later) ? 1 : 0;
    this.#tell({ ...NO_NEWS, login, network, later: Math.round(later), failures: 1, guesses, byNetwork, ofPair });
  }

  /**
   * Takes what another gateway has counted, which counts here as well. A network that knows the
   * account here pays only for its own guesses, wherever they were judged.
   */
  heard(news: ThrottleNews, now: Milliseconds): void {
    const { login, network, later, failures, guesses, byNetwork, ofPair, recalls, successes } = news;
    const pair = pairOf(login, network);
    if (this.#known.has(login, network, now)) this.#add(this.#pairs, pair, Math.max(ofPair, guesses), now);
    if (failures > 0) this.#spendFresh(login, network, now + later);
    this.#add(this.#accounts, login, guesses, now + later);
    this.#add(this.#networks, network, byNetwork, now + later);
    this.#addRecalls(pair, recalls, now);
    if (successes === 0) return;
    this.#pairs.delete(pair);
    this.#known.restore(login, network, now);
  }

  #spendFresh(login: string, network: string, now: number): void {
    const { forgetAfter, freePerAccount } = this.#limits;
    const range = pairOf(login, rangeOf(network));
    const tried = this.#tried.get(range);
    this.#tried.set(range, now);
    if (tried !== undefined && now - tried < forgetAfter) return;
    if ((this.#accounts.get(login)?.count ?? 0) < freePerAccount) return;
    const spent = this.#fresh.get(login);
    const over = spent === undefined || now - spent.since >= forgetAfter;
    this.#fresh.set(login, over ? { count: 1, since: now } : { count: spent.count + 1, since: spent.since });
  }

  /**
   * Notes a success; true if the store is to write it down. It forgives the pair only: an attacker
   * with an account of his own must not clear his network.
   */
  succeeded(login: string, network: string, now: Milliseconds): boolean {
    const pair = pairOf(login, network);
    const forgiven = this.#pairs.get(pair) !== undefined;
    this.#pairs.delete(pair);
    const written = this.#known.add(login, network, now);
    if (forgiven || written) this.#tell({ ...NO_NEWS, login, network, successes: 1 });
    return written;
  }

  /**
   * True if somebody has logged in from this network lately: then it goes first when the gateway is
   * busy.
   */
  knows(network: string, now: Milliseconds): boolean {
    return this.#known.knows(network, now);
  }

  /**
   * True if the memory of right passwords may be asked before this throttle. Not only the owner
   * asks it, but also others in the same network, for example practices of a hosted system. Each
   * vain question is a guess that nothing slows down, so after `freeRecalls` of them the pair waits
   * like any other.
   */
  mayRecall(login: string, network: string, now: Milliseconds): boolean {
    const asked = this.#recalls.get(pairOf(login, network));
    return (
      asked === undefined || now - asked.since >= this.#limits.forgetAfter || asked.count < this.#limits.freeRecalls
    );
  }

  recalledInVain(login: string, network: string, now: Milliseconds): void {
    const step = Math.max(1, Math.floor(this.#limits.freeRecalls / TOLD_RECALLS));
    if (this.#addRecalls(pairOf(login, network), 1, now) % step === 0)
      this.#tell({ ...NO_NEWS, login, network, recalls: step });
  }

  /** Adds vain questions of a pair of account and network; gives how many there are now. */
  #addRecalls(pair: string, more: number, now: number): number {
    if (more === 0) return 0;
    const asked = this.#recalls.get(pair);
    const over = asked === undefined || now - asked.since >= this.#limits.forgetAfter;
    const count = over ? more : asked.count + more;
    this.#recalls.set(pair, { count, since: over ? now : asked.since });
    return count;
  }

  /** How many entries are held: for the test that they are bounded. */
  get size(): number {
    const maps = [this.#accounts, this.#networks, this.#pairs, this.#recalls, this.#tried, this.#fresh, this.#known];
    return maps.reduce((n, m) => n + m.size, 0);
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

  #add(map: BoundedMap<string, Failures>, key: string, more: number, at: number): void {
    if (more === 0) return;
    const failures = this.#live(map, key, at) ?? { count: 0, counted: at, seen: at, guesses: [] };
    failures.count += more;
    failures.counted = at;
    map.set(key, failures);
  }

  /** Counts a failure; false for a repeated guess. */
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

const NO_NEWS = { later: 0, failures: 0, guesses: 0, byNetwork: 0, ofPair: 0, recalls: 0, successes: 0 };

const pairOf = (login: string, network: string): string => `${login}\0${network}`;
