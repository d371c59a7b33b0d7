/** What `check` and `doctor` say of backups: that there are none, that the last is too old, that they all lie in one place. */
import { maxAgeOf } from '../config/backup.ts';
import type { Config } from '../config/schema.ts';
import { backupsIn } from '../backup/folder.ts';
import { BackupRefused } from '../backup/refused.ts';
import { formatDuration } from '../config/units.ts';
import type { Instant } from '../domain/units.ts';

export async function backupWarnings(config: Config, now: Instant): Promise<readonly string[]> {
  const { folder, 'copy-to': to, 'copy-command': copy, 'verify-command': verify, 'read-command': read } = config.backup;
  if (folder === undefined) return ['no backups are taken: set folder in the section backup'];
  const elsewhere =
    to === undefined && copy === undefined
      ? ['backups are copied nowhere else: set copy-to or copy-command in the section backup']
      : copy !== undefined && verify === undefined && read === undefined
        ? ['nobody knows whether copies of backups arrive: set verify-command or read-command beside copy-command']
        : [];
  try {
    const newest = (await backupsIn(folder)).at(-1);
    if (newest === undefined) return [`there is no backup in "${folder}" yet: "sluis backup" takes one`, ...elsewhere];
    const begun = newest.manifest.begun;
    const late = now - Date.parse(begun) > maxAgeOf(config);
    const old = `the newest backup is of ${begun.slice(0, 16)}Z, more than ${formatDuration(maxAgeOf(config))} ago: "sluis backup" takes one and says what is wrong`;
    return [...(late ? [old] : []), ...elsewhere];
  } catch (error) {
    if (!(error instanceof BackupRefused)) throw error;
    return [error.message, ...elsewhere];
  }
}
