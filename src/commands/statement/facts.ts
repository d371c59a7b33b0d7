/**
 * The facts of a statement about information security, counted, measured or read just now. They
 * name no person, and no organisation but the one that the statement is for.
 */
import { availabilityIn } from '../../admin/availability.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { DrillEvidence } from '../../backup/reports.ts';
import type { SitesLook } from '../../cluster/sites.ts';
import { type Availability, AVAILABILITY_AIM } from '../../domain/availability.ts';
import { defined } from '../../domain/defined.ts';
import { DRILL_KINDS, type DrillKind } from '../../domain/drills.ts';
import { escrowReminder } from '../../domain/escrow.ts';
import type { Examined } from '../../domain/examined.ts';
import { monthOf, monthStart } from '../../domain/months.ts';
import { ROLES, type Role } from '../../domain/roles.ts';
import type { ChosenVerb } from '../../domain/second-person.ts';
import { PRIVACY_SETTINGS } from '../../domain/settings/privacy.ts';
import { settingOf } from '../../domain/settings.ts';
import { type Instant, iso } from '../../domain/units.ts';
import { buildVersion } from '../../platform/version.ts';
import type { Given } from './given.ts';
import { type Group, countGroup } from './group.ts';
import { type PartnerMail, countPartners } from './partners.ts';

/** Months whose availability is shown, including this one. */
const MONTHS = 13;

export interface DrillFact {
  /** The last drill; absent if there was none. */
  readonly last?: Pick<DrillEvidence, 'name' | 'sha256'> & {
    readonly at: string;
    readonly passed: boolean;
    /** When a drill of this kind last passed, in ISO 8601. */
    readonly good?: string;
    readonly from?: string;
    readonly to?: string;
    /** After a switch: how long the service was away. After a restore: how long it took. */
    readonly seconds?: number;
    readonly lost?: number;
    /** Number of messages that were opened. */
    readonly opened?: number;
    readonly notTried: readonly string[];
  };
  /** Reasons why the next drill is due; empty if it is not. */
  readonly due: readonly string[];
}

export interface StatementFacts {
  readonly hostname: string;
  readonly version: string;
  readonly made: Instant;
  readonly organisation?: {
    readonly name: string;
    readonly title: string;
    readonly privacy: Readonly<Record<string, string>>;
    readonly keepUncollected: number;
    readonly keepDeleted?: number;
  };
  readonly group: Group;
  readonly tls: Examined['listeners'];
  readonly partners: PartnerMail;
  readonly content: {
    readonly escrow?: { readonly needed: number; readonly verified: string };
    readonly lacks?: string;
  };
  readonly places: {
    readonly engine: 'one machine' | 'servers';
    readonly servers: readonly {
      readonly name: string;
      readonly site: string;
      readonly role?: string;
    }[];
    readonly confirming: readonly string[];
    readonly aloneUntil?: string;
  };
  readonly drills: Readonly<Record<DrillKind, DrillFact>>;
  readonly backups: { readonly folder: boolean; readonly newest?: string; readonly elsewhere?: string };
  readonly availability: { readonly aim: number; readonly sites: readonly Omit<Availability, 'gaps'>[] };
  readonly roles: { readonly operators: Readonly<Record<Role, number>>; readonly second: readonly ChosenVerb[] };
  /** Settings about retention, as the configuration file writes them. */
  readonly retention: Readonly<Record<string, string>>;
  readonly given: Given;
}

const RETENTION = [
  ...['store.keep-deleted', 'store.keep-trace', 'delivery.keep-held', 'backup.keep-for'],
  ...['audit.keep-access', 'audit.keep-change', 'audit.keep-chain', 'audit.keep-technical'],
];

/** Gathers the facts. Throws AdminError if there is no such organisation. */
export async function gatherFacts(
  context: AdminContext,
  organisation: string | undefined,
  given: Given,
): Promise<StatementFacts> {
  const { store, clock, backups, configuration, gateway, partners, secondPerson } = context;
  // In whole seconds, because a signed document has no fractions.
  const made = (Math.floor(clock.now() / 1000) * 1000) as Instant;
  const customer = organisation === undefined ? undefined : await organisationOf(context, organisation);
  const status = gateway?.status();
  const ports = new Map(status?.listeners.map(({ name, port }) => [name, port] as const));
  const { listeners, drillWithin } = await configuration.examined(ports);
  const settings = new Map((await configuration.settings()).map(({ name, value }) => [name, value]));
  const { newest, offsite } = await backups.state();
  const since = monthStart(monthOf(made) - MONTHS + 1);
  const measured = await availabilityIn(store, { since, until: made }, made);
  const operators = (await store.operators.list()).filter(({ endsAt }) => endsAt === undefined || endsAt > made);
  const drills: Partial<Record<DrillKind, DrillFact>> = {};
  for (const kind of DRILL_KINDS) drills[kind] = await drillFact(context, kind, made - drillWithin);
  return {
    hostname: partners.hostname,
    version: status?.version ?? buildVersion(),
    made,
    ...defined({ organisation: customer }),
    group: await countGroup(store.registry, made, organisation),
    tls: listeners,
    partners: await countPartners(context, settings.get('delivery.dane-resolver') !== undefined),
    content: await contentFacts(context, made),
    places: placesOf(await context.sites?.look(), context.sites?.aloneUntil()),
    drills: drills as Record<DrillKind, DrillFact>,
    backups: { folder: backups.configured.folder, ...defined({ newest: iso(newest), elsewhere: iso(offsite) }) },
    availability: { aim: AVAILABILITY_AIM, sites: measured.map(({ gaps: _, ...one }) => one) },
    roles: {
      operators: Object.fromEntries(
        ROLES.map((role) => [role, operators.filter((one) => one.role === role).length]),
      ) as Record<Role, number>,
      second: secondPerson,
    },
    retention: Object.fromEntries(
      RETENTION.flatMap((name) => {
        const value = settings.get(name)?.replaceAll('"', '');
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    given,
  };
}

async function organisationOf({ store }: AdminContext, name: string): Promise<StatementFacts['organisation']> {
  const found = await store.registry.findOrganisation(name);
  if (found === undefined)
    throw new AdminError(
      'unknown',
      `Cannot make a statement for "${name}": there is no such organisation; "sluis organisation list" names them`,
    );
  const { title, settings } = found;
  const keepDeleted = settings['keep-deleted'];
  return {
    name,
    title,
    privacy: Object.fromEntries(
      PRIVACY_SETTINGS.flatMap((each) => {
        const value = settings[each];
        return value === undefined || value === 'none' ? [] : [[each, String(value)]];
      }),
    ),
    keepUncollected: settingOf('keep-uncollected', settings),
    ...(typeof keepDeleted === 'number' ? { keepDeleted } : {}),
  };
}

async function contentFacts({ keys }: AdminContext, now: Instant): Promise<StatementFacts['content']> {
  const escrow = keys.escrow();
  const lacks = escrowReminder(escrow, await keys.fingerprint(), now);
  if (lacks !== undefined) return { lacks };
  return escrow?.verifiedAt === undefined
    ? {}
    : { escrow: { needed: escrow.needed, verified: new Date(escrow.verifiedAt).toISOString() } };
}

function placesOf(look: SitesLook | undefined, alone: Instant | undefined): StatementFacts['places'] {
  if (look === undefined) return { engine: 'one machine', servers: [], confirming: [] };
  return {
    engine: 'servers',
    // The reason why a server did not answer names inside addresses, so only operators may see it.
    servers: look.servers.map(({ name, site, role }) => ({ name, site, ...defined({ role }) })),
    confirming: look.list === undefined || look.list.any === 0 ? [] : look.list.names,
    ...defined({ aloneUntil: iso(alone) }),
  };
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * The facts about a kind of drill. `notBefore`: a restore that passed before this moment is too
 * old. A switch may be a year old (domain/drills.ts).
 */
async function drillFact({ backups }: AdminContext, kind: DrillKind, notBefore: number): Promise<DrillFact> {
  const { last, due } = await backups.drills.evidence(kind);
  if (last === undefined) return { due: due.map(({ text }) => text) };
  const { name, sha256, report, state } = last;
  const { last: tried, good } = state;
  const outage = report.outage as { readonly seconds?: unknown } | undefined;
  const old = kind === 'restore' && good !== undefined && good.at < notBefore && due.every(({ why }) => why !== 'age');
  return {
    last: {
      name,
      sha256,
      at: iso(tried?.at) ?? '',
      passed: tried?.passed === true,
      notTried: Array.isArray(report.notTried) ? report.notTried.map(String) : [],
      ...defined({
        good: iso(good?.at),
        from: textOf(report.from),
        to: textOf(report.to),
        seconds: numberOf(outage?.seconds ?? report.seconds),
        lost: numberOf(report.lost),
        opened: numberOf(report.opened),
      }),
    },
    due: [...due.map(({ text }) => text), ...(old ? ['more time has passed than the configuration allows'] : [])],
  };
}
