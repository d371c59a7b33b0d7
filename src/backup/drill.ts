/**
 * A drill: the newest backup is restored into a scratch folder and proved by the very steps of a
 * restore, then the scratch goes. What was shown stands in a dated report, signed by the key of the
 * audit trail: for the auditor who asks when a restore was last tried.
 */
import { existsSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { DAY } from '../crypto/keys/sealed-places.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { DrillMarks } from '../domain/drills.ts';
import { makeFolder } from './files.ts';
import { backupName } from './folder.ts';
import { keyLag } from './key-copies.ts';
import { BackupRefused } from './refused.ts';
import { DRILL_FORMAT, writeReport } from './reports.ts';
import { type RestoreParts, restoreInto } from './restore.ts';
import type { RestoreStep } from './restored.ts';

export interface DrillReport {
  readonly format: typeof DRILL_FORMAT;
  readonly hostname: string;
  /** Version of the program that made the drill. */
  readonly version: string;
  /** ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  readonly passed: boolean;
  readonly backup: string;
  /** When that backup was begun. */
  readonly begun: string;
  /** The copy of the key folder that opened it; absent: the key folder itself did. */
  readonly keysFrom?: string;
  readonly steps: readonly RestoreStep[];
  readonly opened: number;
  readonly erased: number;
  readonly by: string;
  readonly reason?: string;
  readonly marks: DrillMarks;
}

export interface DrillWish {
  /** The folder of the backup. */
  readonly backup: string;
  /** A folder of this name is made here, and removed. */
  readonly under: string;
  /** Where the report goes. */
  readonly reports: string;
  readonly sample: number;
  /** A copy of the key folder `live`, to be proved as well; `parts` work with it. */
  readonly keyCopy?: { readonly folder: string; readonly live: string };
  readonly actor: { readonly name: string; readonly reason?: string };
  readonly hostname: string;
  readonly version: string;
  readonly keys: AuditKeys;
  readonly marks: DrillMarks;
  readonly told: (done: number, of: number) => void;
}

/**
 * Rejects with BackupRefused if nothing could be tried; a step that failed is a report that says
 * so.
 */
export async function drill(
  parts: RestoreParts,
  wish: DrillWish,
): Promise<{ readonly report: DrillReport; readonly file: string }> {
  const { actor, under, reports, keyCopy } = wish;
  const at = parts.clock.now();
  const began = parts.clock.monotonic();
  const scratch = join(under, `.drill-${backupName(at)}.partial`);
  await rm(scratch, { recursive: true, force: true });
  const folder = join(scratch, 'store');
  await makeFolder(folder);
  let restored;
  try {
    restored = await restoreInto(
      parts,
      wish.backup,
      folder,
      { anchors: [], sample: wish.sample, queue: 'hold', scratch: true, actor },
      { step: () => undefined, octets: wish.told },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const { steps, passed, backup, begun, proof } = restored;
  const copied = keyCopy === undefined ? [] : [await keyCopyStep(keyCopy, begun)];
  const report: DrillReport = {
    format: DRILL_FORMAT,
    hostname: wish.hostname,
    version: wish.version,
    at: new Date(at).toISOString(),
    seconds: Math.round(parts.clock.monotonic() - began) / 1000,
    passed: passed && copied.every((step) => step.passed),
    backup,
    begun,
    steps: [...copied, ...steps],
    opened: proof?.opened ?? 0,
    erased: proof?.erased ?? 0,
    by: actor.name,
    marks: wish.marks,
    ...defined({ keysFrom: keyCopy?.folder, reason: actor.reason }),
  };
  return { report, file: await writeReport(reports, 'restore', report, wish.keys) };
}

/**
 * What the copy lacks. A day key of after the backup may be on its way there; one that the backup
 * needs is missed by its own steps.
 */
async function keyCopyStep({ folder, live }: { folder: string; live: string }, begun: string): Promise<RestoreStep> {
  const step = 'key-copy';
  const { missing, damaged } = await keyLag({ keyFolder: live, to: dirname(folder), fingerprint: basename(folder) });
  const lacks = missing.filter((name) => (DAY.exec(name)?.[1] ?? '') < begun.slice(0, 10));
  const [first] = [...damaged, ...lacks];
  if (first !== undefined)
    return {
      step,
      passed: false,
      found: `"${folder}" is not what the key folder is: ${many(damaged.length + lacks.length, 'file')}, such as "${first}"; "sluis backup take" copies what is missing and says what is wrong`,
    };
  return { step, passed: true, found: `"${folder}" has what the key folder has, and was used in its place` };
}

/**
 * The folder of keys that a person names: one copy, or the place of copies, which has one for each
 * master key. Throws BackupRefused.
 */
export async function keyCopyIn(named: string, live: string, fingerprint: string): Promise<string> {
  const resolved = async (path: string): Promise<string | undefined> => await realpath(path).catch(() => undefined);
  const given = await resolved(named);
  const folder = existsSync(join(given ?? named, 'store')) ? given : await resolved(join(named, fingerprint));
  if (folder === undefined || !existsSync(join(folder, 'store')))
    throw new BackupRefused(
      'unknown',
      `Cannot drill with the keys in "${named}": ${given === undefined ? 'there is no such folder' : `it is not a copy of a key folder, and has none of the master key ${fingerprint}`}; name the folder of keys.copy-to, or one copy in it`,
    );
  if (folder === (await resolved(live)))
    throw new BackupRefused(
      'invalid',
      `Cannot drill with the keys in "${named}": that is the key folder itself; name the copy of it, or leave --keys-from out`,
    );
  return folder;
}
