/**
 * Signed reports of drills, in one folder. Whoever may write the folder could say there that
 * something was tried: a report counts only where a key of the audit trail signed it, and under the
 * name that it was written with, so that an old one cannot be put in front of a newer one that
 * failed. One that a crash left half counts for nothing.
 */
import { type KeyObject, createHash } from 'node:crypto';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { defined } from '../domain/defined.ts';
import { type DrillKind, type DrillMarks, type LastDrill, readMarks } from '../domain/drills.ts';
import { type Instant, instant } from '../domain/units.ts';
import { makeFolder, syncFolderOf } from './files.ts';
import { backupName } from './folder.ts';
import { isCode } from './refused.ts';
import { signatureOf, writeSigned } from './signed.ts';

/** Below the folder of backups: where reports lie. */
export const DRILLS = 'drills';
export const DRILL_FORMAT = 'sluis drill 1';
export const SITE_DRILL_FORMAT = 'sluis site drill 1';

/** What every report has. */
interface Report {
  readonly format: string;
  /** ISO 8601. */
  readonly at: string;
  readonly passed: boolean;
  readonly marks?: DrillMarks;
}

const KINDS: Readonly<Record<DrillKind, { readonly format: string; readonly prefix: string }>> = {
  restore: { format: DRILL_FORMAT, prefix: 'drill' },
  site: { format: SITE_DRILL_FORMAT, prefix: 'site' },
};
const nameOf = (kind: DrillKind, at: number): string => `${KINDS[kind].prefix}-${backupName(at)}.json`;
const isReport = (kind: DrillKind, name: string): boolean =>
  new RegExp(`^${KINDS[kind].prefix}-\\d{4}-\\d\\d-\\d\\dT\\d{6}Z\\.json$`).test(name);

/**
 * The octets of a report. Its last field is the SHA-256 of all before its line: where the signature
 * does not hold, it tells whether the report was changed or the signature beside it
 * (docs/formats.md).
 */
export function reportText(report: Report): string {
  const before = JSON.stringify(report, null, 2).replace(/\n}$/, ',\n');
  return `${before}  "sha256": "${createHash('sha256').update(before).digest('hex')}"\n}\n`;
}

/** Resolves to the path. One of the same second is replaced. */
export async function writeReport(folder: string, kind: DrillKind, report: Report, keys: AuditKeys): Promise<string> {
  const name = nameOf(kind, Date.parse(report.at));
  await makeFolder(folder);
  await rm(join(folder, `${name}.sig`), { force: true });
  await rm(join(folder, name), { force: true });
  await writeSigned(folder, name, reportText(report), keys);
  await syncFolderOf(folder);
  return join(folder, name);
}

export interface DrillState {
  /** When the last one was tried, and how it ended. */
  readonly last?: { readonly at: Instant; readonly passed: boolean };
  /** The last one that passed. */
  readonly good?: LastDrill;
  /** Newer reports that this gateway did not sign, by name; they count for nothing. */
  readonly unproven?: readonly string[];
}

/** The last report of a kind as it lies there, signed; undefined: none was ever made. */
export interface DrillEvidence {
  readonly name: string;
  readonly sha256: string;
  readonly report: Readonly<Record<string, unknown>>;
  readonly state: DrillState;
}

export async function lastReport(
  folder: string,
  keys: readonly KeyObject[],
  kind: DrillKind,
): Promise<DrillEvidence | undefined> {
  const state = await drillsIn(folder, keys, kind);
  if (state.last === undefined) return undefined;
  const name = nameOf(kind, state.last.at);
  const text = await readFile(join(folder, name), 'utf8');
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { name, sha256, report: JSON.parse(text) as Readonly<Record<string, unknown>>, state };
}

/** A report has a few KB; beyond this it is something else. */
const MAX_REPORT = 1024 * 1024;
/** Names of reports without proof that are listed. */
const MAX_UNPROVEN = 20;

/** By the reports in a folder, the newest first. `keys`: public keys of the audit trail. */
export async function drillsIn(
  folder: string,
  keys: readonly KeyObject[],
  kind: DrillKind = 'restore',
): Promise<DrillState> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return {};
    throw error;
  }
  let last: DrillState['last'];
  const unproven: string[] = [];
  const state = (good?: LastDrill): DrillState => ({
    ...defined({ last, good }),
    ...(unproven.length === 0 ? {} : { unproven }),
  });
  for (const name of names
    .filter((known) => isReport(kind, known))
    .sort()
    .reverse()) {
    const report = await reportIn(folder, name, kind, keys);
    if (report === 'unreadable') continue;
    if (report === 'unproven') {
      if (unproven.length < MAX_UNPROVEN) unproven.push(name);
      continue;
    }
    const { at, passed, marks } = report;
    last ??= { at, passed };
    if (passed) return state({ at, ...defined({ marks }) });
  }
  return state();
}

async function reportIn(
  folder: string,
  name: string,
  kind: DrillKind,
  keys: readonly KeyObject[],
): Promise<(LastDrill & { readonly passed: boolean }) | 'unreadable' | 'unproven'> {
  const path = join(folder, name);
  if ((await stat(path)).size > MAX_REPORT) return 'unproven';
  const text = await readFile(path, 'utf8');
  let read: Partial<Report>;
  try {
    read = JSON.parse(text) as Partial<Report>;
  } catch {
    return 'unreadable';
  }
  const at = typeof read.at === 'string' ? Date.parse(read.at) : Number.NaN;
  if (read.format !== KINDS[kind].format || Number.isNaN(at) || nameOf(kind, at) !== name) return 'unproven';
  if ((await signatureOf(folder, name, text, keys)) !== 'good') return 'unproven';
  return { at: instant(at), passed: read.passed === true, ...defined({ marks: readMarks(read.marks) }) };
}
