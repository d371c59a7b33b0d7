/**
 * A drill: the newest backup is restored into a scratch folder and proved by the very steps of a restore, then the scratch goes. What was shown
 * stands in a dated report, signed by the key of the audit trail: for the auditor who asks when a restore was last tried.
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditKeys } from '../crypto/audit-keys.ts';
import { type Instant, instant } from '../domain/units.ts';
import { makeFolder, syncFolderOf } from './files.ts';
import { backupName } from './folder.ts';
import { isCode } from './refused.ts';
import { type RestoreParts, type RestoreStep, restoreInto } from './restore.ts';
import { writeSigned } from './signed.ts';

export const DRILL_FORMAT = 'sluis drill 1';
const REPORT = /^drill-\d{4}-\d\d-\d\dT\d{6}Z\.json$/;

export interface DrillReport {
  readonly format: typeof DRILL_FORMAT;
  readonly hostname: string;
  /** Of the program that did it. */
  readonly version: string;
  /** ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  readonly passed: boolean;
  readonly backup: string;
  /** When that backup was begun. */
  readonly begun: string;
  readonly steps: readonly RestoreStep[];
  readonly opened: number;
  readonly erased: number;
  readonly by: string;
  readonly reason?: string;
}

export interface DrillWish {
  /** The folder of the backup. */
  readonly backup: string;
  /** A folder of this name is made here, and removed. */
  readonly under: string;
  /** Where the report goes. */
  readonly reports: string;
  readonly sample: number;
  readonly actor: { readonly name: string; readonly reason?: string };
  readonly hostname: string;
  readonly version: string;
  readonly keys: AuditKeys;
  readonly told: (done: number, of: number) => void;
}

/** Rejects with BackupRefused where nothing could be tried; a step that failed is a report that says so. */
export async function drill(
  parts: RestoreParts,
  wish: DrillWish,
): Promise<{ readonly report: DrillReport; readonly file: string }> {
  const { actor, under, reports } = wish;
  const at = parts.clock.now();
  const began = parts.clock.monotonic();
  const name = `drill-${backupName(at)}`;
  const scratch = join(under, `.${name}.partial`);
  await rm(scratch, { recursive: true, force: true });
  await makeFolder(scratch);
  let restored;
  try {
    restored = await restoreInto(
      parts,
      wish.backup,
      scratch,
      { anchors: [], sample: wish.sample, queue: 'hold', actor },
      { step: () => undefined, octets: wish.told },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const { steps, passed, backup, begun, proof } = restored;
  const report: DrillReport = {
    ...{ format: DRILL_FORMAT, hostname: wish.hostname, version: wish.version },
    at: new Date(at).toISOString(),
    seconds: Math.round(parts.clock.monotonic() - began) / 1000,
    ...{ passed, backup, begun, steps, opened: proof?.opened ?? 0, erased: proof?.erased ?? 0, by: actor.name },
    ...(actor.reason === undefined ? {} : { reason: actor.reason }),
  };
  await makeFolder(reports);
  const file = `${name}.json`;
  await rm(join(reports, `${file}.sig`), { force: true });
  await rm(join(reports, file), { force: true });
  await writeSigned(reports, file, `${JSON.stringify(report, null, 2)}\n`, wish.keys);
  await syncFolderOf(reports);
  return { report, file: join(reports, file) };
}

/** When the last drill passed, by the reports in a folder. */
export async function lastGoodDrill(reports: string): Promise<Instant | undefined> {
  let names: readonly string[];
  try {
    names = await readdir(reports);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  for (const name of names
    .filter((known) => REPORT.test(known))
    .sort()
    .reverse()) {
    const { passed, at } = JSON.parse(await readFile(join(reports, name), 'utf8')) as Partial<DrillReport>;
    if (passed === true && at !== undefined) return instant(Date.parse(at));
  }
  return undefined;
}
