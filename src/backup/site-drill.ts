/** The report of a planned switch to the other site and back: what people did and measured, signed like that of a restore. */
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { defined } from '../domain/defined.ts';
import type { DrillMarks } from '../domain/drills.ts';
import type { Instant } from '../domain/units.ts';
import { SITE_DRILL_FORMAT, writeReport } from './reports.ts';

/** `watch`: "sluis drill watch". `probe`: the probe of the gateway. `hand`: somebody with a clock. */
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
  readonly at: Instant;
  readonly hostname: string;
  readonly version: string;
  readonly keys: AuditKeys;
  readonly marks: DrillMarks;
  /** Where the report goes. */
  readonly reports: string;
  readonly actor: { readonly name: string; readonly reason?: string };
}

const iso = (at: Instant): string => new Date(at).toISOString();

export async function writeSiteDrill(
  { from, to, there, back, people, outage, measuredBy, lost, failed, notTried }: SiteDrill,
  { at, hostname, version, keys, marks, reports, actor }: SiteDrillParts,
): Promise<SiteDrillReport & { readonly file: string }> {
  const report: SiteDrillReport = {
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
    by: actor.name,
    ...defined({ back: back === undefined ? undefined : iso(back), reason: actor.reason }),
  };
  return { ...report, file: await writeReport(reports, 'site', report, keys) };
}
