/**
 * The report of a planned switch to the other site and back: what people did and measured, signed
 * like that of a restore.
 */
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { defined } from '../domain/defined.ts';
import { type DrillMarks, NO_SITES } from '../domain/drills.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import type { Actor } from '../store/actor.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import { BackupRefused } from './refused.ts';
import { SITE_DRILL_FORMAT, writeReport } from './reports.ts';

/**
 * `watch`: "sluis drill watch". `probe`: the probe of the gateway. `hand`: somebody with a clock.
 */
export const MEASURED_BY = ['watch', 'probe', 'hand'] as const;

/** What people say of it. */
export interface SiteDrill {
  readonly from: string;
  readonly to: string;
  readonly there: Instant;
  /** Left out: the service did not come back. */
  readonly back?: Instant | undefined;
  readonly people: readonly string[];
  /** Seconds. */
  readonly outage: number;
  readonly measuredBy: (typeof MEASURED_BY)[number];
  readonly lost: number;
  readonly failed: readonly string[];
  readonly notTried: readonly string[];
}

export interface SiteDrillReport {
  readonly format: typeof SITE_DRILL_FORMAT;
  readonly hostname: string;
  readonly version: string;
  /** ISO 8601: when it was written down. */
  readonly at: string;
  readonly passed: boolean;
  readonly from: string;
  readonly to: string;
  readonly there: string;
  readonly back?: string;
  readonly people: readonly string[];
  readonly outage: { readonly seconds: number; readonly by: SiteDrill['measuredBy'] };
  readonly lost: number;
  readonly failed: readonly string[];
  readonly notTried: readonly string[];
  readonly marks: DrillMarks;
  readonly by: string;
  readonly reason?: string;
}

export interface SiteDrillParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly hostname: string;
  readonly version: string;
  readonly keys: () => Promise<AuditKeys>;
  readonly marks: () => Promise<DrillMarks>;
  /** Where the report goes. */
  readonly reports: string;
  readonly sites: boolean;
}

const iso = (at: Instant): string => new Date(at).toISOString();

/** Rejects with BackupRefused if there is no other site, and where it is yet to come. */
export async function writeSiteDrill(
  parts: SiteDrillParts,
  drill: SiteDrill,
  actor: Actor,
): Promise<SiteDrillReport & { readonly file: string }> {
  const at = parts.clock.now();
  if (!parts.sites) throw new BackupRefused('conflict', `Cannot write down a drill of a site: ${NO_SITES}`);
  if (Math.max(drill.there, drill.back ?? 0) > at)
    throw new BackupRefused('invalid', 'Cannot write down a drill that is to come: --there and --back are in the past');
  const keys = await parts.keys();
  const report = reportOf(drill, actor, at, { ...parts, marks: await parts.marks() });
  const file = await writeReport(parts.reports, 'site', report, keys);
  note(parts, report, drill.people, actor);
  return { ...report, file };
}

function reportOf(
  { from, to, there, back, people, outage, measuredBy, lost, failed, notTried }: SiteDrill,
  { name, reason }: Actor,
  at: Instant,
  { hostname, version, marks }: Pick<SiteDrillReport, 'hostname' | 'version' | 'marks'>,
): SiteDrillReport {
  return {
    format: SITE_DRILL_FORMAT,
    hostname,
    version,
    at: iso(at),
    passed: back !== undefined && lost === 0 && failed.length === 0,
    from,
    to,
    there: iso(there),
    people,
    lost,
    failed,
    notTried,
    outage: { seconds: outage, by: measuredBy },
    marks,
    by: name,
    ...defined({ back: back === undefined ? undefined : iso(back), reason }),
  };
}

function note(
  { audit, log }: SiteDrillParts,
  { passed, from, to, lost, outage }: SiteDrillReport,
  people: readonly string[],
  { name, reason }: Actor,
): void {
  const facts = { from, to, lost, seconds: outage.seconds, by: outage.by };
  const personal = { actor: name, people, ...defined({ reason }) };
  audit.note({ event: 'site.drilled', outcome: passed ? 'success' : 'failure', facts, personal });
  log.info('site.drilled', { passed, ...facts });
}
