/**
 * What `check` and `doctor` say about backups: that there are none, that the last is too old, that
 * all of them lie in one place.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { keyLag } from '../backup/key-copies.ts';
import { maxAgeOf, maxDrillAgeOf } from '../config/backup.ts';
import type { Config } from '../config/schema.ts';
import { DRILLS, type DrillState, drillsIn } from '../backup/reports.ts';
import { backupsIn } from '../backup/folder.ts';
import { LOG, readIndex } from '../backup/log-files.ts';
import { BackupRefused } from '../backup/refused.ts';
import { publicKeysIn } from '../backup/signed.ts';
import { readMasterKey } from '../config/master-key.ts';
import { auditKeyFile } from '../crypto/keys/audit-keys.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import { formatDuration } from '../config/units.ts';
import { agree, many } from '../domain/counted.ts';
import { drillsDue, dueText } from '../domain/drills.ts';
import { type Instant, minutes } from '../domain/units.ts';
import { drillMarks } from './drill-marks.ts';

export async function backupWarnings(config: Config, now: Instant): Promise<readonly string[]> {
  return [...(await keyCopyWarnings(config)), ...(await ofDatabase(config, now))];
}

/** Without the day keys no backup can be opened, so the key folder must be copied as well. */
async function keyCopyWarnings(config: Config): Promise<readonly string[]> {
  const { 'copy-to': to, folder: keyFolder } = config.keys;
  if (to === undefined)
    return config.backup.folder === undefined
      ? []
      : [
          'the key folder, with a new day key each day, is copied nowhere, and without it no backup can be read: set copy-to in the section keys',
        ];
  try {
    const fingerprint = keyFingerprint(await readMasterKey(config));
    const { missing, damaged, undestroyed } = await keyLag({ keyFolder, to, fingerprint });
    const behind = missing.length + damaged.length + undestroyed.length;
    const [first = undestroyed[0] ?? ''] = [...damaged, ...missing];
    return behind === 0
      ? []
      : [
          `the copy of the key folder in "${to}" is not whole: ${many(behind, 'file')}, such as "${first}"; the running gateway copies within minutes, and "sluis backup take" does it at once and says what is wrong`,
        ];
  } catch (error) {
    if (!(error instanceof BackupRefused)) throw error;
    return [error.message];
  }
}

async function drillWarnings(
  config: Config,
  { folder, keys, now }: { readonly folder: string; readonly keys: readonly KeyObject[]; readonly now: Instant },
): Promise<readonly string[]> {
  const reports = join(folder, DRILLS);
  const { good, last, unproven = [] } = await drillsIn(reports, keys);
  const [first] = unproven;
  const forged =
    first === undefined
      ? []
      : [
          `${many(unproven.length, 'report')} of drills in "${reports}" ${agree(unproven.length, 'is', 'are')} not signed by this gateway, or ${agree(unproven.length, 'was', 'were')} changed, such as "${first}", and ${agree(unproven.length, 'counts', 'count')} for nothing: find out who wrote ${agree(unproven.length, 'it', 'them')}, and remove ${agree(unproven.length, 'it', 'them')}`,
        ];
  const old = ageOfDrills(config, { good: good?.at, last }, now);
  if (good === undefined || old.length > 0) return [...forged, ...old];
  const due = drillsDue('restore', good, await drillMarks(config), now);
  return [...forged, ...(due.length === 0 ? [] : [dueText('restore', due)])];
}

function ageOfDrills(
  config: Config,
  { good, last }: Record<'good', Instant | undefined> & Record<'last', DrillState['last']>,
  now: Instant,
): readonly string[] {
  const minute = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16)}Z`;
  if (last?.passed === false)
    return [
      `the last drill, of ${minute(last.at)}, could not restore its backup: "sluis drill restore" tries again and says what is wrong`,
    ];
  const most = maxDrillAgeOf(config);
  if (good !== undefined && now - good <= most) return [];
  const since =
    good === undefined
      ? 'no backup was ever'
      : `since ${minute(good)}, more than ${formatDuration(most)} ago, no backup was`;
  return [
    `${since} restored for a trial: "sluis drill restore" does it, and drill-every in the section backup regularly`,
  ];
}

/** Age from which the log behind the backups is late; a running gateway renews it each minute. */
const LOG_LATE = minutes(15);

async function logWarnings(config: Config, keys: readonly KeyObject[], now: Instant): Promise<readonly string[]> {
  const { folder = '', log, 'take-command': take } = config.backup;
  if (config.store.engine === 'sqlite' || log === 'no' || take !== undefined) return [];
  const index = await readIndex(join(folder, LOG), keys);
  if (index !== undefined && now - index.at <= LOG_LATE) return [];
  const since =
    index === undefined ? 'there is no log' : `the log ends at ${new Date(index.at).toISOString().slice(0, 16)}Z`;
  return [
    `${since} behind the backups in "${folder}", so a store comes back as it was then at best: the running gateway brings it up to date each minute, and "backup.failed" in its log says why not`,
  ];
}

async function ofDatabase(config: Config, now: Instant): Promise<readonly string[]> {
  const { folder, 'copy-to': to, 'copy-command': copy, 'verify-command': verify, 'read-command': read } = config.backup;
  if (folder === undefined) return ['no backups are taken: set folder in the section backup'];
  const elsewhere =
    to === undefined && copy === undefined
      ? ['backups are copied nowhere else: set copy-to or copy-command in the section backup']
      : copy !== undefined && verify === undefined && read === undefined
        ? ['nobody knows whether copies of backups arrive: set verify-command or read-command beside copy-command']
        : [];
  try {
    const keys = await publicKeysIn(auditKeyFile(config.keys.folder));
    const all = await backupsIn(folder, keys);
    const newest = all.findLast(({ signature }) => signature === 'good');
    const yet = all.length === 0 ? 'no backup' : `no backup that this gateway signed (${many(all.length, 'other')})`;
    if (newest === undefined)
      return [`there is ${yet} in "${folder}" yet: "sluis backup take" takes one`, ...elsewhere];
    const begun = newest.manifest.begun;
    const late = now - Date.parse(begun) > maxAgeOf(config);
    const old = `the newest backup is of ${begun.slice(0, 16)}Z, more than ${formatDuration(maxAgeOf(config))} ago: "sluis backup take" takes one and says what is wrong`;
    return [
      ...(late ? [old] : []),
      ...(await logWarnings(config, keys, now)),
      ...(await drillWarnings(config, { folder, keys, now })),
      ...elsewhere,
    ];
  } catch (error) {
    if (!(error instanceof BackupRefused)) throw error;
    return [error.message, ...elsewhere];
  }
}
