/**
 * Looks at the sites of a store on PostgreSQL: asks its servers again, and reads the rows of the
 * gateways that share it on the server that knows most.
 */
import type { GatewayStanding, SitesLook } from '../cluster/sites.ts';
import type { PromotionFacts, ServerFacts } from '../cluster/promote-check.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { type Instant, iso, seconds } from '../domain/units.ts';
import { placeOf } from '../store/postgres/access.ts';
import {
  type Answer,
  type GatewayRow,
  type ListSeen,
  type Rows,
  type ServerAnswer,
  askServers,
  hasAnswered,
} from '../store/postgres/ask-servers.ts';
import type { Guard } from '../store/postgres/guard.ts';
import { siteBy } from '../store/postgres/judgement.ts';
import { readStandbyList } from '../store/postgres/standby-list.ts';
import { accessOf, nameOf } from './postgres.ts';

/**
 * Time without a beat after which a gateway counts as silent: three beats have not come
 * (store/postgres/nodes.ts).
 */
const SILENT = seconds(7);

/** What a running gateway knows in addition. */
export interface Own {
  readonly node: string;
  readonly guard: Pick<Guard, 'lastPrimary' | 'nameOf' | 'mayAcknowledge'>;
  readonly acknowledgedAt: () => Instant | undefined;
  readonly aloneUntil: () => Instant | undefined;
}

export async function lookAtSites(config: Config, clock: Clock, own?: Own): Promise<SitesLook> {
  const { hosts: servers } = config.store;
  const answers = await askServers({ servers, access: accessOf(config), name: nameOf(config, 'sites') });
  return lookOf(answers, { config, clock, ...defined({ own }) });
}

interface Known {
  readonly config: Pick<Config, 'store'>;
  readonly clock: Clock;
  readonly own?: Own;
}

export function lookOf(answers: readonly Answer[], { config, clock, own }: Known): SitesLook {
  const siteOf = siteBy(Object.fromEntries(config.store.places ?? []));
  const answered = answers.filter(hasAnswered).toSorted(mostFirst);
  const gateways = gatewaysOf(answered.find(({ rows }) => rows !== undefined)?.rows, own);
  const acknowledged = gateways.flatMap(({ lastAcknowledged }) => lastAcknowledged ?? []).toSorted();
  return {
    servers: answers.map((answer) => factsOf(answer, siteOf, own)),
    gateways,
    acknowledging: gateways.filter(isAcknowledging).map(({ name }) => name),
    ...listOf(answered, clock, own),
    ...defined({ lastAcknowledged: acknowledged.at(-1) }),
  };
}

const isAcknowledging = ({ acknowledges, silentFor }: GatewayStanding): boolean =>
  acknowledges && silentFor !== undefined && silentFor * 1000 < SILENT;

function factsOf(answer: Answer, siteOf: (name: string) => string, own: Own | undefined): ServerFacts {
  const { server } = answer;
  const name = (hasAnswered(answer) ? answer.name : own?.guard.nameOf(server)) || placeOf(server);
  const site = name === placeOf(server) ? '' : siteOf(name);
  if (!hasAnswered(answer)) return { name, site, problem: answer.problem };
  const { role, timeline, position, follows } = answer;
  return { name, site, role, timeline, position, ...defined({ follows }) };
}

/** Sorts by the highest timeline, then by the greatest position. */
const mostFirst = (a: LogPlace, b: LogPlace): number =>
  b.timeline - a.timeline || Number(b.position > a.position) - Number(b.position < a.position);
type LogPlace = Pick<ListSeen, 'timeline' | 'position'>;

/**
 * The newest list of synchronous standbys, from all that know one: a primary that answers, the rows
 * on the servers, and what this gateway saw itself.
 */
function listOf(
  answered: readonly ServerAnswer[],
  clock: Clock,
  own: Own | undefined,
): Pick<PromotionFacts, 'list' | 'listSeen' | 'primary'> {
  const last = own?.guard.lastPrimary;
  const seen: ListSeen[] = [
    ...answered
      .filter(({ role }) => role === 'primary')
      .map(({ name, ...of }) => ({ ...of, server: name, at: clock.now() })),
    ...answered.flatMap(({ rows }) => rows?.list ?? []),
    ...(last === undefined
      ? []
      : [{ ...last, names: last.synchronousNames, server: last.name, position: last.flushed }]),
  ];
  const [newest] = seen.toSorted(mostFirst);
  if (newest === undefined) return {};
  const { names, server, at } = newest;
  const list = readStandbyList(names) ?? { needed: 0, names: [] };
  return {
    primary: server,
    // A list that takes any name does not say which standby it was.
    ...(list.names.includes('*') ? {} : { list: { any: list.needed, names: list.names } }),
    listSeen: iso(at),
  };
}

function gatewaysOf(rows: Rows | undefined, own: Own | undefined): readonly GatewayStanding[] {
  const all = (rows?.gateways ?? []).map((row) => standingOf(row, rows?.jobs ?? []));
  if (own === undefined) return all;
  return all.map((row) => (row.name === own.node ? ofThisOne(row, own) : row));
}

/**
 * The row of this gateway, with what it knows itself: the stored row may be old, or lost with a
 * primary.
 */
const ofThisOne = (
  { aloneUntil: _, ...row }: GatewayStanding,
  { guard, acknowledgedAt, aloneUntil }: Own,
): GatewayStanding => ({
  ...row,
  silentFor: 0,
  acknowledges: guard.mayAcknowledge() === undefined,
  ...defined({ lastAcknowledged: iso(acknowledgedAt()), aloneUntil: iso(aloneUntil()) }),
});

function standingOf(row: GatewayRow, jobs: Rows['jobs']): GatewayStanding {
  const { id, name, site, version, schema, ahead, acknowledges, acknowledgedAt, aloneUntil, silentFor } = row;
  return {
    name,
    site,
    version,
    schema,
    clockAhead: ahead / 1000,
    acknowledges,
    jobs: jobs.filter(({ node }) => node === id).map(({ job }) => job),
    ...(silentFor === null ? {} : { silentFor: Math.max(0, silentFor / 1000) }),
    ...(acknowledgedAt === 0 ? {} : { lastAcknowledged: iso(acknowledgedAt) }),
    ...(aloneUntil === 0 ? {} : { aloneUntil: iso(aloneUntil) }),
  };
}

/** Warnings from memory, as the guard saw the servers last. */
export function sitesWarnings(guard: Pick<Guard, 'judgement' | 'servers'>): readonly string[] {
  const { judgement } = guard;
  return [
    ...judgement.warnings.map(({ why, remedy }) => `${why}; ${remedy}`),
    ...(judgement.pairOnly
      ? [
          `${judgement.primary?.name ?? 'the primary'} has one standby in its list: after the loss of either no mail is accepted until another is back`,
        ]
      : []),
    ...guard
      .servers()
      .filter(({ role, problem }) => problem !== undefined && (role === 'standby' || role === 'unknown'))
      .map(({ name, problem }) => `${name}: ${problem ?? ''}`),
  ];
}
