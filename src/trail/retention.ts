/**
 * How long the trail says who and from where: each of its logs for a time of its own, then the
 * personal fields of its rows are erased, once a day. What happened, when and to which message
 * stays, and the chain still holds.
 */
import { AUDIT_LOG_KINDS, type AuditLogKind } from '../domain/audit-events.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Milliseconds, days, instant } from '../domain/units.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import { type ByKind, erase, nothingByKind } from './erasure.ts';

export type AuditKeep = Readonly<Record<AuditLogKind, Milliseconds>>;

/**
 * What is asked for at least. `access` and `change`: five years (NEN 7513; the Dutch decision of
 * July 2019). `chain`: MedMij asks 24 to 36 months. `technical`: a year.
 */
export const LEAST_KEPT: AuditKeep = {
  access: days(1826),
  change: days(1826),
  chain: days(730),
  technical: days(365),
};

export interface RetentionParts {
  readonly audit: AuditTrail;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly keep: AuditKeep;
  /** Rows that were erased since the start. */
  readonly counts: ByKind;
}

const markOf = (kind: AuditLogKind): string => `audit.kept.${kind}`;

export async function keepTrail(parts: RetentionParts, stopped: () => boolean = () => false): Promise<ByKind> {
  const { audit, clock, log, keep, counts } = parts;
  const marks = await audit.marks();
  const now = clock.now();
  const total = nothingByKind();
  const walk = async (kind: AuditLogKind, dryRun: boolean): Promise<number> => {
    const found = await erase(audit, {
      fromSeq: (marks[markOf(kind)] ?? 0) + 1,
      before: instant(now - keep[kind]),
      chosen: (_, of) => of === kind,
      dryRun,
      mark: markOf(kind),
      stopped,
    });
    return found[kind];
  };
  // What goes is counted and told of first: a crash leaves more told of than erased, and
  // `audit verify` finds what went untold.
  for (const kind of AUDIT_LOG_KINDS) total[kind] = await walk(kind, true);
  const some = Object.values(total).some((rows) => rows > 0);
  if (some && !stopped()) audit.note({ event: 'audit.retention', outcome: 'success', facts: { ...total } });
  for (const kind of AUDIT_LOG_KINDS) {
    total[kind] = await walk(kind, false);
    counts[kind] += total[kind];
  }
  if (some) log.info('audit.retention', { ...total });
  return total;
}

/** Plain words for each time that is shorter than what is asked for. */
export const shortKept = (keep: AuditKeep): string[] =>
  AUDIT_LOG_KINDS.filter((kind) => keep[kind] < LEAST_KEPT[kind]).map(
    (kind) =>
      `audit.keep-${kind} is ${inDays(keep[kind])} days, and ${inDays(LEAST_KEPT[kind])} are asked for (${SOURCE[kind]}): who and where of that log are erased too early`,
  );

const inDays = (time: Milliseconds): number => Math.floor(time / days(1));
const SOURCE: Readonly<Record<AuditLogKind, string>> = {
  access: 'NEN 7513: five years',
  change: 'NEN 7513: five years',
  chain: 'MedMij: 24 to 36 months',
  technical: 'MedMij: a year',
};
