/**
 * Whether a commit may be acknowledged: only if another place has it as well. Pure: what was seen
 * of the servers goes in, a judgement comes out.
 *
 * The rules are those of which each was seen to lose acknowledged mail when it was broken: a list
 * of standbys that is empty or takes any name, a standby at the primary's own place, a server that
 * does not flush, a second server that calls itself primary, and one that came back with a log of
 * its own, which confirms what it does not hold.
 */
import type { Instant, Milliseconds } from '../../domain/units.ts';
import { type Server, placeOf } from './access.ts';
import { type StandbyList, readStandbyList } from './standby-list.ts';

/** A standby as the primary has it in pg_stat_replication. */
export interface StandbySeen {
  readonly name: string;
  /** Only `streaming` counts. Undefined: the role may not see it. */
  readonly state: string | undefined;
  /** `sync`, `quorum`, `potential`, `async`. */
  readonly syncState: string;
  /** End of its flushed log, in octets; undefined until it has reported it. */
  readonly flushed: bigint | undefined;
}

/** What one server says of itself. */
export interface ServerSeen {
  readonly server: Server;
  /** Its `sluis.name` or `cluster_name`, or its name in the configuration. */
  readonly name: string;
  readonly inRecovery: boolean;
  /** Timeline of a primary; 0 for a standby. */
  readonly timeline: number;
  /**
   * Where its flushed log ends; of a standby what it has received. Asked after `standbys`, so that
   * none of these can rightly lie above it.
   */
  readonly flushed: bigint;
  readonly synchronousNames: string;
  readonly fsync: boolean;
  readonly fullPageWrites: boolean;
  readonly standbys: readonly StandbySeen[];
}

export interface Facts {
  /** Servers that answered lately. */
  readonly seen: readonly ServerSeen[];
  /** Why the others did not answer, in a line. */
  readonly unseen: readonly string[];
  /** Names of standbys that were seen above their primary a while ago. */
  readonly diverged: ReadonlySet<string>;
  /** How long the needed standbys have confirmed nothing of what waits. */
  readonly unconfirmed: Milliseconds;
  /**
   * The list of the primary was empty a moment ago: its server reads a new list in one process
   * after another, and until the last has, a commit does not wait.
   */
  readonly justListed: boolean;
  /** An operator lets one place carry on alone until then. */
  readonly aloneUntil: Instant | undefined;
  readonly now: Instant;
  readonly siteOf: (name: string) => string;
}

export type Cause =
  | 'no-primary'
  | 'two-primaries'
  | 'no-fsync'
  | 'no-rights'
  | 'diverged'
  | 'no-name'
  | 'empty-list'
  | 'any-name'
  | 'same-site'
  | 'no-standby'
  | 'silent-standby'
  | 'standby-away'
  | 'not-watched';

export interface Finding {
  readonly cause: Cause;
  readonly why: string;
  readonly remedy: string;
}

export interface Judgement {
  /** Absent: what is committed on `primary` may be acknowledged. */
  readonly not?: Finding;
  readonly primary?: ServerSeen;
  /** One place carries on alone, as an operator allowed: what it acknowledges it alone holds. */
  readonly alone: boolean;
  /**
   * A single standby: after a promotion nothing can be acknowledged until a second server is back.
   */
  readonly pairOnly: boolean;
  /** What somebody must look into although mail goes on. */
  readonly warnings: readonly Finding[];
}

/** Longer than a busy standby takes. */
export const SILENT_AFTER = 3000;

export function judge(facts: Facts): Judgement {
  const primaries = facts.seen.filter(({ inRecovery }) => !inRecovery);
  const highest = Math.max(...primaries.map(({ timeline }) => timeline));
  const [primary, second] = primaries.filter(({ timeline }) => timeline === highest);
  const plain = { alone: false, pairOnly: false, warnings: [] };
  if (primary === undefined) return { ...plain, not: noPrimary(facts) };
  if (second !== undefined) return { ...plain, not: twoPrimaries(primary, second) };
  const list = readStandbyList(primary.synchronousNames);
  const alone =
    (list === undefined || facts.justListed) && facts.aloneUntil !== undefined && facts.now < facts.aloneUntil;
  const not = ofServer(primary, facts) ?? (alone ? undefined : ofList(primary, list, facts));
  return {
    ...(not === undefined ? {} : { not }),
    primary,
    alone,
    pairOnly: list?.names.length === 1,
    warnings: [
      ...primaries.filter((one) => one !== primary).map((old) => oldPrimary(old, primary)),
      // While nothing is acknowledged that is said with it.
      ...(not !== undefined || list === undefined ? [] : standbysAway(primary, list)),
    ],
  };
}

const noPrimary = ({ unseen, seen }: Facts): Finding => ({
  cause: 'no-primary',
  why: `no server of PostgreSQL is the primary: ${[...unseen, ...seen.map(({ name }) => `${name} is a standby`)].join('; ')}`,
  remedy: withoutPrimary(seen.length > 0, unseen.length > 0),
});

/** Where no server lets us in nothing is known of the primary: promoting one would make two. */
function withoutPrimary(standbys: boolean, others: boolean): string {
  if (!standbys) return 'correct what is said of each of them; promote none, as the primary may be well';
  return others
    ? 'bring the primary back, or promote the one that is most advanced ("sluis site promote --check")'
    : 'name the primary in "hosts" of [store] too, or promote the one that is most advanced ("sluis site promote --check")';
}

const twoPrimaries = (a: ServerSeen, b: ServerSeen): Finding => ({
  cause: 'two-primaries',
  why: `${a.name} and ${b.name} both call themselves primary, on the same timeline ${a.timeline}`,
  remedy: 'stop the one that was not promoted, and bring it back with pg_rewind or a full copy',
});

const oldPrimary = (old: ServerSeen, primary: ServerSeen): Finding => ({
  cause: 'two-primaries',
  why: `${old.name} at ${placeOf(old.server)} calls itself primary too, on timeline ${old.timeline}; ${primary.name} is it, on ${primary.timeline}`,
  remedy: `stop ${old.name}, and bring it back with pg_rewind or a full copy`,
});

/** A missing standby does not stop mail, so nobody would notice it before the next loss. */
const standbysAway = ({ name, standbys }: ServerSeen, list: StandbyList): readonly Finding[] => {
  const here = new Set(counting(standbys, list).map((one) => one.name.toLowerCase()));
  return list.names
    .filter((one) => !here.has(one))
    .map((one) => ({
      cause: 'standby-away',
      why: `${one} does not follow ${name}: mail continues with the other standbys, and may stop with the next loss`,
      remedy: 'start it, or repair the network to it',
    }));
};

function ofServer({ name, fsync, fullPageWrites, standbys, flushed }: ServerSeen, facts: Facts): Finding | undefined {
  if (!fsync || !fullPageWrites)
    return {
      cause: 'no-fsync',
      why: `${name} has ${fsync ? 'full_page_writes' : 'fsync'} off, and may lose what it has committed when its machine stops`,
      remedy: 'set it to on in postgresql.conf and reload',
    };
  if (standbys.some(({ state }) => state === undefined))
    return {
      cause: 'no-rights',
      why: `the role may not see the standbys of ${name}`,
      remedy: 'give it the right: GRANT pg_read_all_stats TO the user of [store] ("sluis init --postgres" does it)',
    };
  const above =
    standbys.find((one) => one.flushed !== undefined && one.flushed > flushed)?.name ?? first(facts.diverged);
  if (above !== undefined)
    return {
      cause: 'diverged',
      why: `${above} has a log of its own, beyond that of ${name}: it confirms what it does not hold`,
      remedy: `stop ${above} now, and bring it back with pg_rewind or a full copy`,
    };
  return undefined;
}

function ofList(primary: ServerSeen, list: StandbyList | undefined, facts: Facts): Finding | undefined {
  const { name, standbys } = primary;
  if (list === undefined)
    return {
      cause: 'empty-list',
      why: `synchronous_standby_names of ${name} is empty: nobody else holds what it commits`,
      remedy:
        'set it to ANY 1 (the servers of the other places, as "zuid-1", "derde-1"), or allow one place for a while: "sluis site alone --until TIME"',
    };
  if (facts.justListed)
    return {
      cause: 'empty-list',
      why: `synchronous_standby_names of ${name} was empty until a moment ago`,
      remedy: 'wait a second',
    };
  if (list.names.includes('*'))
    return {
      cause: 'any-name',
      why: `synchronous_standby_names of ${name} takes any name, also one of a server at its own place`,
      remedy: 'name the servers of the other places',
    };
  if (name === '')
    return {
      cause: 'no-name',
      why: `the server at ${placeOf(primary.server)} has no name, so its place is not known`,
      remedy:
        'set cluster_name in its postgresql.conf (with Patroni: the parameter sluis.name) to a name that begins with its place, such as noord-1',
    };
  const near = list.names.find((one) => facts.siteOf(one) === facts.siteOf(name));
  if (near !== undefined)
    return {
      cause: 'same-site',
      why: `synchronous_standby_names of ${name} has ${near}, which is at the same place (${facts.siteOf(name)})`,
      remedy: 'take it out: only servers of other places may confirm; or correct "places" in [store]',
    };
  return ofStandbys(name, list, counting(standbys, list).length, facts);
}

function ofStandbys(name: string, list: StandbyList, here: number, { unconfirmed }: Facts): Finding | undefined {
  const which = `${list.needed} of ${list.names.join(', ')}`;
  if (here < list.needed)
    return {
      cause: 'no-standby',
      why: `${name} needs ${which} to confirm, and ${here === 0 ? 'none' : `only ${here}`} of them follows it`,
      remedy:
        'start a standby, or repair the network to it; or allow one place for a while: "sluis site alone --until TIME"',
    };
  if (unconfirmed > SILENT_AFTER)
    return {
      cause: 'silent-standby',
      why: `${name} needs ${which} to confirm, and for ${Math.floor(unconfirmed / 1000)} s none of them confirmed anything`,
      remedy: 'see the network between the places, and the disk of the standbys',
    };
  return undefined;
}

/** The standbys whose confirmation lets a commit go: each name once. */
export function counting(standbys: readonly StandbySeen[], { names }: StandbyList): readonly StandbySeen[] {
  const found = new Map<string, StandbySeen>();
  for (const one of standbys) {
    const name = one.name.toLowerCase();
    if (names.includes(name) && one.state === 'streaming' && one.syncState !== 'async' && !found.has(name))
      found.set(name, one);
  }
  return [...found.values()];
}

/**
 * Position up to which enough standbys have the log, in octets; undefined if there are not enough.
 */
export function confirmedTo(standbys: readonly StandbySeen[], list: StandbyList): bigint | undefined {
  const ends = counting(standbys, list)
    .map(({ flushed }) => flushed ?? 0n)
    .toSorted((a, b) => (a < b ? 1 : -1));
  return ends[list.needed - 1];
}

const first = (names: ReadonlySet<string>): string | undefined => names.values().next().value;

/** The place in a server's name, up to its first dash, or what the configuration says of it. */
export function siteBy(places: Readonly<Record<string, string>>): (name: string) => string {
  const known = new Map(Object.entries(places).map(([name, site]) => [name.toLowerCase(), site.toLowerCase()]));
  return (name) => known.get(name.toLowerCase()) ?? (name.split('-')[0] ?? '').toLowerCase();
}
