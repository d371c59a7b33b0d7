/**
 * Watches every server that is configured and holds, at each moment, whether a commit may be
 * acknowledged.
 *
 * What it knows must be fresh: not watched for two seconds, nothing is acknowledged. A standby that
 * was seen above its primary counts as diverged for half a minute after: it comes and goes, and
 * confirms in between.
 */
import type { Clock, Log } from '../../domain/effects.ts';
import { type Instant, type Milliseconds, milliseconds, seconds } from '../../domain/units.ts';
import { type Access, type Server, placeOf } from './access.ts';
import { type Cause, type Finding, type Judgement, type ServerSeen, confirmedTo, judge, siteBy } from './judgement.ts';
import { FIRST_CONNECT, type MayNot } from './session.ts';
import { readStandbyList } from './standby-list.ts';
import { EVERY, EVERY_MEANWHILE, Watched } from './watched.ts';

const FRESH = seconds(2);
const EVER = milliseconds(Infinity);
/** Further looks of a start. */
const MOST_AGAIN = 5;
const DIVERGED_FOR = seconds(30);
/** Until every process of a server has read a list that was empty before. */
const LIST_TAKES = seconds(1);

export interface GuardOptions {
  readonly servers: readonly Server[];
  readonly access: Access;
  /** As servers show it, such as `sluis/gw1`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Places of servers whose names do not begin with theirs. */
  readonly places?: Readonly<Record<string, string>>;
  readonly nameOf?: (server: Server) => string | undefined;
  /** Until when an operator lets one place carry on alone. */
  readonly aloneUntil?: () => Instant | undefined;
  readonly connectWithin?: Milliseconds;
  readonly every?: Milliseconds;
}

/** For people and figures. */
export interface ServerView {
  readonly name: string;
  readonly site: string;
  /** The server; absent for a standby that only the primary knows. */
  readonly server?: Server;
  readonly role: 'primary' | 'old primary' | 'standby' | 'unknown';
  /** State of a standby as the primary has it; absent if it does not follow. */
  readonly syncState?: string;
  readonly flushed?: bigint;
  /** Octets that the standby does not hold yet. */
  readonly lag?: number;
  readonly problem?: string;
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #watched: readonly Watched[];
  readonly #siteOf: (name: string) => string;
  readonly #listeners: ((now: Judgement) => void)[] = [];
  readonly #looks: ((primary: ServerSeen) => void)[] = [];
  #lastPrimary: (ServerSeen & { readonly at: Instant }) | undefined;
  /** When each standby was last seen above its primary, on the monotonic clock. */
  readonly #diverged = new Map<string, number>();
  /** Position in the log that waits for a standby, and since when. */
  #waits: { readonly to: bigint; readonly since: number } | undefined;
  /** When the list of the primary was last seen empty. */
  #emptyAt = -Infinity;
  #judged: Judgement;
  #judgedAt = -Infinity;
  /** All servers were asked once: before that the first to answer may be a former primary. */
  #started = false;
  #said: string | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#siteOf = siteBy(options.places ?? {});
    const { access, clock, every = EVERY, name } = options;
    const often = milliseconds(Math.min(every, EVERY_MEANWHILE));
    const pace = (): Milliseconds => (this.#judged.not === undefined && this.#primaryAnswers ? every : often);
    const watch = { access, clock, every: pace, name: `${name} guard`, ...pick(options) };
    this.#watched = options.servers.map((server) => new Watched(server, watch, () => this.#judge()));
    this.#judged = judge(this.#facts());
  }

  /** Resolves after the first look at each server; further looks follow. */
  async start(): Promise<void> {
    await Promise.all(this.#watched.map((one) => one.look(FIRST_CONNECT)));
    // An answer that was heard while the machine did much else may be too old to be believed.
    const old = (): readonly Watched[] => this.#watched.filter((one) => one.answers && one.within(FRESH) === undefined);
    for (let again = 0; again < MOST_AGAIN && old().length > 0; again += 1)
      await Promise.all(old().map((one) => one.look(FIRST_CONNECT)));
    this.#started = true;
    this.#judge();
  }

  /**
   * Undefined: what is committed on the primary may be acknowledged. `server`: on this one, which
   * may be the primary no longer.
   */
  mayAcknowledge(server?: Server): MayNot {
    const { not, primary } = this.judgement;
    if (not !== undefined) return not;
    if (server === undefined || primary === undefined || same(server, primary.server)) return undefined;
    return { why: `${placeOf(server)} is no longer the primary`, remedy: 'try again' };
  }

  /** Begins a look now and waits for it. */
  async lookAgain(server?: Server): Promise<MayNot> {
    await Promise.all(this.#watched.map((one) => one.lookAnew()));
    return this.mayAcknowledge(server);
  }

  get judgement(): Judgement {
    const age = this.#options.clock.monotonic() - this.#judgedAt;
    const { primary } = this.#judged;
    if (!this.#started) return { ...this.#judged, not: NOT_STARTED };
    const fresh = primary === undefined || this.#of(primary.server)?.within(FRESH) !== undefined;
    // Of a judgement that rests on nothing that is fresh only a refusal may last.
    if (this.#judged.not !== undefined || (fresh && age <= FRESH)) return this.#judged;
    const { problem } = (primary && this.#of(primary.server)) ?? { problem: '' };
    return { ...this.#judged, not: notWatched(problem) };
  }

  /**
   * What is in the way now does not pass by itself: a setting of a server, or why none lets us in.
   */
  get mustBeMended(): boolean {
    const { not } = this.judgement;
    if (not === undefined) return false;
    return not.cause === 'no-primary' ? this.#watched.every((one) => one.mustBeMended) : SETTINGS.has(not.cause);
  }

  /**
   * Calls the listener when acknowledging starts or stops, when its cause changes, and when the
   * primary does.
   */
  onChange(listener: (now: Judgement) => void): void {
    this.#listeners.push(listener);
  }

  /** Calls the listener with the primary after each look that found it. */
  onPrimary(listener: (primary: ServerSeen) => void): void {
    this.#looks.push(listener);
  }

  /**
   * The primary as it was last seen (`at`), however long ago; of two the one with the higher
   * timeline.
   */
  get lastPrimary(): (ServerSeen & { readonly at: Instant }) | undefined {
    return this.#lastPrimary;
  }

  /** The name that a server gave itself when it was last seen. */
  nameOf(server: Server): string | undefined {
    return this.#of(server)?.within(EVER)?.name;
  }

  servers(): readonly ServerView[] {
    const { primary } = this.#judged;
    const known = this.#watched.map((one) => this.#view(one, primary));
    const names = new Set(known.map(({ name }) => name.toLowerCase()));
    const others = (primary?.standbys ?? []).filter(({ name }) => !names.has(name.toLowerCase()));
    return [
      ...known,
      ...others.map(({ name }) => ({
        name,
        site: this.#siteOf(name),
        role: 'standby' as const,
        ...ofStandby(name, primary),
      })),
    ];
  }

  async close(): Promise<void> {
    await Promise.all(this.#watched.map((one) => one.close()));
  }

  /**
   * The last look at it did not fail: what it said before still counts, but another one may be
   * promoted at any moment.
   */
  get #primaryAnswers(): boolean {
    const { primary } = this.#judged;
    return primary === undefined || this.#of(primary.server)?.answers !== false;
  }

  #of = (server: Server): Watched | undefined => this.#watched.find((one) => same(one.server, server));

  #view(one: Watched, primary: ServerSeen | undefined): ServerView {
    const seen = one.within(FRESH);
    if (seen === undefined)
      return { name: placeOf(one.server), site: '', server: one.server, role: 'unknown', problem: one.problem };
    const { name, server, inRecovery, flushed } = seen;
    const plain = { name, site: this.#siteOf(name), server, flushed };
    if (inRecovery) return { ...plain, role: 'standby', ...ofStandby(name, primary) };
    return { ...plain, role: primary !== undefined && same(primary.server, server) ? 'primary' : 'old primary' };
  }

  #facts(): Parameters<typeof judge>[0] {
    const { clock, aloneUntil } = this.#options;
    const now = clock.monotonic();
    const seen: ServerSeen[] = [];
    const unseen: string[] = [];
    for (const one of this.#watched) {
      const found = one.within(FRESH);
      if (found === undefined) unseen.push(one.problem);
      else seen.push(found);
    }
    return {
      seen,
      unseen,
      diverged: new Set([...this.#diverged].filter(([, at]) => now - at < DIVERGED_FOR).map(([name]) => name)),
      unconfirmed: milliseconds(this.#waits === undefined ? 0 : now - this.#waits.since),
      justListed: now - this.#emptyAt < LIST_TAKES,
      aloneUntil: aloneUntil?.(),
      now: clock.now(),
      siteOf: this.#siteOf,
    };
  }

  #judge(): void {
    const now = this.#options.clock.monotonic();
    this.#judged = judge(this.#facts());
    if (this.#judged.primary !== undefined) {
      // What is remembered of it counts at once.
      this.#remember(this.#judged.primary.server, now);
      this.#judged = judge(this.#facts());
    }
    this.#judgedAt = now;
    if (!this.#started) return;
    const { primary } = this.#judged;
    if (primary !== undefined && primary.timeline >= (this.#lastPrimary?.timeline ?? 0)) {
      this.#lastPrimary = { ...primary, at: this.#options.clock.now() };
      for (const tell of this.#looks) tell(primary);
    }
    if (this.#said === stateOf(this.#judged)) return;
    this.#said = stateOf(this.#judged);
    this.#say(this.#judged);
    for (const tell of this.#listeners) tell(this.#judged);
  }

  #remember(server: Server, now: number): void {
    const seen = this.#of(server)?.within(FRESH);
    if (seen === undefined || seen.inRecovery) return;
    for (const { name, flushed } of seen.standbys)
      if (flushed !== undefined && flushed > seen.flushed) this.#diverged.set(name, now);
    for (const [name, at] of this.#diverged) if (now - at >= DIVERGED_FOR) this.#diverged.delete(name);
    const list = readStandbyList(seen.synchronousNames);
    if (list === undefined) this.#emptyAt = now;
    const confirmed = list === undefined ? seen.flushed : (confirmedTo(seen.standbys, list) ?? 0n);
    if (this.#waits !== undefined && confirmed < this.#waits.to) return;
    this.#waits = seen.flushed > confirmed ? { to: seen.flushed, since: now } : undefined;
  }

  #say({ not, primary, alone, warnings }: Judgement): void {
    const { log } = this.#options;
    if (not !== undefined) log.error('store.unacknowledged', { ...not });
    else log.info('store.acknowledges', { primary: primary?.name ?? '', alone });
    if (alone)
      log.warn('store.alone', { primary: primary?.name ?? '', why: 'one place alone holds what is acknowledged' });
    for (const { cause, why, remedy } of warnings) log.warn('store.servers', { cause, why, remedy });
  }
}

const SETTINGS: ReadonlySet<Cause> = new Set<Cause>(['no-fsync', 'no-rights', 'no-name', 'any-name', 'same-site']);

const NOT_STARTED: Finding = {
  cause: 'not-watched',
  why: 'the servers of PostgreSQL are being asked for the first time',
  remedy: 'wait a moment',
};

const notWatched = (problem: string): Finding => ({
  cause: 'not-watched',
  why: `the primary was not seen for ${FRESH / 1000} s: ${problem}`,
  remedy: 'see whether it runs and the network leads there',
});

const pick = ({ connectWithin, nameOf }: GuardOptions): Pick<GuardOptions, 'connectWithin' | 'nameOf'> => ({
  ...(connectWithin === undefined ? {} : { connectWithin }),
  ...(nameOf === undefined ? {} : { nameOf }),
});

const same = (a: Server, b: Server): boolean => a.host === b.host && a.port === b.port;

const stateOf = ({ not, primary, alone, pairOnly, warnings }: Judgement): string =>
  JSON.stringify([not?.cause, primary && placeOf(primary.server), alone, pairOnly, warnings.map(({ why }) => why)]);

/** A standby as the primary has it. */
function ofStandby(name: string, primary: ServerSeen | undefined): Partial<ServerView> {
  const found = primary?.standbys.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (primary === undefined || found === undefined) return { problem: 'it does not follow the primary' };
  const { syncState, flushed } = found;
  return {
    syncState,
    ...(flushed === undefined ? {} : { flushed, lag: Math.max(0, Number(primary.flushed - flushed)) }),
  };
}
