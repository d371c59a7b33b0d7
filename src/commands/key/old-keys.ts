/**
 * What `key rotate` keeps of the key folder before it seals the folder with a new master key. Only
 * the old folder, with the old master key, opens earlier backups. The copy goes into
 * `keys.copy-to`, or else beside the key folder. It has the same layout in both, so that a second
 * run continues the copy of the first.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolderOf } from '../../backup/files.ts';
import { copyKeys, keptAside, keyLag } from '../../backup/key-copies.ts';
import { BackupRefused, isCode } from '../../backup/refused.ts';
import type { Config } from '../../config/schema.ts';
import { CommandError } from '../../cli/exit.ts';

export interface OldKeys {
  /** A whole copy of the key folder, as the old master key seals it. */
  readonly folder: string;
  /**
   * True if the copy lies beside the key folder. The gateway then destroys old day keys in it as
   * well, until somebody moves it away.
   */
  readonly aside: boolean;
}

/**
 * Completes the copy and checks that it is whole. Throws CommandError if that fails; nothing has
 * been sealed with a new key then.
 */
export async function keepOldKeys({ keys }: Config, fingerprint: string): Promise<OldKeys> {
  const { folder: keyFolder, 'copy-to': copyTo } = keys;
  const to = copyTo ?? keptAside(keyFolder);
  const places = { keyFolder, to, fingerprint };
  try {
    if (copyTo === undefined) await makeAside(to);
    await copyKeys(places);
    const { missing, undestroyed } = await keyLag(places);
    const [left] = [...missing, ...undestroyed];
    if (left !== undefined) throw new BackupRefused('unusable', `"${left}" is still not as in the key folder`);
  } catch (error) {
    if (!(error instanceof BackupRefused) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new CommandError(
      'unavailable',
      `Cannot make a new master key: the present key folder, which alone opens earlier backups, cannot be kept in "${to}". ${(error as Error).message.replace(/\.$/, '')}; put that right${copyTo === undefined ? ', or set copy-to in the section keys' : ''}; or, where no earlier backup is ever needed or you hold a copy of "${keyFolder}" yourself, continue with --without-copy. Nothing was changed`,
    );
  }
  return { folder: join(to, fingerprint), aside: copyTo === undefined };
}

async function makeAside(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    await syncFolderOf(dirname(folder));
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
}

/** The end of the text of a rotation: what opens earlier backups. */
export const oldKeysText = (kept: OldKeys | undefined, oldKey: string): string => {
  if (kept === undefined)
    return `No copy of the old key folder was made here: an earlier backup opens only with the old master key (${oldKey}) and an old key folder that you hold.`;
  const destroyed = kept.aside
    ? ' It is on the same disk: copy it to a safe place. Day keys that are destroyed from now on are destroyed there too, and in no other copy that you make.'
    : '';
  return `Earlier backups open only with the old master key (${oldKey}) and the old key folder, which is kept in ${kept.folder}.${destroyed} Destroy both when the last of these backups is gone.`;
};
