/**
 * What must be known before a server is promoted. An acknowledged commit stands on the primary and
 * on one at least of those that the synchronous list named: with `ANY 1 (b, c)` on b or on c.
 * Whoever promotes the one that lacks it loses acknowledged mail, and the service looks healthy
 * (tried: 300 of 300 lost). So the one that is promoted must be the most advanced of so many of the
 * listed that at least one of them holds every commit. Where those cannot be asked, nobody can say
 * it, and the answer is no.
 */
import { many } from '../domain/counted.ts';
import { lsnText } from '../domain/lsn.ts';

/** One server, as it answered now, or as somebody wrote down what it answered. */
export interface ServerFacts {
  readonly name: string;
  readonly site: string;
  /** Absent: it could not be asked. */
  readonly role?: 'primary' | 'standby';
  /** Why it could not be asked. */
  readonly problem?: string;
  readonly timeline?: number;
  /**
   * Position in the log: of a primary what it has flushed, of a standby the greater of received and
   * replayed.
   */
  readonly position?: bigint;
  /** For a standby: the address of the server that it still follows. */
  readonly follows?: string;
}

export interface PromotionFacts {
  /**
   * As the last primary had it: `names` of whom `any` confirm each commit; no names: none had to.
   * Absent: nobody knows it.
   */
  readonly list?: { readonly any: number; readonly names: readonly string[] };
  /** When it was known to be so; ISO 8601. */
  readonly listSeen?: string;
  /**
   * The name of that primary. Absent if somebody wrote the facts down, who names the servers that
   * matter.
   */
  readonly primary?: string;
  readonly servers: readonly ServerFacts[];
  /** When a gateway last acknowledged something, as far as it is known. ISO 8601. */
  readonly lastAcknowledged?: string;
  /** Names of gateways that still acknowledge. */
  readonly acknowledging: readonly string[];
}

/**
 * `may`: nothing that was acknowledged is missing there. `behind`: something is. `serving`: the old
 * side still acknowledges. `unknown`: nobody can say.
 */
export type Verdict = 'may' | 'behind' | 'serving' | 'unknown';

export interface PromotionCheck {
  readonly server: string;
  readonly verdict: Verdict;
  /** Sentences without a full stop, the gravest first. */
  readonly why: readonly string[];
  readonly remedy: string;
  readonly servers: readonly {
    readonly name: string;
    readonly site: string;
    readonly role: string;
    readonly timeline?: number;
    /** A position as PostgreSQL writes it. */
    readonly position?: string;
    /** Octets that it lacks of the most advanced of its timeline, of those that could be asked. */
    readonly behind?: string;
  }[];
}

interface Placed extends ServerFacts {
  readonly timeline: number;
  readonly position: bigint;
}
const isPlaced = (server: ServerFacts): server is Placed =>
  server.role !== undefined && server.timeline !== undefined && server.position !== undefined;

/**
 * The higher timeline counts, whatever the position: one that was promoted has gone another way.
 */
const compare = (a: Placed, b: Placed): number =>
  a.timeline === b.timeline
    ? Number(a.position > b.position) - Number(a.position < b.position)
    : a.timeline - b.timeline;

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function checkPromotion(name: string, facts: PromotionFacts): PromotionCheck {
  const judged = judge(name, facts);
  return { server: name, ...judged, servers: shownServers(facts.servers) };
}

type Judged = Pick<PromotionCheck, 'verdict' | 'why' | 'remedy'>;

function judge(name: string, facts: PromotionFacts): Judged {
  const { servers, acknowledging } = facts;
  const candidate = servers.find((one) => sameName(one.name, name));
  if (candidate === undefined)
    return unknown([`no server is called "${name}"`], `name one of ${servers.map((one) => one.name).join(', ')}`);
  if (!isPlaced(candidate))
    return unknown(
      [`"${name}" cannot be asked: ${candidate.problem ?? 'it does not tell its position'}`],
      'reach it first',
    );
  if (candidate.role === 'primary')
    return unknown([`"${name}" is a primary already`], 'look at the timelines: of two primaries the higher counts');
  const primaries = servers.filter((one) => one.role === 'primary');
  const following = primaries.length > 0 ? [] : servers.filter(({ follows }) => follows !== undefined);
  if (primaries.length > 0 || following.length > 0 || acknowledging.length > 0) {
    const who = [
      ...primaries.map((one) => `"${one.name}" (${one.site}) is a primary that answers`),
      ...following.map(
        ({ name: one, site, follows }) =>
          `"${one}" (${site}) still hears a primary at ${follows ?? ''}, which does not answer here`,
      ),
      ...acknowledging.map((gateway) => `gateway "${gateway}" still acknowledges`),
    ];
    return {
      verdict: 'serving',
      why: [...who, ...advance(candidate, primaries.filter(isPlaced))],
      remedy:
        'stop that primary in order first (pg_ctl stop -m fast, or patronictl switchover, which does all of it), see that it is gone, and check again',
    };
  }
  return compared(candidate, facts);
}

/** Nobody is primary any more that could be asked. */
function compared(candidate: Placed, facts: PromotionFacts): Judged {
  const { list, servers } = facts;
  const standbys = servers.filter((one) => isPlaced(one) && one.role === 'standby') as readonly Placed[];
  const ahead = standbys.filter((one) => compare(one, candidate) > 0).sort((a, b) => compare(b, a));
  const [best] = ahead;
  if (best !== undefined)
    return {
      verdict: 'behind',
      why: ahead.map((one) => `"${one.name}" holds ${more(one, candidate)} than "${candidate.name}"`),
      remedy: `promote "${best.name}", or let "${candidate.name}" follow it until it has caught up, and check again`,
    };
  const astray = standbys.filter((one) => one.timeline < candidate.timeline && one.position > candidate.position);
  if (astray.length > 0)
    return unknown(
      astray.map(
        (one) =>
          `"${one.name}" is on an older timeline and further along than "${candidate.name}": either its timeline was read wrong, or it has gone another way`,
      ),
      'ask it again; one that was primary before and was not rewound holds nothing that counts, and who knows that decides without this command',
    );
  if (list?.names.length === 0)
    return unknown(
      [
        `the list of the last primary was empty: what it acknowledged since then "${facts.primary ?? 'it'}" alone may hold`,
      ],
      'bring that server back; who promotes another one decides to lose that',
    );
  if (list === undefined)
    return unknown(
      ['nobody knows which servers the list of the last primary named, so nobody knows who must be asked'],
      'give what synchronous_standby_names was, or what every other server holds',
    );
  const silent = list.names.filter((one) => !standbys.some((standby) => sameName(standby.name, one)));
  const needed = list.names.length - list.any + 1;
  const asked = list.names.length - silent.length;
  if (asked < needed)
    return unknown(
      silent.map(
        (one) => `"${one}" may hold an acknowledged commit that "${candidate.name}" lacks, and cannot be asked`,
      ),
      `bring ${silent.map((one) => `"${one}"`).join(' or ')} back; a loss that cannot be told from none is not a reason to hurry`,
    );
  const strangers = unlisted(list.names, facts);
  if (strangers.length > 0)
    return unknown(
      strangers.map(
        (one) =>
          `"${one}" cannot be asked, and the list may have taken it in after it was seen last${facts.listSeen === undefined ? '' : ` (${facts.listSeen})`}`,
      ),
      `bring ${strangers.map((one) => `"${one}"`).join(' or ')} back; who knows that it holds nothing writes the facts down without it (--facts)`,
    );
  const equal = standbys.filter((one) => one !== candidate && compare(one, candidate) === 0);
  return {
    verdict: 'may',
    why: [
      `"${candidate.name}" holds everything that was acknowledged: of ${many(list.names.length, 'listed server')} each commit is on ${list.any} at least, ${asked} could be asked, and none holds more`,
      ...equal.map((one) => `"${one.name}" holds as much`),
    ],
    remedy: `before you promote it, set synchronous_standby_names on it to the others; the old primary comes back only by pg_rewind or a full copy`,
  };
}

/**
 * Servers that are silent though the list did not name them and they were not its primary: a list
 * that was changed after everybody here lost sight of the primary may name them, and they may hold
 * what nobody else does. What a silent server is called is not always known, so they are counted.
 */
function unlisted(names: readonly string[], { primary, servers }: PromotionFacts): readonly string[] {
  if (primary === undefined) return [];
  const expected = [...names, primary].filter(
    (one) => !servers.some(({ name, role }) => role !== undefined && sameName(name, one)),
  );
  const silent = servers.filter(({ role }) => role === undefined).map(({ name }) => name);
  if (silent.length <= expected.length) return [];
  return silent.filter((one) => !expected.some((name) => sameName(name, one)));
}

const unknown = (why: readonly string[], remedy: string): Judged => ({ verdict: 'unknown', why, remedy });

const more = (one: Placed, than: Placed): string =>
  one.timeline === than.timeline
    ? `${one.position - than.position} bytes of the log more`
    : `a later timeline (${one.timeline}, not ${than.timeline})`;

const advance = (candidate: Placed, primaries: readonly Placed[]): readonly string[] =>
  primaries
    .filter((one) => compare(one, candidate) > 0)
    .map((one) => `"${candidate.name}" lacks something that "${one.name}" has flushed: ${more(one, candidate)}`);

/** Servers as people read them. */
export function shownServers(servers: readonly ServerFacts[]): PromotionCheck['servers'] {
  return servers.map((one) => {
    const { name, site, role, problem, timeline, position } = one;
    const best = servers.filter((other) => isPlaced(other) && other.timeline === timeline) as readonly Placed[];
    const top = best.reduce((most, other) => (other.position > most ? other.position : most), 0n);
    return {
      name,
      site,
      role: role ?? `not asked: ${problem ?? 'no answer'}`,
      ...(timeline === undefined ? {} : { timeline }),
      ...(position === undefined ? {} : { position: lsnText(position), behind: String(top - position) }),
    };
  });
}
