/**
 * The backups that are known, by the folders that they lie in: the configured one, or one that is
 * named.
 */
import type { KeyObject } from 'node:crypto';
import { type KnownBackup, backupsIn, provenBackupsIn } from './folder.ts';
import { BackupRefused } from './refused.ts';
import { publicKeysIn } from './signed.ts';

export interface KnownBackupsParts {
  /** Where backups go without being told; absent: nowhere. */
  readonly folder?: string;
  /** Public half of the audit trail's key, a PEM file. */
  readonly anchorKeyFile: string;
}

export class KnownBackups {
  readonly #p: KnownBackupsParts;

  constructor(parts: KnownBackupsParts) {
    this.#p = parts;
  }

  /** Public keys of the audit trail. */
  async publicKeys(): Promise<readonly KeyObject[]> {
    return await publicKeysIn(this.#p.anchorKeyFile);
  }

  /** The named folder, else the configured one. Throws BackupRefused if there is none. */
  folder(named: string | undefined, action: string): string {
    const folder = named ?? this.#p.folder;
    if (folder === undefined)
      throw new BackupRefused(
        'invalid',
        `Cannot ${action}: no folder was named, and the configuration has none; name one, or set folder in its section backup`,
      );
    return folder;
  }

  async in(folder: string): Promise<readonly KnownBackup[]> {
    return await backupsIn(folder, await this.publicKeys());
  }

  /**
   * In the configured folder, signed by a key of the audit trail, oldest first. Every manifest is
   * read each time: a caller that needs the list twice keeps it.
   */
  async proven(): Promise<readonly KnownBackup[]> {
    const { folder } = this.#p;
    return folder === undefined ? [] : await provenBackupsIn(folder, await this.publicKeys());
  }

  /** The last of `proven`. */
  async newest(): Promise<KnownBackup | undefined> {
    return (await this.proven()).at(-1);
  }

  /**
   * The path of a backup; default: that of the newest in the configured folder. Rejects with
   * BackupRefused if there is none.
   */
  async pathOf(backup: string | undefined): Promise<string> {
    if (backup !== undefined) return backup;
    const folder = this.folder(undefined, 'choose a backup');
    const newest = (await backupsIn(folder)).at(-1);
    if (newest === undefined)
      throw new BackupRefused('unknown', `Cannot find a backup in "${folder}": take one with "sluis backup take"`);
    return newest.path;
  }
}
